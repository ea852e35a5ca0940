package wal

import (
	"bytes"
	"slices"
	"testing"
)

func sameIndex(a, b *indexEntry) bool {
	return a.first == b.first && a.count == b.count && a.time == b.time && a.begin == b.begin && a.bytes == b.bytes &&
		slices.Equal(a.queues, b.queues) && slices.Equal(a.counts, b.counts) && bytes.Equal(a.identities, b.identities)
}

func TestIndexRoundTrip(t *testing.T) {
	f := func(want indexEntry) {
		t.Helper()
		value := want.append(nil)
		var got indexEntry
		for range 2 { // the second time into used slices
			if err := parseIndex(appendSeqKey(nil, spaceIndex, want.first), value, &got); err != nil || !sameIndex(&got, &want) {
				t.Errorf("%+v comes back as %+v, %v", want, got, err)
			}
		}
		for n := range len(value) - len(want.identities) {
			if parseIndex(appendSeqKey(nil, spaceIndex, 1), value[:n], &got) == nil && n%8 != 0 {
				t.Errorf("%d of %d bytes are an entry", n, len(value))
			}
		}
	}
	f(indexEntry{first: 1, count: 1})
	f(indexEntry{first: 1 << 60, count: 300, time: 1 << 50, begin: 1 << 40, bytes: 1 << 20,
		queues: []uint32{1, 2, QueueMax}, counts: []uint32{300, 1, 7}, identities: []byte("0123456789abcdef")})
}

func TestIndexBytes(t *testing.T) {
	e := indexEntry{count: 2, time: 3, begin: 4, bytes: 5, queues: []uint32{7, 9}, counts: []uint32{1, 2}, identities: []byte("12345678")}
	if want := "\x02\x03\x04\x05\x02\x07\x01\x02\x0212345678"; string(e.append(nil)) != want {
		t.Errorf("entry is %q, want %q", e.append(nil), want)
	}
	if e.named(9) != 2 || e.named(8) != 0 {
		t.Errorf("named %d times, %d times", e.named(9), e.named(8))
	}
}

func TestIndexDamaged(t *testing.T) {
	f := func(what, value string) {
		t.Helper()
		var e indexEntry
		if parseIndex(appendSeqKey(nil, spaceIndex, 1), []byte(value), &e) == nil {
			t.Errorf("%s is an entry: %+v", what, e)
		}
	}
	f("nothing", "")
	f("no records", "\x00\x03\x04\x05\x00")
	f("half an identity", "\x01\x03\x04\x05\x00123")
	f("queue 0", "\x01\x03\x04\x05\x01\x00\x01")
	f("a queue twice", "\x02\x03\x04\x05\x02\x01\x01\x00\x01")
	f("more of a queue than there are records", "\x01\x03\x04\x05\x01\x01\x02")
	if parseIndex([]byte("i"), []byte("\x01\x03\x04\x05\x00"), &indexEntry{}) == nil {
		t.Error("a key without number is an entry")
	}
}

func FuzzParseIndex(f *testing.F) {
	e := indexEntry{count: 2, time: 3, begin: 4, bytes: 5, queues: []uint32{7, 9}, counts: []uint32{1, 2}, identities: []byte("12345678")}
	f.Add(e.append(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		var e, again indexEntry
		key := appendSeqKey(nil, spaceIndex, 1)
		if parseIndex(key, value, &e) != nil {
			return
		}
		if err := parseIndex(key, e.append(nil), &again); err != nil || !sameIndex(&e, &again) {
			t.Errorf("%x reads as %+v, and written again as %+v, %v", value, e, again, err)
		}
	})
}
