package wal

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// readAll reads a section in as many stretches as it takes. It returns the bodies, a repeat's in brackets.
func readAll(t testing.TB, l *Log, s Section) (bodies []string) {
	t.Helper()
	last := uint64(0)
	for s.From <= s.To {
		_, next, err := l.Read(s, func(p *Past) bool {
			if p.Seq <= last || p.Seq < s.From || p.Seq > s.To {
				t.Fatalf("record %d follows %d in section %d to %d", p.Seq, last, s.From, s.To)
			}
			last = p.Seq
			body := string(p.Body)
			if p.Repeat {
				body = "(" + body + ")"
			}
			bodies = append(bodies, body)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if next <= s.From {
			t.Fatalf("a read from %d ends before %d", s.From, next)
		}
		s.From = next
	}
	return bodies
}

// oldLog is a log of blocks with three records each, a second apart; record 3b+i of block b is for queue 1, and every
// tenth block has one for queue 2. Records have their numbers as bodies and identities.
func oldLog(t testing.TB, blocks int) (*Log, *clock) {
	t.Helper()
	clock := &clock{}
	l := mustOpen(t, Options{FS: newMem(), Now: clock.Now, Memory: 1 << 20, TrimInterval: time.Hour, DedupeWindow: time.Hour})
	var b Batch
	for n := range blocks {
		b.Reset()
		for i := range 3 {
			seq := 3*n + i + 1
			r := Record{Body: fmt.Append(nil, seq), Identity: uint64(seq), Order: uint64(seq % 2),
				Receivers: []Receiver{{Queue: 1, Note: fmt.Appendf(nil, "one %d", seq)}}}
			if n%10 == 0 && i == 1 {
				r.Receivers = append(r.Receivers, Receiver{Queue: 2, Note: fmt.Appendf(nil, "two %d", seq)})
			}
			b.Add(r)
		}
		if _, err := l.Append(&b); err != nil {
			t.Fatal(err)
		}
		clock.forward(time.Second)
	}
	return l, clock
}

func numbers(from, to int) (list []string) {
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprint(n))
	}
	return list
}

func TestReadSections(t *testing.T) {
	l, _ := oldLog(t, 100)
	f := func(s Section, want []string) {
		t.Helper()
		if got := readAll(t, l, s); !slices.Equal(got, want) {
			t.Errorf("section %+v holds %d records %.60q, want %d", s, len(got), got, len(want))
		}
	}
	f(Section{From: 1, To: 300}, numbers(1, 300))
	f(Section{From: 0, To: 1000}, numbers(1, 300))
	f(Section{From: 17, To: 17}, numbers(17, 17))
	f(Section{From: 17, To: 200}, numbers(17, 200))
	f(Section{From: 300, To: 300}, numbers(300, 300))
	f(Section{From: 301, To: 400}, nil)
	f(Section{From: 5, To: 4}, nil)
	f(Section{From: 1, To: 300, Queue: 2}, []string{"2", "32", "62", "92", "122", "152", "182", "212", "242", "272"})
	f(Section{From: 3, To: 31, Queue: 2}, nil)
	f(Section{From: 1, To: 300, Queue: 3}, nil)
	f(Section{From: 1, To: 300, Identity: 17}, numbers(16, 18)) // its whole block
	f(Section{From: 17, To: 17, Identity: 17}, numbers(17, 17))
	f(Section{From: 1, To: 300, Identity: 1017}, nil)
}

func TestReadRecords(t *testing.T) {
	l, clock := oldLog(t, 11)
	var b Batch
	b.Add(Record{Body: []byte("a repeat"), Repeat: true, Receivers: []Receiver{{Queue: 9, Note: []byte("nine")}}})
	b.Add(Record{Body: []byte("and another"), Repeat: true, Order: 5})
	if _, err := l.Append(&b); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, l, Section{From: 34, To: 35}); !slices.Equal(got, []string{"(a repeat)", "(and another)"}) {
		t.Errorf("repeats read as %q", got)
	}
	seen := 0
	if _, _, err := l.Read(Section{From: 32, To: 34}, func(p *Past) bool {
		seen++
		one, isOne := p.Note(1)
		two, isTwo := p.Note(2)
		nine, isNine := p.Note(9)
		at := (clock.ms() - p.Time) / 1000
		got := fmt.Sprintf("%d after %d s, order %d: %s %v, %s %v, %s %v, for %d", p.Seq, at, p.Order, one, isOne, two, isTwo, nine, isNine, p.Queues(nil))
		want := map[uint64]string{
			32: "32 after 1 s, order 0: one 32 true, two 32 true,  false, for [1 2]",
			33: "33 after 1 s, order 1: one 33 true,  false,  false, for [1]",
			34: "34 after 0 s, order 0:  false,  false, nine true, for [9]",
		}[p.Seq]
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		return true
	}); err != nil || seen != 3 {
		t.Fatalf("%d records, %v", seen, err)
	}
}

