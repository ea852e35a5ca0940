package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/wal"
)

// stubborn is a state that a test holds up or lets fail.
type stubborn struct {
	*wal.Log
	before, after chan struct{} // a commit waits for each that is there, before it and after it
	low           atomic.Bool

	mu    sync.Mutex
	fails []error // of the next commits
}

func (s *stubborn) Append(b *wal.Batch) (wal.Appended, error) {
	s.mu.Lock()
	if len(s.fails) > 0 {
		err := s.fails[0]
		s.fails = s.fails[1:]
		s.mu.Unlock()
		return wal.Appended{}, err
	}
	s.mu.Unlock()
	if s.before != nil {
		<-s.before
	}
	got, err := s.Log.Append(b)
	if s.after != nil {
		<-s.after
	}
	return got, err
}

func (s *stubborn) DiskLow() bool { return s.low.Load() }

// TestEntriesOnTheirWayAreSeenOnce while the disk has not got them yet, and when it has got them already.
func TestEntriesOnTheirWayAreSeenOnce(t *testing.T) {
	s := &stubborn{Log: openLog(t, vfs.NewMem(), "log"), before: make(chan struct{}), after: make(chan struct{})}
	j, c := newJournal(t, func(o *Options) { o.State = s })
	check := func(where string, want ...int) {
		t.Helper()
		wantIDs(t, where, all(t, Query{Limit: 2}, of(j, 1)), want...)
		wantIDs(t, where+", all errors", all(t, Query{Limit: 2}, j.Errors), want...)
		if !j.Any(1) || !j.HasErrors(1, c.Now()) {
			t.Errorf("%s: there is nothing of the queue", where)
		}
	}
	for n := range 3 {
		j.Append(1, failure(c.Now(), n))
	}
	check("in the buffer", 2, 1, 0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.flush()
	}()
	for flying := false; !flying; time.Sleep(time.Millisecond) {
		j.mu.Lock()
		flying = len(j.flying.places) == 3
		j.mu.Unlock()
	}
	j.Append(1, failure(c.Now(), 3))
	check("on their way", 3, 2, 1, 0)
	s.before <- struct{}{}
	for chunks := 0; chunks == 0; time.Sleep(time.Millisecond) {
		found, _ := stored(t, s)
		chunks = len(found)
	}
	check("on disk, unconfirmed", 3, 2, 1, 0)
	close(s.before)
	close(s.after)
	<-done
	check("on disk", 3, 2, 1, 0)
}

// TestBufferIsBounded holds the disk up: nobody waits, memory stays, and failures find room longer than successes.
func TestBufferIsBounded(t *testing.T) {
	s := &stubborn{Log: openLog(t, vfs.NewMem(), "log"), before: make(chan struct{})}
	j, c := newJournal(t, func(o *Options) { o.State = s })
	j.Append(1, success(c.Now(), 0))
	go j.flush()
	for flying := false; !flying; time.Sleep(time.Millisecond) {
		j.mu.Lock()
		flying = len(j.flying.places) > 0
		j.mu.Unlock()
	}
	const n = 12_000
	for i := range n {
		j.Append(1, success(c.Now(), i))
	}
	if s := j.Stats(); s.DroppedSampled == 0 || s.DroppedFailed != 0 {
		t.Errorf("after successes only: %+v", s)
	}
	sampled := j.Stats().DroppedSampled
	for i := range n {
		j.Append(1, failure(c.Now(), i))
	}
	st := j.Stats()
	if st.DroppedFailed == 0 || st.DroppedSampled != sampled {
		t.Errorf("after as many failures: %+v", st)
	}
	j.mu.Lock()
	size, room := len(j.open.bytes), cap(j.open.bytes)
	j.mu.Unlock()
	if size > bufferMax+rawMax-chunkRaw || room > 2*bufferMax {
		t.Errorf("the buffer holds %d bytes in %d", size, room)
	}
	close(s.before)
	j.flush()
	listed := uint64(len(all(t, Query{Limit: LimitMax}, of(j, 1))))
	if st := j.Stats(); st.Entries != listed || listed+st.DroppedFailed+st.DroppedSampled != 2*n+1 {
		t.Errorf("%d entries are listed, %+v", listed, st)
	}
}

// noisy is an entry that compresses badly.
func noisy(at time.Time, n int) *Attempt {
	a, rng := failure(at, n), rand.New(rand.NewPCG(uint64(n), 0))
	a.Body = nil
	for range 200 {
		a.Body = binary.LittleEndian.AppendUint64(a.Body, rng.Uint64())
	}
	return a
}

