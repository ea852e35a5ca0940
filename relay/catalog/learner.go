package catalog

import (
	"errors"

	"edgerelay/relay/event"
)

// learner reads replies of guide.json. It is scratch: what it returns is valid until its next use.
type learner struct {
	stable event.Stable
	reply  []byte
	steps  []stepFields
	out    []byte
	found  Details
}

// reset lets go of the reply, and of room that a giant one needed.
func (r *learner) reset() {
	clear(r.steps)
	r.found = Details{}
	r.reply, r.steps, r.out = kept(r.reply, 1<<20), kept(r.steps, 1024), kept(r.out, 1<<20)
}

// guides returns the list of guides in a reply, an empty one when there is none.
func (r *learner) guides(reply []byte) ([]byte, error) {
	var err error
	if r.reply, err = r.stable.Append(r.reply[:0], reply); err != nil {
		return nil, err
	}
	guides := event.Lookup(r.reply, "guides")
	switch {
	case len(r.reply) == 0 || r.reply[0] != '{':
		return nil, errors.New("the reply is no JSON object")
	case guides == nil, string(guides) == "null":
		return []byte("[]"), nil
	case guides[0] != '[':
		return nil, errors.New("the reply's guides are no list")
	}
	return guides, nil
}

// details reads one guide; nil when it has no ID or is too large.
//
//	{"id":"…","name":"…","publishedAt":1700000000000,"steps":[{"id":"…","type":"…","lastUpdatedAt":…,"resetAt":…}],
//	 "polls":[{"id":"…","attributes":{"type":"NPSRating"}}]}
func (r *learner) details(guide []byte) *Details {
	var f guideFields
	var polls []byte
	r.steps = r.steps[:0]
	err := event.Members(guide, func(key, value []byte) bool {
		switch string(key) {
		case `"id"`:
			f.id = textual(value)
		case `"name"`:
			f.name = textual(value)
		case `"publishedAt"`:
			f.updated = integral(value)
		case `"steps"`:
			r.readSteps(value)
		case `"polls"`:
			polls = value
		}
		return true
	})
	if err != nil || len(f.id) <= len(`""`) {
		return nil
	}
	f.steps = r.steps
	for _, s := range f.steps {
		if later(s.updated, f.updated) {
			f.updated = s.updated
		}
	}
	r.out = f.appendProperties(r.out[:0])
	end := len(r.out)
	var kind GuideKind
	r.out, kind = appendPolls(r.out, polls)
	if len(r.out) > detailsMax {
		return nil
	}
	r.found = Details{Kind: kind, ID: f.id, Name: orEmpty(f.name), Properties: r.out[:end], polls: r.out[end:]}
	return &r.found
}

func (r *learner) readSteps(steps []byte) {
	forEach(steps, func(step []byte) {
		var s stepFields
		_ = event.Members(step, func(key, value []byte) bool {
			switch string(key) {
			case `"id"`:
				s.id = textual(value)
			case `"lastUpdatedAt"`:
				s.updated = integral(value)
			case `"resetAt"`:
				s.reset = integral(value)
			case `"type"`:
				s.kind = textual(value)
			}
			return true
		})
		r.steps = append(r.steps, s)
	})
}

// forEach calls f with each object of a list. What is no list has none.
func forEach(list []byte, f func(object []byte)) {
	if len(list) == 0 || list[0] != '[' {
		return
	}
	_ = event.Elements(list, func(value []byte) bool { // it is a whole list: part of stable JSON
		if value[0] == '{' {
			f(value)
		}
		return true
	})
}

// appendPolls appends the types of polls by their IDs, and says what kind of guide has them.
func appendPolls(dst, polls []byte) ([]byte, GuideKind) {
	kind, next := KindGuide, byte('{')
	forEach(polls, func(poll []byte) {
		id, attributes := textual(event.Lookup(poll, "id")), event.Lookup(poll, "attributes")
		if id == nil {
			return
		}
		pollType := orEmpty(textual(event.Lookup(attributes, "type")))
		kind = max(kind, KindPoll)
		if string(pollType) == `"NPSRating"` {
			kind = KindNPS
		}
		dst = append(append(dst, next), id...)
		dst = append(append(dst, ':'), pollType...)
		next = ','
	})
	if next == '{' {
		dst = append(dst, '{')
	}
	return append(dst, '}'), kind
}

// textual is value if that is a string, else nil.
func textual(value []byte) []byte {
	if len(value) == 0 || value[0] != '"' {
		return nil
	}
	return value
}

// integral is value if that is an integer from 0 on, else nil.
func integral(value []byte) []byte {
	for _, c := range value {
		if !isDigit(c) {
			return nil
		}
	}
	return value
}

// later compares two integers by their digits.
func later(a, b []byte) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return string(a) > string(b)
}

var emptyText = []byte(`""`)

func orEmpty(text []byte) []byte {
	if text == nil {
		return emptyText
	}
	return text
}
