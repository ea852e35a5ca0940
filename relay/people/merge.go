package people

import (
	"bytes"
	"errors"

	"edgerelay/relay/event"
)

// Diff is what a merge changed. Its JSON belongs to the caller.
type Diff struct {
	Changed bool
	Old     []byte // stable JSON object: the changed fields as they were; fields that are new are left out
	New     []byte // stable JSON object: the changed fields as they are now
}

var errNoObject = errors.New("values are not a JSON object")

// appendMerged appends values laid over old to dst, as stable JSON. It needs no notion of a field: of equal keys stable
// JSON keeps the last value at the first one's place, so the result is the stable form of both objects' members in a
// row. joined is scratch, which must not overlap dst.
func appendMerged(dst, joined []byte, s *event.Stable, old, values []byte) (merged, scratch []byte, err error) {
	const space = " \t\r\n"
	inner := bytes.TrimLeft(values, space)
	if len(inner) == 0 || inner[0] != '{' {
		return dst, joined, errNoObject
	}
	if len(old) <= len("{}") {
		merged, err = s.Append(dst, values)
		return merged, joined, err
	}
	inner = bytes.TrimLeft(inner[1:], space)
	joined = append(joined, old[:len(old)-1]...)
	if len(inner) > 0 && inner[0] != '}' {
		joined = append(joined, ',')
	}
	joined = append(joined, inner...)
	if merged, err = s.Append(dst, joined); err != nil {
		_, err = s.Append(dst, values) // the same fault, at its place in values
	}
	return merged, joined, err
}

// same says that laying values over old changed nothing. No group and an empty one are the same.
func same(old, merged []byte) bool {
	return bytes.Equal(old, merged) || len(old) == 0 && string(merged) == "{}"
}

// difference compares two stable objects, of which merged is old with values laid over it. The members of old stand in
// merged in the same order, with new ones between and behind them, so one walk is enough.
func difference(old, merged []byte) (d Diff) {
	if same(old, merged) {
		return d
	}
	type member struct{ key, value []byte }
	var before []member
	walk(old, func(key, value []byte) { before = append(before, member{key, value}) })
	d.Old, d.New = append(d.Old, '{'), append(d.New, '{')
	walk(merged, func(key, value []byte) {
		if len(before) > 0 && bytes.Equal(before[0].key, key) {
			was := before[0].value
			before = before[1:]
			if bytes.Equal(was, value) {
				return
			}
			d.Old = appendMember(d.Old, key, was)
		}
		d.New = appendMember(d.New, key, value)
	})
	return Diff{Changed: true, Old: append(d.Old, '}'), New: append(d.New, '}')}
}

// walk calls f with the members of an object of our own making; nil has none.
func walk(object []byte, f func(key, value []byte)) {
	if object == nil {
		return
	}
	err := event.Members(object, func(key, value []byte) bool {
		f(key, value)
		return true
	})
	if err != nil {
		panic("BUG: people: a stable object has wrong JSON: " + err.Error())
	}
}

// appendMember appends a member to an object that is not closed yet.
func appendMember(dst, key, value []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, key...), ':'), value...)
}
