package format

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// Intercom is an event of Intercom's REST API.
//
//	{"event_name":"rage-click","created_at":1626804260,"user_id":"…","metadata":{"item_id":"…","url":"…","account_id":"…",…}}
//
// event_name is a track event's own name; for other kinds their dotted name with hyphens, "guide-viewed", without the word
// before the dot for frustration: "rage-click", "error-click", "dead-click", "u-turn". created_at is the event's own time in
// whole Unix seconds, or when it was received where its own cannot be (see past). user_id is the visitor. It is left out
// where nobody is known, as for a browser in which nobody has signed in; Intercom takes no such event.
//
// Intercom takes two events for one that have the same name, user and second. That is how it drops repeats, and it drops with
// them the second of two clicks within a second.
//
// metadata holds what Intercom can use: at most ten texts and numbers, the most important first. Intercom's OpenAPI speaks
// of the first ten in the order in which they come, behind which it ignores the others (intercom/Intercom-OpenAPI,
// descriptions/2.14), its help of 20 ("Set up event tracking in Intercom"). These are what the event is about (the IDs that
// the webhook selected, a guide and the answers to it), where it happened, the account, and the properties in their order,
// those of an object in them under both names: agent_email. Arrays, null, empty texts and objects deeper than three are left
// out, true and false are texts. Keys have "_" in place of the characters that Intercom does not take, and in front of a
// mere number; of two that are the same then, with capitals or without, the first counts. Texts end with "…" at 255
// characters.
func Intercom(dst []byte, e *event.Event, n event.Note) []byte {
	dst = appendIntercomName(append(dst, `{"event_name":`...), e)
	dst = strconv.AppendInt(appendKey(dst, `"created_at":`), time.UnixMilli(past(e)).Unix(), 10)
	if Known(e.Visitor) {
		dst = appendCut(appendKey(dst, `"user_id":`), e.Visitor, len(e.Visitor))
	}
	m := intercomMetadata{dst: append(appendKey(dst, `"metadata":`), '{')}
	m.subject(e, n)
	m.add("url", e.URL)
	m.add("account_id", e.Account)
	m.members(e.Properties, 0, 1)
	m.add("guide_step_id", e.Guide.StepID)
	m.add("language", e.Guide.Language)
	m.add("source", e.Source)
	return append(m.dst, `}}`...)
}

const (
	intercomKeysMax  = 10
	intercomTextMax  = 255 // UTF-16 units of a text, bytes of a key
	intercomDepthMax = 3
	intercomNoKey    = ".$~`!@#%^&*'{}|\\\"" // what Intercom does not take in a key ("Set up event tracking in Intercom")
)

