package upstream

import (
	"encoding/binary"
	"errors"
	"fmt"

	"edgerelay/relay/event"
)

// The tags of a record's fields: see the picture in the package comment, and do not change them.
const (
	tagMethod = 1
	tagTarget = 2
	tagBody   = 3
	tagTrace  = 4
	tagHeader = 16 // + the header's number
)

// RecordSize is at most how many bytes AppendRecord appends.
func (q *Request) RecordSize() int {
	const field = 1 + binary.MaxVarintLen32
	size := 1 + 4*field + len(q.Method) + len(q.Target) + len(q.Body) + len(q.Trace)
	for _, value := range q.Header[:recorded] {
		size += field + len(value)
	}
	return size
}

// AppendRecord appends q as the log keeps it.
func (q *Request) AppendRecord(dst []byte) []byte {
	dst = append(dst, event.RecordRequest)
	dst = appendField(dst, tagMethod, q.Method)
	dst = appendField(dst, tagTarget, q.Target)
	for h, value := range q.Header[:recorded] {
		dst = appendField(dst, tagHeader+byte(h), value)
	}
	dst = appendField(dst, tagTrace, q.Trace)
	return appendField(dst, tagBody, q.Body)
}

func appendField(dst []byte, tag byte, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// ParseRecord makes q the request that rec holds. q aliases rec. An error says that rec is damaged or no request; q is
// then empty.
func ParseRecord(rec []byte, q *Request) error {
	q.Reset()
	if len(rec) == 0 {
		return errors.New("parse request: the record is empty")
	}
	if rec[0] != event.RecordRequest {
		return fmt.Errorf("parse request: the record is of kind %d, a request's is %d", rec[0], event.RecordRequest)
	}
	for at := 1; at < len(rec); {
		size, n := binary.Uvarint(rec[at+1:])
		start := at + 1 + n
		if n <= 0 || size > uint64(len(rec)-start) {
			q.Reset()
			return fmt.Errorf("parse request: byte %d of %d: field %d is cut short", at, len(rec), rec[at])
		}
		end := start + int(size)
		q.set(rec[at], rec[start:end:end])
		at = end
	}
	if string(q.Method) == "GET" || string(q.Method) == "POST" {
		return nil
	}
	err := fmt.Errorf("parse request: its method is %q", q.Method)
	q.Reset()
	return err
}

// set takes one field; a tag of a later version is left alone.
func (q *Request) set(tag byte, value []byte) {
	switch {
	case tag == tagMethod:
		q.Method = value
	case tag == tagTarget:
		q.Target = value
	case tag == tagBody:
		q.Body = value
	case tag == tagTrace:
		q.Trace = value
	case tag >= tagHeader && tag < tagHeader+byte(recorded):
		q.Set(Header(tag-tagHeader), value)
	}
}
