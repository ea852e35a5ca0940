package wal

import (
	"bytes"
	"testing"
)

func sameEntry(a, b *Entry) bool {
	return a.Seq == b.Seq && a.Time == b.Time && a.Order == b.Order && a.Attempts == b.Attempts &&
		bytes.Equal(a.Body, b.Body) && bytes.Equal(a.Note, b.Note)
}

func TestCopyRoundTrip(t *testing.T) {
	f := func(want Entry) {
		t.Helper()
		value := appendCopy(nil, &want)
		var got Entry
		if rest, err := parseCopy(want.Seq, value, &got); err != nil || len(rest) > 0 || !sameEntry(&got, &want) {
			t.Errorf("%+v comes back as %+v, %v", want, got, err)
		}
		for n := range value {
			if _, err := parseCopy(1, value[:n], &got); err == nil {
				t.Errorf("%d of %d bytes are a copy", n, len(value))
			}
		}
	}
	f(Entry{Seq: 1})
	f(Entry{Seq: 1 << 62, Time: 1 << 45, Order: 1<<64 - 1, Attempts: 300, Body: bytes.Repeat([]byte("b"), 200), Note: []byte("n")})
}

func TestDeadLetterRoundTrip(t *testing.T) {
	e := Entry{Seq: 9, Time: 8, Order: 7, Attempts: 6, Body: []byte("body"), Note: []byte("note")}
	d := Death{Time: 5, Status: 410, Reason: "gone"}
	value := appendDead(nil, &e, d)
	key := appendDeadKey(nil, 3, 9)
	got, err := parseDead(key, value)
	if err != nil || got.Death != d || !sameEntry(&got.Entry, &e) {
		t.Errorf("%+v %+v comes back as %+v, %v", e, d, got, err)
	}
	for n := range value {
		if _, err := parseDead(key, value[:n]); err == nil {
			t.Errorf("%d of %d bytes are a dead letter", n, len(value))
		}
	}
	if _, err := parseDead(key, append(value, 1)); err == nil {
		t.Error("a dead letter with a byte too many is one")
	}
}

func TestCopyBytes(t *testing.T) {
	e := Entry{Time: 300, Order: 1, Attempts: 2, Body: []byte("body"), Note: []byte("no")}
	if want := "\x02\xac\x02\x01\x00\x00\x00\x00\x00\x00\x00\x02no\x04body"; string(appendCopy(nil, &e)) != want {
		t.Errorf("copy is %q, want %q", appendCopy(nil, &e), want)
	}
	dead := appendDead(nil, &Entry{}, Death{Time: 1, Status: 2, Reason: "r"})
	if want := "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x01r"; string(dead) != want {
		t.Errorf("dead letter is %q, want %q", dead, want)
	}
}

func FuzzParseCopy(f *testing.F) {
	f.Add(appendCopy(nil, &Entry{Time: 300, Order: 1, Attempts: 2, Body: []byte("body"), Note: []byte("no")}))
	f.Add(appendDead(nil, &Entry{Body: []byte("body")}, Death{Time: 1, Status: 2, Reason: "r"}))
	f.Fuzz(func(t *testing.T, value []byte) {
		var e, again Entry
		if _, err := parseCopy(5, value, &e); err != nil {
			return
		}
		if rest, err := parseCopy(5, appendCopy(nil, &e), &again); err != nil || len(rest) > 0 || !sameEntry(&e, &again) {
			t.Errorf("%x reads as %+v, and written again as %+v, %v", value, e, again, err)
		}
		key := appendDeadKey(nil, 3, 5)
		d, err := parseDead(key, value)
		if err != nil {
			return
		}
		if d2, err := parseDead(key, appendDead(nil, &d.Entry, d.Death)); err != nil || d2.Death != d.Death {
			t.Errorf("%x reads as %+v, and written again as %+v, %v", value, d, d2, err)
		}
	})
}
