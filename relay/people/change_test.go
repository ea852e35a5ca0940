package people

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

func TestFailedCommitIsRolledBack(t *testing.T) {
	b, l := open(t)
	l.breaks = false
	if err := intake(b, l, "v0", "a0", "click"); err != nil {
		t.Fatal(err)
	}
	known(t, b, "v0", "a0", true)
	l.failCommit = func() bool { return true }
	c := b.Begin()
	see(t, c, "v1", "a0")
	merge(t, c, Visitor, "v0", Agent, `{"plan":"gold"}`)
	if _, err := c.SetDoNotProcess("demo", quoted("v0"), true); err != nil {
		t.Fatal(err)
	}
	if err := send(c, l, &fakeBatch{}); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	l.failCommit = func() bool { return false }
	known(t, b, "v0", "a0", true)
	known(t, b, "v1", "", false)
	refused(t, b, "v0", false)
	show(t, b, Visitor, "v1", "none")
	show(t, b, Visitor, "v0", `{"id":"v0","accountIds":["a0"],"metadata":{"auto":{"firstvisit":1700000000000}}}`)
	change(t, b, l, func(c *Change) {
		if got := see(t, c, "v1", "a0"); got != (Sighting{NewVisitor: true}) {
			t.Fatalf("%+v", got)
		}
		if d := merge(t, c, Visitor, "v0", Agent, `{"plan":"gold"}`); !d.Changed {
			t.Fatal("the merge that failed is remembered")
		}
	})
	if s := b.Stats(); s.PendingRecords != 0 || s.PendingBytes != 0 {
		t.Fatalf("left behind: %+v", s)
	}
}

// TestFailureTakesLaterChangesAlong has a second change built on one that fails, at each point of its way.
func TestFailureTakesLaterChangesAlong(t *testing.T) {
	b, _ := open(t)
	begin := func(plan string) *Change {
		c := b.Begin()
		see(t, c, "v1", "")
		merge(t, c, Visitor, "v1", Agent, `{"plan":"`+plan+`"}`)
		c.Stage(&fakeBatch{})
		return c
	}
	ask := func(want bool) {
		t.Helper()
		known(t, b, "v1", "", want)
		if b.Holds(Visitor, "demo", quoted("v1"), Agent, []byte(`{"plan":"b"}`)) != want {
			t.Fatalf("the plan of a change is held: %v", !want)
		}
	}
	first := begin("a")
	first.Submitted()
	second := begin("b")
	second.Submitted()
	ask(true) // and the table keeps it
	first.Done(false)
	ask(false)
	second.Done(false)
	ask(false)

	first = begin("a")
	first.Submitted()
	second = begin("b")
	var handedIn atomic.Bool
	returned := make(chan bool)
	go func() {
		first.Done(false) // waits for the change that has read what is rolled back
		returned <- handedIn.Load()
	}()
	for range 1000 {
		runtime.Gosched()
	}
	handedIn.Store(true)
	second.Submitted()
	if !<-returned {
		t.Fatal("a failure was over while a change that was built on it was not submitted")
	}
	ask(false)
	second.Done(false)
	ask(false)
	if s := b.Stats(); s.PendingRecords != 0 || s.PendingBytes != 0 {
		t.Fatalf("left behind: %+v", s)
	}
}

// TestNextChangeSeesTheOneBefore walks through the moment between a submit and its commit, when the state is old.
func TestNextChangeSeesTheOneBefore(t *testing.T) {
	b, l := open(t)
	first := &fakeBatch{}
	c := b.Begin()
	see(t, c, "v1", "a1")
	merge(t, c, Visitor, "v1", Agent, `{"plan":"gold"}`)
	if _, err := c.SetDoNotProcess("demo", quoted("v2"), true); err != nil {
		t.Fatal(err)
	}
	refused(t, b, "v2", false) // nobody sees what is not submitted
	known(t, b, "v1", "a1", false)
	c.Stage(first)
	c.Submitted()

	known(t, b, "v1", "a1", true)
	refused(t, b, "v2", true)
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":["a1"],"metadata":{"auto":{"firstvisit":1700000000000},"agent":{"plan":"gold"}}}`)
	if s := b.Stats(); s.PendingRecords != 3 || s.PendingBytes == 0 {
		t.Fatalf("%+v", s)
	}
	next := b.Begin()
	if got := see(t, next, "v1", "a1"); got != (Sighting{}) || next.Changed() {
		t.Fatalf("%+v", got)
	}
	d := merge(t, next, Visitor, "v1", Agent, `{"plan":"free"}`)
	if string(d.Old) != `{"plan":"gold"}` {
		t.Fatalf("%s", d.Old)
	}
	second := &fakeBatch{}
	next.Stage(second)
	next.Submitted()

	l.commit(&fakeGroup{batches: []*fakeBatch{first, second}})
	next.Done(true) // answers may arrive in any order
	known(t, b, "v1", "a1", true)
	c.Done(true)
	c.Done(false) // a second answer is none
	if s := b.Stats(); s.PendingRecords != 0 || s.PendingBytes != 0 {
		t.Fatalf("%+v", s)
	}
	known(t, b, "v1", "a1", true)
	refused(t, b, "v2", true)
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":["a1"],"metadata":{"auto":{"firstvisit":1700000000000},"agent":{"plan":"free"}}}`)
}