// A section that ends inside a block ends there.
func TestReadEndsWithItsSection(t *testing.T) {
	l, _ := oldLog(t, 5)
	f := func(from, to, want uint64) {
		t.Helper()
		if _, next, err := l.Read(Section{From: from, To: to}, func(*Past) bool { return true }); next != want || err != nil {
			t.Errorf("the section %d to %d goes on at %d, %v; want %d", from, to, next, err, want)
		}
	}
	f(4, 4, 5)
	f(4, 5, 6)
	f(1, 14, 15)
	f(1, 15, 16)
	f(1, 99, 100)
	f(16, 20, 21)
}

// A reader that has had enough goes on behind the record it saw last.
func TestReadEndsEarly(t *testing.T) {
	l, _ := oldLog(t, 5)
	got := []string(nil)
	for next := uint64(1); next <= 15; {
		before := len(got)
		var err error
		_, next, err = l.Read(Section{From: next, To: 15}, func(p *Past) bool {
			got = append(got, string(p.Body))
			return len(got)-before < 2
		})
		if err != nil || len(got)-before > 2 {
			t.Fatalf("%d records at once, %v", len(got)-before, err)
		}
	}
	if !slices.Equal(got, numbers(1, 15)) {
		t.Errorf("two at a time: %q", got)
	}
}

// One call reads a stretch, however long the section is.
func TestReadIsShort(t *testing.T) {
	l, _ := oldLog(t, indexStepsMax+100)
	f := func(s Section, most int, mostSeq uint64) {
		t.Helper()
		n := 0
		_, next, err := l.Read(s, func(*Past) bool { n++; return true })
		if err != nil || n > most || next > mostSeq || next <= s.From {
			t.Errorf("one read of %+v sees %d records up to %d, %v; want at most %d up to %d", s, n, next, err, most, mostSeq)
		}
	}
	f(Section{From: 1, To: l.Head()}, 3*readBlocksMax, 3*readBlocksMax+1)
	f(Section{From: 1, To: l.Head(), Queue: 7}, 0, 3*indexStepsMax+1)
	f(Section{From: 1, To: l.Head(), Identity: 1 << 60}, 0, 3*indexStepsMax+1)
}

func TestReadBehindATrim(t *testing.T) {
	l, _ := oldLog(t, 20)
	if got := l.Start(); got != 1 {
		t.Errorf("an untrimmed log starts at %d", got)
	}
	if err := l.cutAt(startMark{seq: 31, begin: 1}); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, l, Section{From: 1, To: 60}); !slices.Equal(got, numbers(31, 60)) || l.Start() != 31 {
		t.Errorf("after a trim up to 31 the log starts at %d, with %q", l.Start(), got[0])
	}
	if err := l.cutAt(startMark{seq: 61, begin: 2}); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, l, Section{From: 1, To: 60}); got != nil {
		t.Errorf("an empty log holds %q", got)
	}
	mustAppend(t, l, "new", 1)
	if got := readAll(t, l, Section{From: 1, To: 61}); !slices.Equal(got, []string{"new"}) {
		t.Errorf("behind a trim of everything is %q", got)
	}
}

