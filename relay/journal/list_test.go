package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// known is an entry and where it stands in the order of Appends, which breaks ties.
type known struct {
	Attempt
	order int
}

// naive finds what a query wants by looking at everything.
func naive(entries []known, q Query, now time.Time, wants func(*known) bool) (list []string) {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b known) int {
		if d := b.Time.Compare(a.Time); d != 0 {
			return d
		}
		return b.order - a.order
	})
	for i := range sorted {
		e := &sorted[i]
		status := q.Status == "" || q.Status == string(e.Outcome) || q.Status == "failed" && e.Outcome.Failed() ||
			e.Outcome != Note && (q.Status == fmt.Sprint(e.Status) || strings.HasSuffix(q.Status, "xx") && fmt.Sprint(e.Status / 100)[:1] == q.Status[:1] && e.Status >= 100)
		if status && wants(e) && (q.From.IsZero() || !e.Time.Before(q.From)) && (q.To.IsZero() || e.Time.Before(q.To)) &&
			(q.Event == "" || q.Event == e.Event) && (q.UniqueID == "" || q.UniqueID == e.UniqueID) &&
			!e.Time.Before(now.Add(-14*24*time.Hour)) {
			list = append(list, e.UniqueID)
		}
	}
	return list
}

var randomStatuses = []string{"", "", "failed", "delivered", "retry", "dead", "note", "503", "404", "408", "0", "200", "5xx", "2xx", "4xx", "3xx"}

// random makes an entry; times jump now and then, as they do when a clock is set.
func random(rng *rand.Rand, c *clock, n int) (uint32, Attempt) {
	switch rng.IntN(200) {
	case 0:
		c.forward(time.Duration(rng.IntN(3)) * time.Hour)
	case 1:
		c.forward(-time.Duration(rng.IntN(30)) * time.Second)
	default:
		c.forward(time.Duration(rng.IntN(3)) * time.Millisecond)
	}
	queue := uint32(1 + rng.IntN(4))
	a := *failure(c.Now().Add(-time.Duration(rng.IntN(5))*time.Millisecond), n)
	a.Webhook = fmt.Sprint("hook ", queue)
	switch rng.IntN(10) {
	case 0:
		a.Outcome, a.Status = Dead, 404
	case 1:
		a.Outcome, a.Status, a.Event = Retry, 408, "npsSubmitted"
	case 2:
		a.Outcome, a.Status = Retry, 0
	case 3:
		a = Attempt{Time: a.Time, Webhook: a.Webhook, Outcome: Note, Reason: "turned off", UniqueID: a.UniqueID}
	case 4, 5, 6:
		a.Outcome, a.Status, a.Sampled = Delivered, 200+rng.IntN(2), true
	}
	return queue, a
}

// TestListIsWhatLookingAtEverythingFinds compares random queries, page by page, with the naive way, while some entries
// are in the buffer.
func TestListIsWhatLookingAtEverythingFinds(t *testing.T) {
	rng := newRand(t)
	j, c := newJournal(t, nil)
	var entries []known
	for n := range 4000 {
		queue, a := random(rng, c, n)
		j.Append(queue, &a)
		a.Queue, a.Time = queue, a.Time.Truncate(time.Millisecond)
		entries = append(entries, known{a, n})
		if rng.IntN(150) == 0 {
			j.flush()
		}
		if rng.IntN(40) > 0 {
			continue
		}
		q := Query{Status: randomStatuses[rng.IntN(len(randomStatuses))], Limit: 1 + rng.IntN(200)}
		if rng.IntN(3) == 0 {
			q.From = entries[rng.IntN(len(entries))].Time
		}
		if rng.IntN(3) == 0 {
			q.To = entries[rng.IntN(len(entries))].Time.Add(time.Duration(rng.IntN(2)) * time.Microsecond)
		}
		if rng.IntN(5) == 0 {
			q.Event = []string{"pageLoaded", "npsSubmitted", "uTurn"}[rng.IntN(3)]
		}
		if rng.IntN(10) == 0 {
			q.UniqueID = hexID(rng.IntN(n + 1))
		}
		want := naive(entries, q, c.Now(), func(e *known) bool { return e.Queue == queue })
		if got := ids(all(t, q, of(j, queue))); !slices.Equal(got, want) {
			t.Fatalf("entry %d, queue %d, %+v: found %d, want %d", n, queue, q, len(got), len(want))
		}
		want = naive(entries, q, c.Now(), func(e *known) bool { return e.Outcome != Delivered })
		if got := ids(all(t, q, j.Errors)); !slices.Equal(got, want) {
			t.Fatalf("entry %d, errors, %+v: found %d, want %d", n, q, len(got), len(want))
		}
	}
	j.flush()
	checkBytes(t, j)
}

