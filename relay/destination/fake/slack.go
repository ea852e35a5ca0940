package fake

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Slack is an Incoming Webhook. It has no way to know repeats, and takes a message twice when it is sent twice.
type Slack struct {
	Desk
	path string
}

// NewSlack makes a webhook at the path, "/services/T…/B…/…".
func NewSlack(path string) *Slack { return &Slack{path: path} }

func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.serve) }

func (s *Slack) serve(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, text string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
	if r.URL.Path != s.path {
		refuse(http.StatusNotFound, "no_service")
		return
	}
	body, err := Body(r)
	var m slackMessage
	switch {
	case err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		s.Broke("%s of %q: %v", r.Method, r.Header.Get("Content-Type"), err)
		refuse(http.StatusBadRequest, "invalid_payload")
	case strictJSON(body, &m) != nil || !utf8.Valid(body):
		s.Broke("no JSON, or a field that Slack has not: %v: %s", strictJSON(body, &m), body)
		refuse(http.StatusBadRequest, "invalid_payload")
	case m.Text == "" && len(m.Blocks) == 0:
		s.Broke("no text and no blocks: %s", body)
		refuse(http.StatusBadRequest, "no_text")
	case m.fault() != "":
		s.Broke("%s: %s", m.fault(), body)
		refuse(http.StatusBadRequest, "invalid_blocks")
	default:
		for _, b := range m.Blocks {
			if _, id, ok := strings.Cut(b.BlockID, "#"); ok {
				s.Take(id)
			}
		}
		_, _ = io.WriteString(w, "ok")
	}
}

// slackMessage is what Slack knows of a message, as far as it is used here: the types of slackapi/node-slack-sdk
// (packages/types, packages/webhook).
type slackMessage struct {
	Text        string `json:"text"`
	UnfurlLinks bool   `json:"unfurl_links"`
	UnfurlMedia bool   `json:"unfurl_media"`
	Blocks      []struct {
		Type     string      `json:"type"`
		BlockID  string      `json:"block_id"`
		Text     slackText   `json:"text"`
		Fields   []slackText `json:"fields"`
		Elements []slackText `json:"elements"`
	} `json:"blocks"`
}

type slackText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"`
}

// slackMarks are the signs that mrkdwn has a use for, where they are used as its page on formatting text has it: entities,
// links and dates. Any other & < > is text that was not escaped.
var slackMarks = regexp.MustCompile(`&(amp|lt|gt);|<https?://[^<>|]+\|[^<>]*>|<!date\^-?[0-9]+\^[^<>|]*\|[^<>]*>|(?m)^> `)

// escaped says whether a text of mrkdwn has nothing in it that Slack would take for something else.
func (t *slackText) escaped() bool {
	return t.Type != "mrkdwn" || !strings.ContainsAny(slackMarks.ReplaceAllString(t.Text, ""), "&<>")
}

// fault is the rule of Block Kit that the message breaks; "" when it breaks none.
func (m *slackMessage) fault() string {
	if len(m.Blocks) > 50 {
		return "more than 50 blocks"
	}
	ids := map[string]bool{}
	total := 0
	bad := func(t slackText, kind string, most int) bool {
		n := len([]rune(t.Text))
		total += n
		return t.Type != kind || n == 0 || n > most || !t.escaped()
	}
	for _, b := range m.Blocks {
		if b.BlockID != "" && ids[b.BlockID] || len(b.BlockID) > 255 {
			return "a block_id twice, or longer than 255"
		}
		ids[b.BlockID] = true
		switch b.Type {
		case "header":
			if bad(b.Text, "plain_text", 150) {
				return "a header is not 1 to 150 characters of plain_text"
			}
		case "section":
			if bad(b.Text, "mrkdwn", 3000) || len(b.Fields) > 10 {
				return "a section is not 1 to 3000 characters of escaped mrkdwn, or has more than 10 fields"
			}
			for _, f := range b.Fields {
				if bad(f, "mrkdwn", 2000) {
					return "a field is not 1 to 2000 characters of escaped mrkdwn"
				}
			}
		case "context":
			for _, e := range b.Elements {
				if bad(e, "mrkdwn", 3000) {
					return "an element is not 1 to 3000 characters of escaped mrkdwn"
				}
			}
			if len(b.Elements) == 0 || len(b.Elements) > 10 {
				return "a context does not have 1 to 10 elements"
			}
		default:
			return "a block of type " + b.Type
		}
	}
	if total > 13_000 {
		return "more than 13000 characters"
	}
	return ""
}
