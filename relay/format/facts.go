package format

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/event"
)

// What destinations for people need of an event is the same: a headline, and what it says as names and plain texts. The
// bodies of support desks, trackers and CRMs are made of these two.

// appendHeadline appends what happened in a few words, as plain text on one line: a track event's own name, for other kinds
// theirs, with a rating and what it happened to behind it: "NPS response 9: Quarterly NPS", "Page tagged: Prices".
func appendHeadline(dst []byte, e *event.Event, n event.Note) []byte {
	start := len(dst)
	if e.Kind == event.TrackEventReceived {
		if dst = appendBehind(dst, "", e.Name); len(dst) > start {
			return dst
		}
	}
	dst = appendKindWords(dst, e.Kind)
	rating, _ := npsOf(e)
	dst = appendBehind(dst, " ", rating)
	end := len(dst)
	dst = append(dst, ": "...)
	if dst = appendThing(dst, e, n); len(dst) == end+len(": ") {
		dst = dst[:end]
	}
	return dst
}

// appendBehind appends a value as plain text on one line, without space around it, and a mark before it; neither when there
// is nothing to read in the value.
func appendBehind(dst []byte, mark string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	start := len(dst)
	dst = append(dst, mark...)
	from := len(dst)
	dst = oneLine(event.AppendText(dst, value), from)
	text := bytes.TrimSpace(dst[from:])
	if len(text) == 0 {
		return dst[:start]
	}
	return dst[:from+copy(dst[from:], text)]
}

// appendThing is what something happened to, as plain text: its name, else up to three of its IDs; nothing when there is
// neither.
func appendThing(dst []byte, e *event.Event, n event.Note) []byte {
	name := guideName(e)
	switch {
	case name != nil:
	case e.Kind == event.PageLoaded:
		name = says(event.Lookup(e.Properties, "title"))
	case phrases[e.Kind].who == byObject:
		name = says(event.Lookup(e.Properties, "name"))
	}
	if name == nil {
		name = present(e.Name)
	}
	start := len(dst)
	if dst = appendBehind(dst, "", name); len(dst) > start {
		return dst
	}
	shown, mark := 0, ""
	for i, id := range e.IDs {
		if !n.Has(i) || shown == 3 {
			continue
		}
		shown++
		if dst = appendBehind(dst, mark, id); len(dst) > start {
			mark = ", "
		}
	}
	return dst
}

// summaryMax is how long a summary may be where nothing less is asked for: trackers take a line of 255 UTF-16 units.
const summaryMax = 255

// appendSummary is the headline and whose event it is, up to most UTF-16 units.
func appendSummary(dst []byte, e *event.Event, n event.Note, most int) []byte {
	start := len(dst)
	dst = appendHeadline(dst, e, n)
	who, other := e.Visitor, e.Account
	if phrases[e.Kind].who == byAccount {
		who, other = other, who
	}
	end := len(dst)
	if dst = appendBehind(dst, " - ", who); len(dst) == end {
		dst = appendBehind(dst, " - ", other)
	}
	return cutText(dst, start, most)
}

