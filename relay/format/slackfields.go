package format

import (
	"slices"

	"edgerelay/relay/event"
)

// slackFieldsMax is how many fields Slack takes in a section.
const slackFieldsMax = 10

// appendSlackFields is the member "fields" of a section with a poll's answers or the first properties that say something;
// nothing when there are none.
func appendSlackFields(dst []byte, e *event.Event) []byte {
	f := slackFields{dst: append(dst, `,"fields":[`...), told: toldOf(e.Kind)}
	if e.Kind == event.PollSubmitted {
		f.answers(e.Guide.PollResponses)
	} else if says(e.Properties) != nil {
		f.object(e.Properties, 0)
	}
	if f.count == 0 {
		return f.dst[:len(dst)]
	}
	return append(f.dst, ']')
}

// toldOf are the properties that the sentence above the fields tells already.
func toldOf(k event.Kind) []string {
	switch {
	case k >= event.FlowSeen:
		return toldOfUserpilot
	case k >= event.PageTagged:
		return toldOfObject
	case k == event.PageLoaded:
		return toldOfPage
	}
	return nil
}

var (
	toldOfUserpilot = []string{`"type"`, `"action"`, `"id"`, `"hostname"`, `"pathname"`, `"score"`, `"feedback"`}
	toldOfObject    = []string{`"name"`}
	toldOfPage      = []string{`"title"`, `"url"`}
)

// slackFields appends fields. Properties in objects are named by their path, "agent.email".
type slackFields struct {
	dst   []byte
	told  []string
	count int
	path  [3][]byte
}

func (f *slackFields) object(obj []byte, depth int) {
	_ = event.Members(obj, func(key, value []byte) bool { // what is no whole object has no further fields
		f.path[depth] = key
		switch {
		case depth == 0 && slices.Contains(f.told, string(key)) || says(value) == nil:
		case value[0] == '{' && depth < len(f.path)-1:
			f.object(value, depth+1)
		default:
			f.open(depth)
			f.dst = appendMrkdwn(f.dst, value, slackValue, " ")
			f.dst = append(f.dst, slackVerbatim...)
		}
		return f.count < slackFieldsMax
	})
}

// answers are those of a poll, each under the type of its question; texts are quoted.
func (f *slackFields) answers(responses []byte) {
	_ = event.Elements(responses, func(answer []byte) bool {
		value := says(event.Lookup(answer, "response"))
		if value == nil {
			return true
		}
		if f.path[0] = says(event.Lookup(answer, "pollType")); f.path[0] == nil {
			f.path[0] = []byte("answer")
		}
		f.open(0)
		if value[0] == '"' {
			f.dst = append(f.dst, "> "...)
		}
		f.dst = appendMrkdwn(f.dst, value, slackValue, `\n> `)
		f.dst = append(f.dst, slackVerbatim...)
		return f.count < slackFieldsMax
	})
}

// open begins a field with the path in bold.
func (f *slackFields) open(depth int) {
	if f.count++; f.count > 1 {
		f.dst = append(f.dst, ',')
	}
	f.dst = append(f.dst, `{"type":"mrkdwn","text":"*`...)
	for i, key := range f.path[:depth+1] {
		if i > 0 {
			f.dst = append(f.dst, '.')
		}
		f.dst = appendMrkdwn(f.dst, key, slackKey/(depth+1), " ")
	}
	f.dst = append(f.dst, `*\n`...)
}

// says is value, nil when there is nothing to read in it.
func says(value []byte) []byte {
	switch string(value) {
	case ``, `null`, `""`, `{}`, `[]`:
		return nil
	}
	return value
}
