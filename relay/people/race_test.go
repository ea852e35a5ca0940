package people

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// checkOnce goes through the log: each visitor and account was reported exactly once, and before its first event.
func checkOnce(t *testing.T, events []string, visitors, accounts int) {
	t.Helper()
	reported := map[string]int{}
	for _, e := range events {
		if strings.Contains(e, "Created ") {
			reported[e]++
			continue
		}
		visitor, account, _ := strings.Cut(e, " ")
		if reported["visitorCreated "+visitor] != 1 || reported["accountCreated "+account] != 1 {
			t.Fatalf("event %q came when its people were reported %d and %d times", e,
				reported["visitorCreated "+visitor], reported["accountCreated "+account])
		}
	}
	for what, n := range reported {
		if n != 1 {
			t.Errorf("%s: %d times", what, n)
		}
	}
	if want := visitors + accounts; len(reported) != want {
		t.Errorf("%d reports, want %d", len(reported), want)
	}
}

// storm lets many goroutines work on the same new people in different order. Each merges a field of its own. An event
// that is refused is sent again, as SDKs do, until gone says stop.
func storm(t *testing.T, b *Book, l *fakeLog, seed uint64, workers, visitors, accounts int) (delivered bool) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	delivered = true
	for w := range workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for _, v := range rng.Perm(visitors) {
				visitor, account := fmt.Sprint("v", v), fmt.Sprint("a", v%accounts)
				err := errFull
				for errors.Is(err, errFull) {
					err = intake(b, l, visitor, account, visitor+" "+account)
				}
				for again := err == nil; again; again = errors.Is(err, errFull) {
					err = meta(b, l, visitor, fmt.Sprintf(`{"w%d":%d}`, w, v))
				}
				if err != nil {
					mu.Lock()
					delivered = false
					mu.Unlock()
					if !errors.Is(err, errBroken) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	wg.Wait()
	return delivered
}

// meta merges values and logs what changed.
func meta(b *Book, l *fakeLog, visitor, values string) error {
	if b.Holds(Visitor, "demo", quoted(visitor), Agent, []byte(values)) {
		return nil
	}
	c := b.Begin()
	d, err := c.Merge(Visitor, "demo", quoted(visitor), Agent, []byte(values))
	if err != nil || !d.Changed {
		c.Done(false)
		return err
	}
	return send(c, l, &fakeBatch{})
}

// checkFields looks for every worker's field in every visitor's record.
func checkFields(t *testing.T, b *Book, workers, visitors int) {
	t.Helper()
	var p Person
	for v := range visitors {
		if _, err := b.Load(&p, Visitor, "demo", fmt.Appendf(nil, `"v%d"`, v)); err != nil {
			t.Fatal(err)
		}
		for w := range workers {
			if got := p.Field(Agent, fmt.Sprint("w", w)); string(got) != fmt.Sprint(v) {
				t.Fatalf("v%d: field w%d is %q", v, w, got)
			}
		}
	}
}

func TestOneReportEachUnderARace(t *testing.T) {
	const workers, visitors, accounts = 100, 60, 7
	for seed := range uint64(3) {
		l := newFakeLog()
		rng := rand.New(rand.NewPCG(seed, 99))
		l.failSubmit = func() bool { return rng.IntN(3) == 0 } // the log is full every now and then
		b := Open(Options{State: l, CacheBytes: 4 << 10})
		if !storm(t, b, l, seed, workers, visitors, accounts) {
			t.Fatal("something was not delivered")
		}
		checkOnce(t, l.log(), visitors, accounts)
		checkFields(t, b, workers, visitors)
		if s := b.Stats(); s.PendingRecords != 0 || s.PendingBytes != 0 {
			t.Fatalf("left behind: %+v", s)
		}
		l.close()
	}
}

func TestOneReportEachAcrossCrashes(t *testing.T) {
	const workers, visitors, accounts = 20, 40, 3
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 7))
		l := newFakeLog()
		rounds := 0
		for done := false; !done; rounds++ {
			commits := rng.IntN(40) // until the disk breaks
			l.late = rng.IntN(2) == 0
			l.failCommit = func() bool { commits--; return commits < 0 && rounds < 8 }
			done = storm(t, Open(Options{State: l}), l, seed, workers, visitors, accounts)
			l = l.restart()
		}
		if rounds < 3 {
			t.Fatalf("seed %d: only %d rounds, this test has lost its point", seed, rounds)
		}
		checkOnce(t, l.log(), visitors, accounts)
		checkFields(t, Open(Options{State: l}), workers, visitors)
		l.close()
	}
}
