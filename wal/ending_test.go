package wal

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestEndManyAtOnce(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		fs := newMem()
		l := mustOpen(t, Options{FS: fs, CursorInterval: time.Hour})
		q := mustQueue(t, l, 1, QueueOptions{Ordered: ordered})
		for i := range 9 {
			appendOrdered(t, l, fmt.Sprint(i), uint64(i+1))
		}
		appendOrdered(t, l, "behind 3", 4) // waits behind what is parked, when there is order
		first := mustTake(t, q, 0)
		if err := q.Park(&first, 1); err != nil {
			t.Fatal(err)
		}
		hand := []Entry{mustTake(t, q, 1)}
		for range 8 {
			hand = append(hand, mustTake(t, q, 1))
		}
		endings := make([]Ending, 0, 9)
		for i := range hand {
			e := Ending{Entry: &hand[i]}
			switch hand[i].Body[0] {
			case '3', '4', '5':
				hand[i].Attempts++
				e.Due = 100
			case '6', '7':
				e.Death = &Death{Time: 5, Status: 400, Reason: "no"}
			}
			endings = append(endings, e)
		}
		if err := q.End(endings); err != nil {
			t.Fatal(err)
		}
		check := func(when string) {
			t.Helper()
			dead, err := q.Dead(0, 10)
			if err != nil || len(dead) != 2 || string(dead[0].Body) != "6" || dead[1].Reason != "no" || dead[1].Status != 400 {
				t.Errorf("ordered %v, %s: dead are %v, %v", ordered, when, dead, err)
			}
		}
		check("at once")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, Options{FS: fs})
		q = mustQueue(t, l, 1, QueueOptions{Ordered: ordered})
		check("after a restart")
		early := takeAll(t, q, 99)
		late := takeAll(t, q, 100)
		slices.Sort(late)
		want := [2][]string{{"behind 3"}, {"3", "4", "5"}}
		if ordered {
			want = [2][]string{nil, {"3", "4", "5", "behind 3"}}
		}
		if !slices.Equal(early, want[0]) || !slices.Equal(late, want[1]) {
			t.Errorf("ordered %v: after a restart come %q, and later %q", ordered, early, late)
		}
		if s := q.Stats(); s.Parked != 0 || s.Flight != 0 || s.Backlog != 0 {
			t.Errorf("ordered %v: at the end %+v", ordered, s)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What ends must be in hand: everything else is a fault of this program.
func TestEndOfWhatIsNotInHandPanics(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, 1, QueueOptions{})
	mustAppend(t, l, "a", 1)
	e := mustTake(t, q, 0)
	mustSettle(t, q, e)
	defer func() {
		if recover() == nil {
			t.Error("an entry ended twice")
		}
	}()
	_ = q.End([]Ending{{Entry: &e}})
}
