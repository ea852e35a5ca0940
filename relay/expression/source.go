package expression

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"

	"edgerelay/relay/event"
)

// meterName is the name under which expressions hand the meter to functions. Nobody can write it.
const meterName = " meter"

// root is a name that every expression can use.
type root struct {
	name    string
	shape   types.Type
	members []string // the only ones there are, of guide
	open    bool     // it has members
	json    func(dst []byte, v *Env) []byte
}

func roots() []root {
	text, any := types.String, types.Type(types.Any)
	return []root{
		{"event", text, nil, false, func(dst []byte, v *Env) []byte { return event.AppendString(dst, v.event.Kind.String()) }},
		{"dotted", text, nil, false, func(dst []byte, v *Env) []byte { return event.AppendString(dst, v.event.Kind.Dotted()) }},
		{"app", text, nil, false, func(dst []byte, v *Env) []byte { return event.AppendString(dst, v.event.AppName) }},
		{"visitor", any, nil, false, func(dst []byte, v *Env) []byte { return append(dst, v.event.Visitor...) }},
		{"account", any, nil, false, func(dst []byte, v *Env) []byte { return append(dst, v.event.Account...) }},
		{"uniqueId", text, nil, false, appendUniqueID},
		{"timestamp", types.Int, nil, false, func(dst []byte, v *Env) []byte {
			return strconv.AppendInt(dst, time.UnixMilli(v.event.Time).Unix(), 10)
		}},
		{"time", text, nil, false, func(dst []byte, v *Env) []byte {
			return append(appendTime(append(dst, '"'), v.event.Time), '"')
		}},
		{"url", any, nil, false, func(dst []byte, v *Env) []byte { return append(dst, v.event.URL...) }},
		{"ip", any, nil, false, func(dst []byte, v *Env) []byte { return append(dst, v.event.IP...) }},
		{"userAgent", any, nil, false, func(dst []byte, v *Env) []byte { return append(dst, v.event.UserAgent...) }},
		{"name", any, nil, false, func(dst []byte, v *Env) []byte { return append(dst, v.event.Name...) }},
		{"source", any, nil, false, func(dst []byte, v *Env) []byte { return append(dst, v.event.Source...) }},
		{"ids", any, nil, false, appendIDs},
		{"properties", any, nil, true, nil},
		{"guide", any, []string{"id", "name", "step", "language", "properties", "nps", "poll"}, true, appendGuide},
	}
}

func appendUniqueID(dst []byte, v *Env) []byte {
	return append(hex.AppendEncode(append(dst, '"'), v.event.UniqueID[:]), '"')
}

func appendIDs(dst []byte, v *Env) []byte {
	dst = append(dst, '[')
	next := ""
	for i, id := range v.event.IDs {
		if v.note.Has(i) {
			dst = append(dst, next...)
			dst = append(dst, id...)
			next = ","
		}
	}
	return append(dst, ']')
}

// appendGuide is the whole guide, nothing when there is none.
func appendGuide(dst []byte, v *Env) []byte {
	start, next := len(dst), `{"`
	for _, name := range []string{"id", "name", "step", "language", "properties", "nps", "poll"} {
		if raw := guideMember(&v.event.Guide, name); len(raw) > 0 {
			dst = append(dst, next...)
			dst = append(dst, name...)
			dst = append(dst, `":`...)
			dst = append(dst, raw...)
			next = `,"`
		}
	}
	if len(dst) > start {
		dst = append(dst, '}')
	}
	return dst
}

func guideMember(g *event.Guide, name string) []byte {
	switch name {
	case "id":
		return g.ID
	case "name":
		return g.Name
	case "step":
		return g.StepID
	case "language":
		return g.Language
	case "properties":
		return g.Properties
	case "nps":
		return g.NPS
	case "poll":
		return g.PollResponses
	}
	return nil
}

func rootNames() []string {
	var all []string
	for _, r := range roots() {
		all = append(all, r.name)
	}
	return all
}

// names are the names and their types for the checker. What may be missing has an open type.
func names() types.Map {
	all := types.Map{meterName: types.Any}
	for _, r := range roots() {
		all[r.name] = r.shape
	}
	return all
}

// source is where a name's value comes from: a root, or a member below one.
type source struct {
	key  string // names the source in the machine's environment; equal sources have equal keys
	root root
	path []string
}

func rootSources() map[string]*source {
	all := make(map[string]*source)
	for _, r := range roots() {
		all[r.name] = &source{key: r.name, root: r}
	}
	return all
}

// member is the source of a member of what s names.
func (s *source) member(name string) (*source, error) {
	switch {
	case !s.root.open:
		return nil, fmt.Errorf("%s has no members", s.root.name)
	case len(s.path) == 0 && s.root.members != nil && !slices.Contains(s.root.members, name):
		return nil, fmt.Errorf("%s has no member %s; it has %s", s.root.name, name, strings.Join(s.root.members, ", "))
	}
	return &source{
		key:  s.key + "[" + strconv.Quote(name) + "]",
		root: s.root,
		path: append(slices.Clone(s.path), name),
	}, nil
}

// raw is the stable JSON of the source's value, nil when it is missing. What is not there as it stands is written over
// scratch, which is returned as it grew. looked is how many bytes were gone through on the way.
func (s *source) raw(v *Env, scratch []byte) (value, used []byte, looked int) {
	path := s.path
	switch {
	case s.root.name == "properties":
		value = v.event.Properties
		if len(value) == 0 {
			value = emptyObject
		}
	case s.root.name == "guide" && len(path) > 0:
		value, path = guideMember(&v.event.Guide, path[0]), path[1:]
	default:
		scratch = s.root.json(scratch[:0], v)
		value = scratch
	}
	for _, name := range path {
		looked += len(value)
		value = event.Lookup(value, name)
	}
	if len(value) == 0 {
		value = nil
	}
	return value, scratch, looked
}

// emptyObject is never written to.
var emptyObject = []byte("{}")
