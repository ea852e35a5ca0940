package journal

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestEntriesComeBackAsTheyWere reads entries from the buffer, from the disk, and after a restart.
func TestEntriesComeBackAsTheyWere(t *testing.T) {
	c := newClock()
	log := openLog(t, vfs.NewMem(), "log")
	j := openJournal(t, Options{State: log, Now: c.Now})
	var want []Attempt
	add := func(a Attempt) {
		a.Time = c.forward(time.Millisecond)
		j.Append(7, &a)
		a.Queue = 7
		want = append([]Attempt{a}, want...)
	}
	add(*failure(begin, 1))
	add(*success(begin, 2))
	add(Attempt{Webhook: "crm", Outcome: Dead, Event: "guideDisplayed", UniqueID: "not a hash", Number: 6, Reason: "no connection: dial tcp: lookup crm.test: no such host",
		Timing: Timing{DNS: 1500 * time.Microsecond, Total: 1700 * time.Microsecond}})
	add(Attempt{Webhook: "crm", Outcome: Gone, Status: 410, Reason: "410 Gone", UniqueID: strings.ToUpper(hexID(3)), Body: []byte{0xff, 0, 1}})
	add(Attempt{Webhook: "crm", Outcome: Note, Reason: "webhook was turned off: the receiver answered 410 Gone"})
	add(Attempt{Webhook: "crm", Outcome: Retry, Status: 408, Reason: "no answer in time", Truncated: true,
		Request: []Header{{"Empty", ""}, {"Ü", "ß"}}, Timing: Timing{1, 2e6, 3e6, 4e6, 5e12, true}})
	want[0].Timing.DNS = 0 // kept in microseconds
	check := func(where string) {
		t.Helper()
		got := all(t, Query{Limit: 4}, of(j, 7))
		for i := range got {
			got[i].ID = ""
			if len(got[i].Body) == 0 {
				got[i].Body = nil
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", where, got, want)
		}
	}
	check("in the buffer")
	j.flush()
	check("on disk")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	check("closed")
	j = openJournal(t, Options{State: log, Now: c.Now})
	check("opened again")
	add(*failure(begin, 9))
	check("half on disk")
	if got := all(t, Query{}, of(j, 8)); len(got) != 0 {
		t.Errorf("another queue has %+v", got)
	}
}

// TestIDFindsItsEntry begins with an entry that was listed.
func TestIDFindsItsEntry(t *testing.T) {
	j, c := newJournal(t, nil)
	for n := range 300 {
		j.Append(1, failure(c.Now(), n)) // all of one millisecond
	}
	for range 2 {
		list, _, err := j.List(1, Query{Limit: 300})
		if err != nil || len(list) != 300 {
			t.Fatalf("%d entries, error %v", len(list), err)
		}
		for i := range list {
			one, _, err := j.List(1, Query{Cursor: list[i].ID, Limit: 1})
			if err != nil || len(one) != 1 || one[0].UniqueID != hexID(299-i) {
				t.Fatalf("entry %d by its ID: %+v, error %v", i, one, err)
			}
		}
		j.flush()
	}
}

func TestCloseWritesAndEnds(t *testing.T) {
	c := newClock()
	log := openLog(t, vfs.NewMem(), "log")
	j := openJournal(t, Options{State: log, Now: c.Now})
	j.Append(1, failure(c.Now(), 1))
	for range 2 {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	j.Append(1, failure(c.Now(), 2))
	if s := j.Stats(); s.Entries != 1 || s.DroppedFailed != 1 {
		t.Errorf("stats %+v, want one entry written and one dropped", s)
	}
	wantIDs(t, "after the close", all(t, Query{}, of(j, 1)), 1)
}

func TestOpenRefusesNonsense(t *testing.T) {
	log := openLog(t, vfs.NewMem(), "log")
	for _, o := range []Options{{}, {State: log, Share: -1}, {State: log, Share: 1.5}, {State: log, Retain: 1}, {State: log, SizeMax: -1}} {
		if _, err := Open(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// TestSample keeps about the share it should.
func TestSample(t *testing.T) {
	f := func(share float64, low, high int) {
		t.Helper()
		j, _ := newJournal(t, func(o *Options) { o.Share = share })
		n := 0
		for range 10_000 {
			if j.Sample() {
				n++
			}
		}
		if n < low || n > high {
			t.Errorf("share %v: %d of 10,000", share, n)
		}
	}
	f(0, 0, 0)
	f(1, 10_000, 10_000)
	f(0.1, 500, 1500) // sixteen standard deviations to either side
}

func TestUnknownOutcomePanics(t *testing.T) {
	j, c := newJournal(t, nil)
	defer func() {
		if recover() == nil {
			t.Error("an attempt without an outcome is taken")
		}
	}()
	j.Append(1, &Attempt{Time: c.Now()})
}

// TestDropForgetsOneQueue on disk and in the buffer.
func TestDropForgetsOneQueue(t *testing.T) {
	j, c := newJournal(t, nil)
	for n := range 10 {
		j.Append(1, failure(c.Now(), n))
		j.Append(2, failure(c.Now(), n))
		j.Append(2, success(c.Now(), n))
		j.Append(3, failure(c.Now(), n))
		if n == 5 {
			j.flush()
		}
	}
	if err := j.Drop(2); err != nil {
		t.Fatal(err)
	}
	j.flush()
	if j.Any(2) || j.HasErrors(2, time.Time{}) || len(all(t, Query{}, of(j, 2))) != 0 {
		t.Error("the dropped queue has entries")
	}
	for _, q := range []uint32{1, 3} {
		if n := len(all(t, Query{}, of(j, q))); n != 10 {
			t.Errorf("queue %d has %d entries of 10", q, n)
		}
	}
	checkBytes(t, j)
	j.Append(2, failure(c.Now(), 77)) // its number may come back
	wantIDs(t, "after the drop", all(t, Query{}, of(j, 2)), 77)
}
