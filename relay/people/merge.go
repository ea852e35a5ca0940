package people

import (
	"bytes"
	"errors"
	"fmt"

	"edgerelay/relay/event"
)

// Diff is what a merge changed. Its JSON belongs to the caller.
type Diff struct {
	Changed bool
	Old     []byte // stable JSON object: the changed fields as they were; fields that are new are left out
	New     []byte // stable JSON object: the changed fields as they are now
}

// ValueError says that values cannot be merged: they are no JSON object, too large, or wrong for their field. It is the
// sender's fault, and sending them again does not help.
type ValueError struct {
	Kind  Kind
	ID    string // shortened
	Group Group
	Err   error
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("merge %s metadata of %s %s: %v", e.Group, e.Kind, e.ID, e.Err)
}

// Unwrap is what is wrong with the values.
func (e *ValueError) Unwrap() error { return e.Err }

var (
	errNoObject     = errors.New("values are not a JSON object")
	errLongValues   = fmt.Errorf("values are longer than %d bytes", valuesBytesMax)
	errNoRecord     = errors.New("no such record or group")
	errDoNotProcess = errors.New("donotprocess must be true, false or null")
)

// Merge lays values, a JSON object, over one group of metadata, field by field: a field that values names is replaced
// as a whole (null is a value), the others stay. A record is made if there is none; that is no sighting. The diff says
// what changed; merging the same again changes nothing. An error is a *ValueError, or as of the state.
//
// The field donotprocess of a visitor's group pendo is the do-not-process mark, see SetDoNotProcess.
func (c *Change) Merge(kind Kind, app string, id []byte, group Group, values []byte) (Diff, error) {
	fault := func(err error) (Diff, error) {
		return Diff{}, &ValueError{kind, string(shown(id)), group, err}
	}
	if present(id) == nil || !group.valid() {
		return fault(errNoRecord)
	}
	e, err := c.edit(kind, app, id)
	if err != nil {
		return Diff{}, err
	}
	old := e.record.group(group)
	merged, err := c.book.own.merge(old, values)
	if err != nil {
		return fault(err)
	}
	if same(old, merged) {
		return Diff{}, nil
	}
	refused := e.record.refused
	if kind == Visitor && group == Pendo {
		if refused, err = doNotProcess(merged); err != nil {
			return fault(err)
		}
	}
	grown := len(merged) - len(old)
	if refused && !e.record.refused && grown <= markBytesMax {
		grown = 0 // there is always room for the mark
	}
	if size := e.record.metadataBytes() + grown; size > MetadataBytesMax && grown > 0 {
		return fault(fmt.Errorf("its metadata would be %d bytes and the limit is %d; send fewer or shorter fields", size, MetadataBytesMax))
	}
	e.record.refused = refused
	e.record.metadata[group] = bytes.Clone(merged)
	e.touch()
	return difference(old, e.record.metadata[group]), nil
}

const markBytesMax = len(`{"donotprocess":false}`)

// doNotProcess reads the mark in a visitor's group pendo.
func doNotProcess(pendo []byte) (bool, error) {
	switch string(event.Lookup(pendo, "donotprocess")) {
	case "true":
		return true, nil
	case "false", "null", "":
		return false, nil
	}
	return false, errDoNotProcess
}

// SetDoNotProcess sets or lifts the mark that nothing of a visitor may be processed, and says whether that is new. It is
// kept as metadata.pendo.donotprocess. A record is made if there is none.
func (c *Change) SetDoNotProcess(app string, visitor []byte, on bool) (changed bool, err error) {
	if present(visitor) != nil {
		e, err := c.edit(Visitor, app, visitor)
		if err != nil || e.record.refused == on {
			return false, err
		}
	}
	_, err = c.Merge(Visitor, app, visitor, Pendo, fmt.Appendf(nil, `{"donotprocess":%t}`, on))
	return err == nil, err
}

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
