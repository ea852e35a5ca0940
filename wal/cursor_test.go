package wal

import (
	"encoding/binary"
	"maps"
	"slices"
	"testing"
)

func sameState(a, b cursorState) bool {
	flights := slices.Equal(a.flight, b.flight)
	a.flight, b.flight = nil, nil
	return flights && a.queue == b.queue && a.head == b.head && a.read == b.read && a.next == b.next && a.last == b.last &&
		a.time == b.time && a.backlog == b.backlog && a.parked == b.parked && a.dead == b.dead && a.copyBytes == b.copyBytes && a.deadBytes == b.deadBytes
}

var testStates = []cursorState{
	{queue: 1},
	{queue: QueueMax, head: 1, read: 2, next: 3, last: 4, time: 5, backlog: 6, parked: 7, dead: 8, copyBytes: 9, deadBytes: 10, flight: []uint64{10, 11, 1 << 60}},
	{queue: 7, head: 1 << 60, read: 1 << 61, flight: []uint64{5}},
}

func TestCursorStateRoundTrip(t *testing.T) {
	var all []byte
	for _, want := range testStates {
		value := want.append(nil)
		all = append(all, value...)
		var got cursorState
		if rest, err := parseCursorState(value, &got); err != nil || len(rest) > 0 || !sameState(got, want) {
			t.Errorf("%+v comes back as %+v, %v", want, got, err)
		}
		for n := range value {
			if _, err := parseCursorState(value[:n], &got); err == nil {
				t.Errorf("%d of %d bytes are a state", n, len(value))
			}
		}
	}
	for _, want := range testStates { // one behind the other, as in a snapshot
		var got cursorState
		var err error
		if all, err = parseCursorState(all, &got); err != nil || !sameState(got, want) {
			t.Errorf("%+v comes back as %+v, %v", want, got, err)
		}
	}
}

func TestSnapshotRoundTrip(t *testing.T) {
	value := binary.BigEndian.AppendUint64(nil, 42)
	value = binary.AppendUvarint(value, 4711)
	value = binary.AppendUvarint(value, uint64(len(testStates)))
	want := map[uint32]cursorState{}
	for _, s := range testStates {
		value = s.append(value)
		want[s.queue] = s
	}
	got := map[uint32]cursorState{}
	generation, base, err := parseSnapshot(value, got)
	if err != nil || generation != 42 || base != 4711 || !maps.EqualFunc(got, want, sameState) {
		t.Errorf("snapshot comes back as %d, %d, %v, %v", generation, base, got, err)
	}
	for n := range value {
		if _, _, err := parseSnapshot(value[:n], map[uint32]cursorState{}); err == nil {
			t.Errorf("%d of %d bytes are a snapshot", n, len(value))
		}
	}
}

func TestIdleQueuesAreNotSaved(t *testing.T) {
	f := func(s cursorState, want bool) {
		t.Helper()
		if got := s.idle(10); got != want {
			t.Errorf("%+v is idle: %v", s, got)
		}
	}
	f(cursorState{queue: 1, head: 10, read: 5, last: 10}, true)
	f(cursorState{queue: 1, last: 11}, false)
	f(cursorState{queue: 1, next: 5}, false)
	f(cursorState{queue: 1, parked: 1}, false)
	f(cursorState{queue: 1, dead: 1}, false)
	f(cursorState{queue: 1, flight: []uint64{1}}, false)
}

func FuzzParseCursorState(f *testing.F) {
	for _, s := range testStates {
		f.Add(s.append(nil))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		var s, again cursorState
		if _, err := parseCursorState(value, &s); err != nil {
			return
		}
		if rest, err := parseCursorState(s.append(nil), &again); err != nil || len(rest) > 0 || !sameState(s, again) {
			t.Errorf("%x reads as %+v, and written again as %+v, %v", value, s, again, err)
		}
		_, _, _ = parseSnapshot(value, map[uint32]cursorState{})
		_, _, _ = parseQueueCursor(value)
	})
}