// TestPagesStayWhileEntriesCome pages through a log that grows.
func TestPagesStayWhileEntriesCome(t *testing.T) {
	j, c := newJournal(t, nil)
	for n := range 1000 {
		j.Append(1, failure(c.forward(time.Millisecond), n))
	}
	var got []string
	q, n := Query{Limit: 7}, 1000
	for {
		page, next, err := j.List(1, q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids(page)...)
		if q.Cursor = next; next == "" {
			break
		}
		for range 3 {
			j.Append(1, failure(c.forward(time.Millisecond), n))
			n++
		}
		if n%10 == 0 {
			j.flush()
		}
	}
	for i := range got {
		if got[i] != hexID(999-i) {
			t.Fatalf("entry %d of the pages is not the one that was there when the first was asked for", i)
		}
	}
	if len(got) != 1000 {
		t.Errorf("%d entries in the pages, want 1000", len(got))
	}
}

// TestQueryThatFindsLittleEndsSoon looks for what is not there, and for one entry at the far end.
func TestQueryThatFindsLittleEndsSoon(t *testing.T) {
	j, c := newJournal(t, nil)
	wanted := failure(c.forward(time.Millisecond), 0)
	wanted.UniqueID = hexID(-1)
	j.Append(1, wanted)
	const n = 100_000
	for i := range n {
		j.Append(1, failure(c.forward(time.Millisecond), i))
		if i%4000 == 0 {
			j.flush()
		}
	}
	j.flush()
	list, next, err := j.List(1, Query{UniqueID: hexID(-1)})
	if err != nil || len(list) != 0 || next == "" {
		t.Errorf("%d entries, next %q, error %v: want nothing and a cursor after a part of them", len(list), next, err)
	}
	if found := all(t, Query{UniqueID: hexID(-1)}, of(j, 1)); len(found) != 1 {
		t.Errorf("%d entries after all pages, want 1", len(found))
	}
	// What chunks say of themselves is looked at without opening them.
	if list, next, err := j.List(1, Query{Status: "4xx"}); len(list) != 0 || next != "" || err != nil {
		t.Errorf("%d entries, next %q, error %v: want nothing, at once", len(list), next, err)
	}
}

func TestQueryErrors(t *testing.T) {
	j, _ := newJournal(t, nil)
	f := func(q Query, field, text string) {
		t.Helper()
		_, _, err := j.List(1, q)
		var fault *QueryError
		if !errors.As(err, &fault) || fault.Field != field || !strings.Contains(fault.Text, text) {
			t.Errorf("%+v: error %v, want one of %s with %q", q, err, field, text)
		}
		if _, _, err := j.Errors(q); !errors.As(err, &fault) {
			t.Errorf("%+v is taken by Errors", q)
		}
	}
	f(Query{Status: "perhaps"}, "status", `"perhaps" is no status; write it like "503"`)
	f(Query{Status: "6xx"}, "status", "")
	f(Query{Status: "0xx"}, "status", "")
	f(Query{Status: "-1"}, "status", "")
	f(Query{Status: "1000"}, "status", "")
	f(Query{Limit: -1}, "limit", "from 1 to 1000")
	f(Query{Limit: 1001}, "limit", "")
	f(Query{Cursor: "abc"}, "cursor", "leave it out to begin anew")
	f(Query{Cursor: strings.Repeat("A", 22)}, "cursor", "") // a time before 1970
	for _, q := range []Query{{Status: "5XX"}, {Status: "0"}, {Status: "999"}, {Limit: 1000},
		{From: time.Time{}.Add(1)}, {To: time.Time{}.Add(1)}, {From: time.Unix(1<<60, 0)}, {To: time.Unix(1<<60, 0)}} {
		if list, next, err := j.List(1, q); err != nil || len(list) != 0 || next != "" {
			t.Errorf("%+v: %d entries, next %q, error %v", q, len(list), next, err)
		}
	}
}

// TestErrorsAndAny are what decides on turning a webhook on again.
func TestErrorsAndAny(t *testing.T) {
	j, c := newJournal(t, nil)
	f := func(what string, queue uint32, since time.Duration, errors, any bool) {
		t.Helper()
		if got := j.HasErrors(queue, c.Now().Add(-since)); got != errors {
			t.Errorf("%s: errors of queue %d in the last %v: %v", what, queue, since, got)
		}
		if got := j.Any(queue); got != any {
			t.Errorf("%s: any of queue %d: %v", what, queue, got)
		}
	}
	f("empty", 1, time.Hour, false, false)
	j.Append(1, failure(c.Now(), 1))
	j.Append(2, success(c.Now(), 2))
	j.Note(3, Attempt{Time: c.Now(), Webhook: "c", Reason: "turned off"})
	for _, what := range []string{"in the buffer", "on disk"} {
		f(what, 1, 0, true, true)
		f(what, 2, time.Hour, false, true)
		f(what, 3, time.Hour, false, true)
		j.flush()
	}
	c.forward(time.Hour)
	f("later", 1, time.Hour, true, true)
	f("later", 1, time.Hour-1, false, true)
	c.forward(14*24*time.Hour - time.Hour)
	f("on the last day", 1, 1000*time.Hour, true, true)
	c.forward(time.Millisecond)
	f("too late", 1, 1000*time.Hour, false, false)
	f("too late", 2, 1000*time.Hour, false, false)
	if n := len(all(t, Query{}, of(j, 1))); n != 0 {
		t.Errorf("%d entries are listed after their time", n)
	}
}
