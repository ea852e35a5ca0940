package catalog

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"time"

	"edgerelay/relay/event"
)

// GuideKind is what a guide asks for.
type GuideKind uint8

const (
	KindGuide GuideKind = iota // nothing
	KindPoll
	KindNPS
)

// guideKinds are the names of kinds in the configuration.
var guideKinds = [...]string{KindGuide: "guide", KindPoll: "poll", KindNPS: "nps"}

// String is the kind's name in the configuration.
func (k GuideKind) String() string {
	if int(k) < len(guideKinds) {
		return guideKinds[k]
	}
	return fmt.Sprintf("GuideKind(%d)", k)
}

// ParseGuideKind reads a kind's name.
func ParseGuideKind(name string) (GuideKind, error) {
	for k, known := range guideKinds {
		if name == known {
			return GuideKind(k), nil
		}
	}
	return 0, fmt.Errorf("unknown kind of guide %q; there are guide, poll and nps", name)
}

// Details is what is known of a guide. It never changes, and nobody may change its bytes.
type Details struct {
	Kind       GuideKind
	ID         []byte // JSON string
	Name       []byte // JSON string
	Properties []byte // guideProperties of seed 000's payloads

	polls []byte // JSON object: the types of polls by their IDs
}

// pollType returns the type of one of the guide's polls, nil when it is not known.
func (d *Details) pollType(poll []byte) []byte {
	if d == nil {
		return nil
	}
	var found []byte
	_ = event.Members(d.polls, func(id, kind []byte) bool { // it is of our own making
		if bytes.Equal(id, poll) {
			found = kind
		}
		return found == nil
	})
	return found
}

// guideFields are the parts of Properties, in JSON. Numbers are Unix milliseconds.
type guideFields struct {
	created, createdBy []byte
	id                 []byte
	updated, updatedBy []byte
	name               []byte
	steps              []stepFields
}

type stepFields struct{ id, updated, reset, kind []byte }

// appendProperties appends the object that seed 000 shows, in its order. All of it is always there: what is not known is
// 0 or "".
//
//	{"createdAt":1615411012615,"createdByUser":{"username":"…"},"id":"…","lastUpdatedAt":1618322253073,
//	 "lastUpdatedByUser":{"username":"…"},"name":"…","steps":[{"id":"…","lastUpdatedAt":…,"resetAt":…,"type":"…"}]}
func (g *guideFields) appendProperties(dst []byte) []byte {
	dst = appendOr(dst, `{"createdAt":`, g.created, `0`)
	dst = appendOr(dst, `,"createdByUser":{"username":`, g.createdBy, `""`)
	dst = appendOr(dst, `},"id":`, g.id, `""`)
	dst = appendOr(dst, `,"lastUpdatedAt":`, g.updated, `0`)
	dst = appendOr(dst, `,"lastUpdatedByUser":{"username":`, g.updatedBy, `""`)
	dst = appendOr(dst, `},"name":`, g.name, `""`)
	dst = append(dst, `,"steps":[`...)
	for i, s := range g.steps {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendOr(dst, `{"id":`, s.id, `""`)
		dst = appendOr(dst, `,"lastUpdatedAt":`, s.updated, `0`)
		dst = appendOr(dst, `,"resetAt":`, s.reset, `0`)
		dst = appendOr(dst, `,"type":`, s.kind, `""`)
		dst = append(dst, '}')
	}
	return append(dst, `]}`...)
}

// appendOr appends key and value, or absent where there is none.
func appendOr(dst []byte, key string, value []byte, absent string) []byte {
	dst = append(dst, key...)
	if len(value) == 0 {
		return append(dst, absent...)
	}
	return append(dst, value...)
}

// details makes what look-ups return of a configured guide. What is not said of its last change is that of its making.
func (g *Guide) details() *Details {
	updated := cmp.Or(millis(g.UpdatedAt), millis(g.CreatedAt))
	f := guideFields{
		created:   number(millis(g.CreatedAt)),
		createdBy: literal(g.CreatedBy),
		id:        literal(g.ID),
		updated:   number(updated),
		updatedBy: literal(cmp.Or(g.UpdatedBy, g.CreatedBy)),
		name:      literal(g.Name),
	}
	for _, s := range g.Steps {
		f.steps = append(f.steps, stepFields{
			id:      literal(s.ID),
			updated: number(cmp.Or(millis(s.UpdatedAt), updated)),
			reset:   number(millis(s.ResetAt)),
			kind:    literal(s.Type),
		})
	}
	return &Details{Kind: g.Kind, ID: f.id, Name: f.name, Properties: f.appendProperties(nil)}
}

// Properties is the guide as payloads show it (guideProperties of seed 000), stable JSON.
func (g *Guide) Properties() []byte { return g.details().Properties }

// millis are t's Unix milliseconds, 0 of no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func number(n int64) []byte {
	return strconv.AppendInt(nil, n, 10)
}
