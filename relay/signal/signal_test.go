package signal

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is when all arrives that does not say otherwise.
const now = 1_795_241_520_000

// told gives each event a Feed of its own and returns a digit for each: whether it was the one.
func told(d *Detector, v Visitor, count int, tell func(f *Feed, i int) bool) string {
	var b strings.Builder
	var f Feed
	for i := range count {
		f.Join(d, v)
		f.Begin(now)
		if tell(&f, i) {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
		f.Done(true)
	}
	return b.String()
}

// TestRageClicks holds the rule at its edges.
func TestRageClicks(t *testing.T) {
	// f takes clicks of time, x, y; the time counts from the click before.
	f := func(want string, clicks ...[3]int) {
		t.Helper()
		at := int64(now)
		got := told(New(Options{}), 1, len(clicks), func(f *Feed, i int) bool {
			at += int64(clicks[i][0])
			return f.Click(1, at, At(clicks[i][1], clicks[i][2]))
		})
		if got != want {
			t.Errorf("%v: %s, want %s", clicks, got, want)
		}
	}
	same := func(gaps ...int) (clicks [][3]int) {
		for _, gap := range gaps {
			clicks = append(clicks, [3]int{gap, 100, 200})
		}
		return clicks
	}
	f("0001", same(0, 100, 100, 100)...)
	f("000", same(0, 100, 100)...)
	f("0001", same(0, 1000, 1000, 1000)...)
	f("0000", same(0, 1000, 1000, 1001)...)
	f("00001", same(0, 1001, 1000, 1000, 1000)...)
	f("0000001", same(0, 1000, 1000, 1001, 1000, 1000, 1000)...)
	f("0001", same(0, 0, 0, 0)...)
	f("00010001", same(0, 1, 1, 1, 1, 1, 1, 1)...) // the count restarts
	f("000100010", same(0, 1, 1, 1, 1, 1, 1, 1, 1)...)
	f("00010001", same(0, 1000, 1000, 1000, 5000, 1, 1, 1)...)
	f("0001", [3]int{0, 100, 100}, [3]int{1, 130, 70}, [3]int{1, 70, 130}, [3]int{1, 130, 130})
	f("0000", [3]int{0, 100, 100}, [3]int{1, 131, 100}, [3]int{1, 131, 100}, [3]int{1, 131, 100})
	f("0000", [3]int{0, 100, 100}, [3]int{1, 100, 69}, [3]int{1, 100, 69}, [3]int{1, 100, 69})
	f("00001", [3]int{0, 100, 100}, [3]int{1, 100, 69}, [3]int{1, 100, 69}, [3]int{1, 100, 69}, [3]int{1, 100, 69})
	f("0000", [3]int{0, 0, 0}, [3]int{1, 20, 0}, [3]int{1, 40, 0}, [3]int{1, 60, 0}) // of the first, not of the one before
	f("0001", [3]int{0, -5, -5}, [3]int{1, 25, 25}, [3]int{1, -35, -35}, [3]int{1, 0, 0})
	f("0001", [3]int{0, math.MaxInt, math.MinInt}, [3]int{1, math.MaxInt, math.MinInt}, [3]int{1, math.MaxInt - 1, math.MinInt + 1}, [3]int{1, math.MaxInt, math.MinInt})
	f("0000", [3]int{0, math.MaxInt, 0}, [3]int{1, math.MinInt, 0}, [3]int{1, math.MaxInt, 0}, [3]int{1, math.MinInt, 0})
}

// TestElements: where there are no coordinates, the element tells.
func TestElements(t *testing.T) {
	f := func(want string, places ...Place) {
		t.Helper()
		got := told(New(Options{}), 1, len(places), func(f *Feed, i int) bool { return f.Click(1, now+int64(i), places[i]) })
		if got != want {
			t.Errorf("%x: %s, want %s", places, got, want)
		}
	}
	a, b := On(7), On(8)
	f("0001", a, a, a, a)
	f("0000", a, a, b, a)
	f("0000001", a, a, b, a, a, a, a)
	f("0000", a, a, a, At(7, 7)) // what has coordinates and what has none are never the same
	f("0000", At(0, 7), At(0, 7), At(0, 7), a)
	f("0001", On(math.MaxUint64), On(math.MaxUint64), On(math.MaxUint64), On(math.MaxUint64))
}

// TestUTurns holds the rule at its edges.
func TestUTurns(t *testing.T) {
	// f takes loads such as "A 0", "B 7000": the page, and the time since the load before.
	f := func(want string, loads ...string) {
		t.Helper()
		at := int64(now)
		got := told(New(Options{}), 1, len(loads), func(f *Feed, i int) bool {
			var page byte
			var gap int64
			if _, err := fmt.Sscanf(loads[i], "%c %d", &page, &gap); err != nil {
				t.Fatal(err)
			}
			at += gap
			return f.Load(1, at, uint64(page))
		})
		if got != want {
			t.Errorf("%q: %s, want %s", loads, got, want)
		}
	}
	f("001", "A 0", "B 100", "A 100")
	f("001", "A 0", "B 100", "A 7000")
	f("000", "A 0", "B 100", "A 7001")
	f("001", "A 0", "B 1500000", "A 7000") // how long A was looked at does not matter
	f("000", "A 0", "A 100", "A 100")      // A ≠ B
	f("000", "A 0", "B 100", "C 100")
	f("0000", "A 0", "B 100", "C 100", "A 100")
	f("0000", "A 0", "B 100", "B 100", "A 100") // a page loaded again lies between
	f("0001", "A 0", "A 100", "B 100", "A 100")
	f("00111", "A 0", "B 100", "A 100", "B 100", "A 100") // to and fro: each is one
	f("0010", "A 0", "B 100", "A 100", "A 100")
	f("001", "A 0", "B 0", "A 0")
}

// TestOrder: what arrives out of order counts by its time, as far as is remembered.
func TestOrder(t *testing.T) {
	clicks := func(want string, times ...int64) {
		t.Helper()
		got := told(New(Options{}), 1, len(times), func(f *Feed, i int) bool { return f.Click(1, now+times[i], On(1)) })
		if got != want {
			t.Errorf("clicks at %d: %s, want %s", times, got, want)
		}
	}
	clicks("0001", 0, 2000, 1000, 3000)
	clicks("0001", 3000, 2000, 1000, 0)
	clicks("0001", 3000, 0, 1000, 2000)
	clicks("0000", 3001, 0, 1000, 2000)
	clicks("00010001", 0, 1, 2, 4, 3, 5, 6, 7)                     // overtaken by the end of a run: it counts for the next
	clicks("0000", 0, 1, -now-7, 2)                                // before time began: that begins anew
	clicks("00000100", 0, 1, 2, 90_000, 90_001, 3, 4, 90_002)      // one that is overtaken by two completes its run
	clicks("00000100", 0, 1, 90_000, 90_001, 90_003, 90_006, 2, 3) // one that is overtaken by a whole run does not
	clicks("0000001", 100_000, 100_001, 100_002, 0, 1, 2, 3)       // an old batch begins anew
	clicks("00000010", 200_000, 0, 50_000, 1, 60_000, 2, 4, 3)     // or finds its place
	loads := func(want string, loads ...any) {
		t.Helper()
		got := told(New(Options{}), 1, len(loads)/2, func(f *Feed, i int) bool {
			return f.Load(1, now+int64(loads[2*i].(int)), uint64(loads[2*i+1].(rune)))
		})
		if got != want {
			t.Errorf("loads %v: %s, want %s", loads, got, want)
		}
	}
	loads("001", 10, 'B', 0, 'A', 20, 'A')
	loads("0001", 0, 'A', 10, 'B', 30, 'C', 20, 'A') // overtaken by the load behind it
	loads("000", 0, 'A', 20, 'A', 10, 'B')           // what lies between came last: too late
	loads("0000", 0, 'A', 20, 'B', 10, 'C', 30, 'A') // C lies between
	loads("00001", 0, 'A', 10, 'B', 20, 'C', 5, 'X', 30, 'B')
	loads("000001", 100_000, 'X', 100_010, 'Y', 100_020, 'Z', 0, 'A', 10, 'B', 20, 'A') // an old batch
}

// TestVisitors: what one does is nothing to another.
func TestVisitors(t *testing.T) {
	d := New(Options{})
	a, b := Visitor(d.Sum([]byte("demo"), []byte(`"a"`))), Visitor(d.Sum([]byte("demo"), []byte(`"b"`)))
	both := []Visitor{a, b}
	var f Feed
	fired := map[Visitor]int{}
	for i := range 14 {
		f.Join(d, a)
		f.Join(d, b)
		f.Begin(now)
		if f.Click(both[i%2], now+int64(i), On(1)) {
			fired[both[i%2]]++
		}
		f.Done(true)
	}
	if fired[a] != 1 || fired[b] != 1 {
		t.Errorf("%v", fired)
	}
	sums := map[uint64]bool{d.Sum([]byte("ab"), []byte("c")): true, d.Sum([]byte("a"), []byte("bc")): true, d.Sum([]byte("abc")): true,
		d.Sum([]byte("abc"), nil): true, d.Sum(): true, d.Sum(nil): true}
	if again := d.Sum([]byte("ab"), []byte("c")); len(sums) != 6 || !sums[again] {
		t.Errorf("sums %v", sums)
	}
}

// TestIdle: somebody of whom nothing comes for a while is forgotten.
func TestIdle(t *testing.T) {
	f := func(wait time.Duration, want bool) {
		t.Helper()
		d := New(Options{Idle: time.Minute})
		var feed Feed
		tell := func(at int64, page uint64) bool {
			feed.Join(d, 1)
			feed.Begin(at)
			defer feed.Done(true)
			return feed.Load(1, now+int64(page), page%2)
		}
		tell(now, 0)
		tell(now, 1)
		if got := tell(now+wait.Milliseconds(), 2); got != want {
			t.Errorf("after %v: %v", wait, got)
		}
	}
	f(time.Minute, true)
	f(time.Minute+time.Millisecond, false)
	f(-time.Hour, true) // our clock was put back
}

// TestTakenBack: a Feed that is not kept leaves no trace, whatever it told and whether it fired.
func TestTakenBack(t *testing.T) {
	d := New(Options{})
	var f Feed
	feed := func(kept bool, clicks int, from int64) (fired int) {
		f.Join(d, 1)
		f.Join(d, 2)
		f.Begin(now)
		for i := range clicks {
			if f.Click(1, now+from+int64(i), On(1)) {
				fired++
			}
			f.Load(1, now+from+int64(i), uint64(i))
			f.Click(2, now, On(1))
		}
		f.Done(kept)
		f.Done(kept) // a second does nothing
		return fired
	}
	if feed(false, 9, 0) != 2 || feed(true, 2, 0) != 0 || feed(false, 3, 2) != 1 || feed(false, 1, 2) != 0 || feed(true, 1, 2) != 0 || feed(true, 1, 3) != 1 {
		t.Error("what was taken back still counts")
	}
	f.Join(d, 1)
	f.Done(false) // never begun
	f.Begin(now)  // of nobody
	f.Done(true)
	if d.Len() != 2 {
		t.Errorf("%d visitors", d.Len())
	}
}

// TestNotJoined: a Feed must hold the lock of whom it tells.
func TestNotJoined(t *testing.T) {
	f := func(what string, tell func(f *Feed, d *Detector)) {
		t.Helper()
		defer func() {
			if text := fmt.Sprint(recover()); !strings.HasPrefix(text, "BUG: signal: visitor ") {
				t.Errorf("%s: %s", what, text)
			}
		}()
		tell(new(Feed), New(Options{}))
	}
	f("not joined", func(f *Feed, d *Detector) { f.Join(d, 1); f.Begin(now); defer f.Done(false); f.Click(2, now, On(1)) })
	f("not begun", func(f *Feed, d *Detector) { f.Join(d, 1); f.Load(1, now, 1) })
	f("done", func(f *Feed, d *Detector) { f.Join(d, 1); f.Begin(now); f.Done(true); f.Load(1, now, 1) })
}