// TestNoisyWebhookPushesOutItsOwn entries, and not those of others, nor successes failures.
func TestNoisyWebhookPushesOutItsOwn(t *testing.T) {
	const sizeMax = 2 << 20
	log := openLog(t, vfs.NewMem(), "log")
	c := newClock()
	o := Options{State: log, Now: c.Now, SizeMax: sizeMax}
	j := openJournal(t, o)
	for n := range 100 {
		for queue := uint32(2); queue < 6; queue++ {
			j.Append(queue, failure(c.forward(time.Second), n))
		}
		j.Append(1, failure(c.Now(), n))
	}
	for n := range 5000 {
		a := noisy(c.forward(time.Second), n)
		a.Outcome = Delivered
		j.Append(1, a)
		if n%100 == 0 {
			j.flush()
		}
	}
	j.flush()
	s := j.Stats()
	if s.Bytes > sizeMax || s.Bytes < sizeMax/2 || s.Evicted == 0 || s.DroppedFailed+s.DroppedSampled > 0 {
		t.Errorf("stats %+v, the limit is %d", s, sizeMax)
	}
	checkBytes(t, j)
	for queue := uint32(1); queue < 6; queue++ {
		if n := len(all(t, Query{Status: "failed"}, of(j, queue))); n != 100 {
			t.Errorf("queue %d has %d failures left of 100", queue, n)
		}
	}
	left := all(t, Query{Status: "delivered"}, of(j, 1))
	if uint64(len(left))+s.Evicted != 5000 {
		t.Errorf("%d are left of the noisy one's 5,000, %d were counted as evicted", len(left), s.Evicted)
	}
	for i := range left {
		if left[i].UniqueID != hexID(4999-i) {
			t.Fatalf("what is left is not the newest: entry %d", i)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again := openJournal(t, o)
	if got := again.Stats().Bytes; got != s.Bytes {
		t.Errorf("opened again it counts %d bytes, before %d", got, s.Bytes)
	}
	again.Configure(0, sizeMax/4)
	again.flush()
	if got := again.Stats().Bytes; got > sizeMax/4 {
		t.Errorf("with a lower limit of %d it holds %d bytes", sizeMax/4, got)
	}
	checkBytes(t, again)
}

// TestSharesAreEven when everybody is noisy.
func TestSharesAreEven(t *testing.T) {
	const sizeMax, queues = 2 << 20, 8
	j, c := newJournal(t, func(o *Options) { o.SizeMax = sizeMax })
	for n := range 5000 {
		queue := uint32(1 + n%queues)
		if n%3 > 0 {
			queue = 1 // which gets most of them
		}
		j.Append(queue, noisy(c.forward(time.Second), n))
		if n%100 == 0 {
			j.flush()
		}
	}
	j.flush()
	j.mu.Lock()
	defer j.mu.Unlock()
	for s, a := range j.ledger.accounts {
		// The writer's own rhythm decides how large a segment is, and the one who has most loses a whole one.
		if even := int64(sizeMax / queues); a.bytes < even/3 || a.bytes > even*3/2 {
			t.Errorf("queue %d has %d bytes, an even share is %d", s.queue, a.bytes, even)
		}
	}
}

// TestEntriesGoWithTheirTime by ranges, some time after nobody can see them any more.
func TestEntriesGoWithTheirTime(t *testing.T) {
	const day = 24 * time.Hour
	j, c := newJournal(t, nil)
	for n := range 30 * 24 {
		j.Append(1, failure(c.forward(time.Hour), n))
		if n%7 == 0 {
			j.Append(2, success(c.Now(), n))
		}
		j.flush()
	}
	if n := len(all(t, Query{Limit: 1000}, of(j, 1))); n != 14*24+1 {
		t.Errorf("%d entries are listed, want those of 14 days", n)
	}
	checkBytes(t, j)
	oldest := newest(math.MaxInt64)
	chunks, _ := stored(t, j.state)
	for key := range chunks {
		_, rest, _ := parseKey([]byte(key), spaceChunk)
		if at, ok := parsePosition(rest); ok && oldest.newerThan(at) {
			oldest = at
		}
	}
	if age := c.Now().Sub(timeOf(oldest.ms)); age > 15*day {
		t.Errorf("an entry of %v ago is still there", age)
	}
	c.forward(15 * day)
	j.flush()
	if chunks, counts := stored(t, j.state); len(chunks)+len(counts) > 0 || j.Stats().Bytes != 0 {
		t.Errorf("%d chunks and %d counts are left of what is too old", len(chunks), len(counts))
	}
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }

// TestNothingIsWrittenWhileTheDiskIsLow and all is well again when it has room.
func TestNothingIsWrittenWhileTheDiskIsLow(t *testing.T) {
	s := &stubborn{Log: openLog(t, vfs.NewMem(), "log")}
	var words bytes.Buffer
	j, c := newJournal(t, func(o *Options) { o.State, o.Logger = s, slog.New(slog.NewTextHandler(&words, nil)) })
	s.low.Store(true)
	for n := range 3 {
		j.Append(1, failure(c.Now(), n))
		j.flush()
	}
	if st := j.Stats(); st.Entries != 0 || st.DroppedFailed != 3 || st.Bytes != 0 {
		t.Errorf("low: %+v", st)
	}
	s.low.Store(false)
	j.Append(1, failure(c.Now(), 3))
	j.flush()
	wantIDs(t, "afterwards", all(t, Query{}, of(j, 1)), 3)
	if got := words.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "not logged until the disk has room") || !strings.Contains(got, "logged again") {
		t.Errorf("it said %q", got)
	}
}

// TestStateThatRefuses is asked again when it has too much to do, and given up on when it is closed.
func TestStateThatRefuses(t *testing.T) {
	s := &stubborn{Log: openLog(t, vfs.NewMem(), "log"), fails: []error{wal.ErrOverloaded, wal.ErrOverloaded}}
	j, c := newJournal(t, func(o *Options) { o.State = s })
	j.Append(1, failure(c.Now(), 1))
	j.flush()
	wantIDs(t, "after an overload", all(t, Query{}, of(j, 1)), 1)
	broken := errors.New("the disk is gone")
	s.fails = []error{broken}
	j.Append(1, failure(c.Now(), 2))
	j.flush()
	j.Append(1, failure(c.Now(), 3))
	j.flush()
	if st := j.Stats(); st.Entries != 1 || st.DroppedFailed != 2 {
		t.Errorf("after the disk has gone: %+v", st)
	}
	if err := j.Close(); !errors.Is(err, broken) {
		t.Errorf("close: %v", err)
	}
	if err := s.Log.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.List(1, Query{}); !errors.Is(err, wal.ErrClosed) {
		t.Errorf("list of a closed log: %v", err)
	}
}
