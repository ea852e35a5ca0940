package people

import (
	"fmt"

	"edgerelay/relay/event"
)

// reader is the scratch of one question. The Book keeps readers in a pool; what a question returns must not alias one.
type reader struct {
	key    []byte
	value  []byte
	joined []byte
	merged []byte
	stable event.Stable
}

// read reads a record as it is, or is about to be; the zero record when there is none. The record aliases r and is
// valid until r's next read.
func (b *Book) read(r *reader, kind Kind, app string, id []byte) (rec record, found bool, err error) {
	r.key = appendKey(r.key[:0], kind, app, id)
	value, found := b.pending.get(r.key)
	if !found {
		b.reads.Add(1)
		r.value, found, err = b.state.Get(r.value[:0], r.key)
		value = r.value
	}
	if err == nil && found {
		rec, err = parseRecord(value)
	}
	if err != nil {
		return record{}, false, fmt.Errorf("read %s %s: %w", kind, shown(id), err)
	}
	return rec, found, nil
}

// valuesBytesMax bounds values before they are looked at, spaces and all, and so the scratch that merging keeps.
const valuesBytesMax = 4 * MetadataBytesMax

// merge is values laid over old, both JSON objects, old stable or nil. The result aliases r.
func (r *reader) merge(old, values []byte) ([]byte, error) {
	if len(values) > valuesBytesMax {
		return nil, errLongValues
	}
	var err error
	r.merged, r.joined, err = appendMerged(r.merged[:0], r.joined[:0], &r.stable, old, values)
	return r.merged, err
}

// shown is an ID for an error message: not more of it than a line holds.
func shown(id []byte) []byte {
	const most = 64
	if len(id) > most {
		return append(append([]byte(nil), id[:most]...), "…"...)
	}
	return id
}