func appendIntercomName(dst []byte, e *event.Event) []byte {
	start := len(dst)
	if e.Kind == event.TrackEventReceived && present(e.Name) != nil {
		dst = cutText(event.AppendText(dst, e.Name), start, intercomTextMax)
		return quoteText(dst, start)
	}
	dst = append(dst, '"')
	for _, c := range []byte(strings.TrimPrefix(e.Kind.Dotted(), "frustration.")) {
		if c == '.' || c == '_' {
			c = '-'
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// intercomMetadata is the object metadata while its members are written to dst's end.
type intercomMetadata struct {
	dst  []byte
	keys [intercomKeysMax]struct{ start, end int } // of those that are written, in dst
	n    int                                       // how many
	room [intercomTextMax]byte                     // room[:name] is the next key as plain text
	name int
}

// call sets the next key to what it has up to here and text behind it. What is longer than a key may be is cut off.
func (m *intercomMetadata) call(here int, text string) {
	m.name = here + copy(m.room[here:], text)
}

// callMember is call with a member's key. Characters stay whole.
func (m *intercomMetadata) callMember(here int, key []byte) {
	name := event.AppendText(m.room[:here], key)
	m.name = min(len(name), len(m.room))
	if m.name < len(name) {
		copy(m.room[here:], name[here:])
		for m.name > here && !utf8.RuneStart(name[m.name]) {
			m.name--
		}
	}
}

// subject is what the event is about.
func (m *intercomMetadata) subject(e *event.Event, n event.Note) {
	if g := &e.Guide; len(g.ID) > 0 {
		m.add("guide_id", g.ID)
		m.add("guide_name", g.Name)
		m.add("score", event.Lookup(g.NPS, "rating"))
		m.add("reason", event.Lookup(g.NPS, "reason"))
		m.answers(g.PollResponses)
		return
	}
	m.call(0, "item") // a page or a feature
	if items := e.Kind.Items(); !strings.Contains(items, ",") {
		m.call(0, items)
	}
	m.call(m.name, "_id")
	start := m.begin()
	if start < 0 {
		return
	}
	from := len(m.dst)
	for i, id := range e.IDs {
		if n.Has(i) {
			if len(m.dst) > from {
				m.dst = append(m.dst, ", "...)
			}
			m.dst = event.AppendText(m.dst, id)
		}
	}
	m.end(start, from)
}

// answers are those to a poll's questions, by their number.
func (m *intercomMetadata) answers(responses []byte) {
	if len(responses) == 0 {
		return
	}
	i := int64(0)
	_ = event.Elements(responses, func(one []byte) bool { // it is stable JSON
		i++
		m.call(0, "response_")
		m.name = len(strconv.AppendInt(m.room[:m.name], i, 10))
		m.value(event.Lookup(one, "response"))
		return m.n < intercomKeysMax
	})
}

// members are those of an object of stable JSON or nil, which is so deep. The first here bytes of the key stand in front of
// theirs.
func (m *intercomMetadata) members(object []byte, here, depth int) {
	eachMember(object, func(key, value []byte) bool {
		m.callMember(here, key)
		if value[0] == '{' && depth < intercomDepthMax {
			m.call(m.name, "_")
			m.members(value, m.name, depth+1)
		} else {
			m.value(value)
		}
		return m.n < intercomKeysMax
	})
}

func (m *intercomMetadata) add(name string, value []byte) {
	m.call(0, name)
	m.value(value)
}

// value writes a value under the next key, unless it is none that Intercom takes.
func (m *intercomMetadata) value(value []byte) {
	if len(value) == 0 || value[0] == '{' || value[0] == '[' || value[0] == 'n' {
		return
	}
	start := m.begin()
	if start < 0 {
		return
	}
	if value[0] == '"' || value[0] == 't' || value[0] == 'f' {
		from := len(m.dst)
		m.dst = event.AppendText(m.dst, value)
		m.end(start, from)
		return
	}
	m.dst = append(m.dst, value...)
}

// begin writes the next key and returns where the member begins; -1, and nothing written, when there is no room for it or
// it is there already.
func (m *intercomMetadata) begin() int {
	if m.n == intercomKeysMax {
		return -1
	}
	start := len(m.dst)
	m.dst = appendKey(m.dst, ``)
	from := len(m.dst)
	name := m.room[:m.name]
	if isDigits(name) {
		m.dst = append(m.dst, '_')
		name = name[:min(len(name), intercomTextMax-1)]
	}
	for _, c := range name {
		if c < ' ' || strings.IndexByte(intercomNoKey, c) >= 0 {
			c = '_'
		}
		m.dst = append(m.dst, c)
	}
	m.dst = quoteText(m.dst, from)
	for _, k := range m.keys[:m.n] {
		if bytes.EqualFold(m.dst[k.start:k.end], m.dst[from:]) {
			m.dst = m.dst[:start]
			return -1
		}
	}
	m.keys[m.n].start, m.keys[m.n].end = from, len(m.dst)
	m.n++
	m.dst = append(m.dst, ':')
	return start
}

// end makes a text of what stands at dst's end from from on, and takes the member that begins at start back when it is empty.
func (m *intercomMetadata) end(start, from int) {
	if len(m.dst) == from {
		m.dst = m.dst[:start]
		m.n--
		return
	}
	m.dst = quoteText(cutText(m.dst, from, intercomTextMax), from)
}

func isDigits(text []byte) bool {
	return len(bytes.Trim(text, "0123456789")) == 0
}