func TestSeqAt(t *testing.T) {
	l, clock := oldLog(t, 50)
	began := time.UnixMilli(1_000_000).UnixMilli()
	f := func(ms int64, want uint64) {
		t.Helper()
		if got, err := l.SeqAt(ms); err != nil || got != want {
			t.Errorf("at %+d ms begins %d, %v; want %d", ms-began, got, err, want)
		}
	}
	check := func(first uint64) {
		t.Helper()
		f(0, first)
		for n := range int64(50) {
			f(began+1000*n-999, max(first, uint64(3*n+1)))
			f(began+1000*n, max(first, uint64(3*n+1)))
		}
		f(began+49_001, 151)
		f(clock.ms()+1e12, 151)
	}
	check(1)
	if err := l.cutAt(startMark{seq: 31, begin: 1}); err != nil {
		t.Fatal(err)
	}
	check(31)
	if err := l.cutAt(startMark{seq: 151, begin: 2}); err != nil {
		t.Fatal(err)
	}
	f(0, 151)
	f(clock.ms(), 151)

	empty := mustOpen(t, Options{FS: newMem()})
	if got, err := empty.SeqAt(0); err != nil || got != 1 || empty.Start() != 1 {
		t.Errorf("a new log's first record is %d, %v", got, err)
	}
}

// Reading what a log holds at random, against what was appended, over codecs, block sizes and a restart.
func TestReadWhatWasAppended(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, codec := range []string{"none", "s2", "zstd"} {
		fs, clock := newMem(), &clock{}
		o := Options{Dir: "log", FS: fs, Now: clock.Now, Compression: codec, Memory: 1 << 20, TrimInterval: time.Hour, Logger: slog.New(slog.DiscardHandler)}
		l, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		times := []int64{0}
		for range 60 {
			var b Batch
			for range 1 + rng.IntN(30) {
				body := fmt.Sprint(len(want)+1, " ", strings.Repeat("x", rng.IntN(1+rng.IntN(20_000))))
				want, times = append(want, body), append(times, clock.ms())
				b.Add(Record{Body: []byte(body), Receivers: []Receiver{{Queue: 1 + rng.Uint32N(5)}}})
			}
			if _, err := l.Append(&b); err != nil {
				t.Fatal(err)
			}
			clock.forward(time.Duration(rng.IntN(3)) * time.Second)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, o)
		for range 100 {
			from := 1 + rng.IntN(len(want))
			to := from + rng.IntN(len(want)-from+1)
			if got := readAll(t, l, Section{From: uint64(from), To: uint64(to)}); !slices.Equal(got, want[from-1:to]) {
				t.Fatalf("%s: records %d to %d are not what was appended", codec, from, to)
			}
			first, _ := slices.BinarySearch(times, times[from])
			if got, err := l.SeqAt(times[from]); err != nil || got != uint64(first) {
				t.Fatalf("%s: at %d begins %d, %v; want %d", codec, times[from], got, err, first)
			}
		}
	}
}

// Readers, appends and trims at once: whatever is read is whole and in its order, and nothing that is left is missed.
func TestReadWhileTrimmed(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem(), Memory: 1 << 20, TrimInterval: time.Hour})
	until := time.Now().Add(rushTime / 2)
	var wg sync.WaitGroup
	wg.Go(func() {
		var b Batch
		for n := 1; time.Now().Before(until); n++ {
			b.Reset()
			for range 5 {
				b.Add(Record{Body: fmt.Append(nil, l.Head()), Receivers: []Receiver{{Queue: 1}}})
			}
			if _, err := l.Append(&b); err != nil {
				t.Error(err)
				return
			}
		}
	})
	wg.Go(func() {
		for time.Now().Before(until) {
			time.Sleep(time.Millisecond)
			if head := l.Head(); head > 100 {
				if err := l.cutAt(startMark{seq: l.Start() + (head-l.Start())/10*5, begin: l.startBytes.Load() + 1}); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for time.Now().Before(until) {
				start, head := l.Start(), l.Head()
				for next := start; next <= head; {
					var seqs []uint64
					from, after, err := l.Read(Section{From: next, To: head}, func(p *Past) bool {
						seqs = append(seqs, p.Seq)
						return true
					})
					if err != nil {
						t.Error(err)
						return
					}
					for i, seq := range seqs {
						if want := from + uint64(i); seq != want {
							t.Errorf("a stretch from %d (asked for %d) gave %d in the place of %d", from, next, seq, want)
							return
						}
					}
					if from < next || after != from+uint64(len(seqs)) {
						t.Errorf("a stretch from %d (asked for %d) to %d gave %d records", from, next, after, len(seqs))
						return
					}
					next = after
				}
				if _, err := l.SeqAt(time.Now().UnixMilli() - 5); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
