package format

import (
	"bytes"
	"encoding/hex"
	"strings"

	"edgerelay/relay/event"
)

// JiraOptions say what issues are filed as.
type JiraOptions struct {
	Project   string // its key, or its ID in digits
	IssueType string // its name, or its ID in digits
	Labels    []string
}

// Jira makes the encoder of one issue of a bulk request.
//
//	{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Task"},"summary":"Account Upgraded - Ann",
//	  "labels":["edgerelay-75c32838"],"description":{"type":"doc","version":1,"content":[…]}},
//	 "properties":[{"key":"edgerelay.event","value":{"uniqueId":"75c3…","event":"trackEventReceived","occurredAt":"…"}}]}
//
// The description is a list of what the event says, in the Atlassian Document Format. The label, the first 8 digits of the
// uniqueId, is there to look for an issue that may be there twice.
func Jira(o JiraOptions) Encoder {
	head := appendJiraName([]byte(`{"fields":{"project":`), "key", o.Project)
	head = appendJiraName(append(head, `,"issuetype":`...), "name", o.IssueType)
	head = append(head, `,"summary":`...)
	var labels []byte
	for _, label := range o.Labels {
		labels = event.AppendString(append(labels, ','), label)
	}
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		dst = append(dst, head...)
		start := len(dst)
		dst = quoteText(appendSummary(dst, e, n, summaryMax), start)
		dst = append(dst, `,"labels":["edgerelay-`...)
		dst = hex.AppendEncode(dst, e.UniqueID[:4])
		dst = append(append(dst, '"'), labels...)
		dst = append(dst, `],"description":`...)
		dst = appendDocument(dst, e, n)
		dst = append(dst, `},"properties":[{"key":"edgerelay.event","value":{"uniqueId":`...)
		dst = appendUniqueID(dst, e)
		dst = append(dst, `,"event":"`...)
		dst = append(dst, e.Kind.String()...)
		dst = appendMilliseconds(append(dst, `","occurredAt":`...), e)
		return append(dst, `}}]}`...)
	}
}

// appendJiraName is {"key":"OPS"}, or {"id":"10000"} for what is called by digits.
func appendJiraName(dst []byte, called, name string) []byte {
	if strings.Trim(name, "0123456789") == "" {
		called = "id"
	}
	dst = event.AppendString(append(dst, '{'), called)
	return append(event.AppendString(append(dst, ':'), name), '}')
}

// appendDocument is an event in the Atlassian Document Format: its time and kind in a paragraph, and a list of its facts.
// A list must have an item and a text node a text; Jira takes 32,767 characters of it.
func appendDocument(dst []byte, e *event.Event, n event.Note) []byte {
	start := len(dst)
	dst = append(dst, `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"`...)
	dst = append(appendWhen(dst, e), `"}]}`...)
	next, last := `,{"type":"bulletList","content":[`, ``
	facts(e, n, func(name, text []byte) {
		if text = bytes.TrimSpace(text); len(text) == 0 || len(dst)-start > factsEnd {
			return
		}
		dst = append(append(dst, next...), `{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":`...)
		from := len(dst)
		dst = append(cutText(oneLine(appendLabel(dst, name), from), from, factName), ':')
		dst = append(quoteText(dst, from), `,"marks":[{"type":"strong"}]}`...)
		dst = append(appendLines(dst, text), `]}]}`...)
		next, last = `,`, `]}`
	})
	return append(append(dst, last...), `]}`...)
}

// appendLines is a text as text nodes with a break between lines, each with a comma before it.
func appendLines(dst, text []byte) []byte {
	var room []byte
	text = cutText(append(room, text...), 0, factMax)
	space := " "
	for i, line := range bytes.SplitN(text, []byte{'\n'}, factRows) {
		if i > 0 {
			dst = append(dst, `,{"type":"hardBreak"}`...)
			space = ""
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			dst = append(dst, `,{"type":"text","text":`...)
			from := len(dst)
			dst = oneLine(append(append(dst, space...), line...), from)
			dst = append(quoteText(dst, from), '}')
		}
	}
	return dst
}