func TestOneChangeOfManyPeople(t *testing.T) {
	b, l := open(t)
	const people = 3 * fewEdits
	change(t, b, l, func(c *Change) {
		for range 2 {
			for i := range people {
				fresh := i >= len(c.edits)-1 // the account is the first edit but one
				got := see(t, c, fmt.Sprint("v", i), "a1")
				if got.NewVisitor != fresh || got.NewAccount != (fresh && i == 0) {
					t.Fatalf("v%d: %+v, fresh %v", i, got, fresh)
				}
			}
		}
	})
	if l.puts != people+1 {
		t.Fatalf("%d writes", l.puts)
	}
	for i := range people {
		known(t, b, fmt.Sprint("v", i), "a1", true)
	}
}

func TestTooMuchPendingIsRefused(t *testing.T) {
	l := newFakeLog()
	defer l.close()
	b := Open(Options{State: l, PendingBytes: 1000})
	var waiting []*Change
	for i := 0; ; i++ {
		c := b.Begin()
		if _, err := c.See("demo", fmt.Appendf(nil, `"v%d"`, i), nil, 0); err != nil {
			if !errors.Is(err, ErrBusy) || i < 5 || i > 50 {
				t.Fatalf("after %d: %v", i, err)
			}
			c.Done(false)
			break
		}
		c.Stage(&fakeBatch{})
		c.Submitted()
		waiting = append(waiting, c)
	}
	for _, c := range waiting {
		c.Done(true)
	}
	change(t, b, l, func(c *Change) { see(t, c, "v999", "") })
}

func TestBrokenRulesPanic(t *testing.T) {
	f := func(want string, do func(b *Book)) {
		t.Helper()
		b := Open(Options{State: newIdleState()})
		defer func() {
			t.Helper()
			if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
				t.Fatalf("panic %q, want %q", got, want)
			}
		}()
		do(b)
	}
	begin := func(b *Book, plan string) *Change {
		c := b.Begin()
		merge(t, c, Visitor, "v1", Agent, `{"plan":"`+plan+`"}`)
		return c
	}
	f("BUG: people: Submitted must follow Stage", func(b *Book) { begin(b, "x").Submitted() })
	f("BUG: people: Submitted must follow Stage", func(b *Book) {
		c := begin(b, "x")
		c.Done(false)
		c.Submitted()
	})
	f("BUG: people: Done without Submitted", func(b *Book) {
		c := begin(b, "x")
		c.Stage(&fakeBatch{})
		c.Done(true)
	})
	f("BUG: people: write 2 of a record was committed, write 1 before it was not", func(b *Book) {
		one := begin(b, "x")
		one.Stage(&fakeBatch{})
		one.Submitted()
		two := begin(b, "y")
		two.Stage(&fakeBatch{})
		two.Submitted()
		one.Done(false)
		two.Done(true)
	})
	b := Open(Options{State: newIdleState()}) // the other way round nothing is wrong
	one := begin(b, "x")
	one.Stage(&fakeBatch{})
	one.Submitted()
	two := begin(b, "y")
	two.Stage(&fakeBatch{})
	two.Submitted()
	two.Done(false)
	one.Done(true)
}

// idleState is a state without records.
type idleState struct{}

func newIdleState() State { return idleState{} }

func (idleState) Get(dst, _ []byte) ([]byte, bool, error) { return dst, false, nil }