// appendKindWords writes a kind's dotted name out: "Page viewed", "NPS response", "Rage click", "Flow completed".
func appendKindWords(dst []byte, k event.Kind) []byte {
	name := strings.TrimPrefix(k.Dotted(), "frustration.")
	if k == event.UTurn {
		return append(dst, "U-turn"...)
	}
	if rest, ok := strings.CutPrefix(name, "nps."); ok {
		dst, name = append(dst, "NPS "...), rest
	} else if name != "" {
		dst, name = append(dst, name[0]-'a'+'A'), name[1:]
	}
	for i, c := range []byte(name) {
		switch {
		case c == 's' && strings.HasPrefix(name[i:], "s."): // of several, "flows.completed"
			continue
		case c == '.' || c == '_':
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// appendWhen is the event's time as people write it, and its kind by the name that rules and filters have for it:
// "2021-07-20 18:02:24 UTC, trackEventReceived". It has nothing to escape, neither in JSON nor in HTML.
func appendWhen(dst []byte, e *event.Event) []byte {
	dst = time.UnixMilli(e.Time).UTC().AppendFormat(dst, "2006-01-02 15:04:05 UTC, ")
	return append(dst, e.Kind.String()...)
}

const (
	factsMax      = 100 // of one event; what is beyond them is left out
	factsDepthMax = 6   // of objects in objects; what is deeper is one fact, as JSON
)

// facts calls f with what e says, in an order that is the same for the same event. A name is "visitor_id", or the path of
// a property, "agent.email"; a text is plain and not empty. Both are valid until f returns.
func facts(e *event.Event, n event.Note, f func(name, text []byte)) {
	w := factWalk{f: f, left: factsMax}
	w.fact("visitor_id", e.Visitor)
	w.fact("account_id", e.Account)
	if len(e.AppName) > 0 {
		w.name, w.text = append(w.name[:0], "app"...), append(w.text[:0], e.AppName...)
		w.tell()
	}
	w.fact("url", e.URL)
	w.fact("name", e.Name)
	w.fact("source", e.Source)
	w.fact("guide_id", e.Guide.ID)
	w.fact("guide_name", e.Guide.Name)
	w.fact("guide_step_id", e.Guide.StepID)
	w.fact("language", e.Guide.Language)
	w.fact("rating", event.Lookup(e.Guide.NPS, "rating"))
	w.fact("reason", event.Lookup(e.Guide.NPS, "reason"))
	w.answers(e.Guide.PollResponses)
	w.items(e, n)
	w.name = w.name[:0]
	w.members(e.Properties, 0)
}

// factWalk is one walk over an event.
type factWalk struct {
	f          func(name, text []byte)
	name, text []byte
	left       int
}

func (w *factWalk) tell() {
	if len(w.text) > 0 && w.left > 0 {
		w.left--
		w.f(w.name, w.text)
	}
}

// fact tells of a value that is no object and no array.
func (w *factWalk) fact(name string, value []byte) {
	if len(value) == 0 || value[0] == 'n' {
		return
	}
	w.name = append(w.name[:0], name...)
	w.text = event.AppendText(w.text[:0], value)
	w.tell()
}

// answers are those of a poll: "answer_1" and "answer_1_type" of the first.
func (w *factWalk) answers(responses []byte) {
	i := 0
	_ = event.Elements(responses, func(one []byte) bool {
		i++
		name := "answer_" + strconv.Itoa(i)
		w.fact(name, event.Lookup(one, "response"))
		w.fact(name+"_type", event.Lookup(one, "pollType"))
		w.fact(name+"_poll", event.Lookup(one, "pollId"))
		return w.left > 0
	})
}

// items are the selected IDs of e, unless they are of the guide that is named already.
func (w *factWalk) items(e *event.Event, n event.Note) {
	what := e.Kind.Items()
	switch {
	case what == "" || what == "guide" && e.Guide.ID != nil:
		return
	case what == "page,feature":
		what = "item"
	}
	w.name = append(append(w.name[:0], what...), "_ids"...)
	w.text = w.text[:0]
	for i, id := range e.IDs {
		if n.Has(i) {
			if len(w.text) > 0 {
				w.text = append(w.text, ", "...)
			}
			w.text = event.AppendText(w.text, id)
		}
	}
	w.tell()
}

// members tells of what is in an object; its own path stands in name.
func (w *factWalk) members(object []byte, depth int) {
	here := len(w.name)
	_ = event.Members(object, func(key, value []byte) bool {
		if here > 0 {
			w.name = append(w.name, '.')
		}
		w.name = event.AppendText(w.name, key)
		w.value(value, depth)
		w.name = w.name[:here]
		return w.left > 0
	})
}

func (w *factWalk) value(value []byte, depth int) {
	switch {
	case value[0] == 'n':
	case value[0] == '{' && depth < factsDepthMax:
		w.members(value, depth+1)
	case value[0] == '[' && depth < factsDepthMax && bytes.IndexByte(value, '{') >= 0:
		here, i := len(w.name), 0
		_ = event.Elements(value, func(one []byte) bool {
			i++
			w.name = strconv.AppendInt(append(w.name, '.'), int64(i), 10)
			w.value(one, depth+1)
			w.name = w.name[:here]
			return w.left > 0
		})
	case value[0] == '[' && depth < factsDepthMax:
		w.text = w.text[:0]
		_ = event.Elements(value, func(one []byte) bool {
			if len(w.text) > 0 {
				w.text = append(w.text, ", "...)
			}
			w.text = event.AppendText(w.text, one)
			return true
		})
		w.tell()
	default:
		w.text = event.AppendText(w.text[:0], value)
		w.tell()
	}
}

const (
	factMax  = 2000  // UTF-16 units of one fact where many stand in one text
	factName = 200   // of its name
	factRows = 100   // lines of it; what follows goes on in the last one
	factsEnd = 14000 // bytes of such a text after which no further fact is begun
)
