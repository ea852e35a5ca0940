package wal

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestRecordBytes(t *testing.T) {
	f := func(r Record, want string) {
		t.Helper()
		var b Batch
		b.Add(r)
		if string(b.buf) != want {
			t.Errorf("record is %q, want %q", b.buf, want)
		}
	}
	f(Record{Body: []byte("hi")}, "\x00\x00\x02hi")
	f(Record{Body: []byte("hi"), Receivers: []Receiver{{Queue: 3}, {Queue: 200, Note: []byte("n")}}},
		"\x00\x02\x03\x00\xc5\x01\x01n\x02hi")
	f(Record{Order: 0x0102030405060708}, "\x01\x08\x07\x06\x05\x04\x03\x02\x01\x00\x00")
	f(Record{Order: 1, Repeat: true}, "\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	f(Record{Body: []byte("hi"), Repeat: true}, "\x02\x00\x02hi")
}

func TestRecordAsItsQueueSeesIt(t *testing.T) {
	var b Batch
	b.Add(Record{Body: []byte("body"), Order: math.MaxUint64,
		Receivers: []Receiver{{Queue: 1, Note: []byte("one")}, {Queue: QueueMax}}})
	f := func(queue uint32, named bool, note string) {
		t.Helper()
		r, err := parseRecord(b.buf, queue)
		if err != nil || r.named != named || string(r.note) != note || string(r.body) != "body" || r.order != math.MaxUint64 {
			t.Errorf("queue %d sees %+v, %v", queue, r, err)
		}
	}
	f(1, true, "one")
	f(QueueMax, true, "")
	f(2, false, "")
	f(0, false, "")
}

// A flag that a later version adds without bytes of its own is left alone.
func TestRecordWithUnknownFlags(t *testing.T) {
	r, err := parseRecord([]byte("\xfc\x01\x07\x01n\x02hi"), 7)
	if err != nil || string(r.body) != "hi" || string(r.note) != "n" || r.repeat {
		t.Errorf("it reads as %+v, %v", r, err)
	}
}

func TestRecordCutShort(t *testing.T) {
	var b Batch
	b.Add(Record{Body: []byte("body"), Order: 1, Receivers: []Receiver{{Queue: 1, Note: []byte("one")}, {Queue: 2}}})
	for n := range b.buf {
		if _, err := parseRecord(b.buf[:n], 1); err == nil {
			t.Errorf("%d of %d bytes are a record", n, len(b.buf))
		}
	}
	if _, err := parseRecord(append(b.buf, 0), 1); err == nil {
		t.Error("a record with a byte too many is a record")
	}
}

func TestBatchRefusesReceivers(t *testing.T) {
	f := func(queues ...uint32) {
		t.Helper()
		defer func() {
			if r := recover(); r == nil || !strings.Contains(r.(string), "ascend") {
				t.Errorf("receivers %v: %v", queues, r)
			}
		}()
		var r Record
		for _, q := range queues {
			r.Receivers = append(r.Receivers, Receiver{Queue: q})
		}
		new(Batch).Add(r)
	}
	f(0)
	f(1, 1)
	f(2, 1)
	f(QueueMax + 1)
}

func TestBatchIsReusable(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, 1, QueueOptions{})
	var b Batch
	for _, body := range []string{"a", "b", strings.Repeat("c", 3<<20), "d"} {
		b.Reset()
		if b.Len() != 0 || b.Size() != 0 || !b.Empty() {
			t.Errorf("a batch that was reset has %d records, %d bytes", b.Len(), b.Size())
		}
		b.Add(Record{Body: []byte(body), Receivers: []Receiver{{Queue: 1}}})
		b.Put([]byte("key"), []byte(body[:1]))
		if b.Len() != 1 || b.Size() < len(body) || b.Empty() {
			t.Errorf("a batch of one record has %d records, %d bytes", b.Len(), b.Size())
		}
		if _, err := l.Append(&b); err != nil {
			t.Fatal(err)
		}
		if e := mustTake(t, q, 0); string(e.Body) != body {
			t.Errorf("took %.20q, want %.20q", e.Body, body)
		}
		if value, _, err := l.Get(nil, []byte("key")); err != nil || string(value) != body[:1] {
			t.Errorf("state is %q, %v; want %q", value, err, body[:1])
		}
	}
	if b.Reset(); cap(b.buf) > 1<<20 {
		t.Errorf("a batch keeps %d bytes", cap(b.buf))
	}
}

func TestRecordTooLarge(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	var b Batch
	b.Add(Record{Body: make([]byte, RecordMax)})
	if _, err := l.Append(&b); err == nil || !strings.Contains(err.Error(), "over the limit") {
		t.Errorf("append of a giant answers %v", err)
	}
	b.Reset()
	b.Add(Record{Body: bytes.Repeat([]byte("x"), RecordMax-100), Receivers: []Receiver{{Queue: 5}}})
	if _, err := l.Append(&b); err != nil {
		t.Fatal(err)
	}
	l.tail.mu.blocks = nil // so that it is read from disk
	if e := mustTake(t, mustQueue(t, l, 5, QueueOptions{}), 0); len(e.Body) != RecordMax-100 {
		t.Errorf("a giant came back as %d bytes", len(e.Body))
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, r := range []Record{{}, {Body: []byte("b"), Repeat: true}, {Order: 9, Receivers: []Receiver{{Queue: 1, Note: []byte("n")}, {Queue: 300}}}} {
		var b Batch
		b.Add(r)
		f.Add(b.buf)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		one, err := parseRecord(raw, 1)
		if err != nil {
			return
		}
		// What was read for queue 1, written again, reads the same.
		r := Record{Body: one.body, Order: one.order, Repeat: one.repeat}
		if one.named {
			r.Receivers = []Receiver{{Queue: 1, Note: one.note}}
		}
		var b Batch
		b.Add(r)
		again, err := parseRecord(b.buf, 1)
		if err != nil || again.order != one.order || again.named != one.named || again.repeat != one.repeat || !bytes.Equal(again.body, one.body) ||
			!bytes.Equal(again.note, one.note) {
			t.Errorf("%x reads as %+v, and written again as %+v, %v", raw, one, again, err)
		}
	})
}
