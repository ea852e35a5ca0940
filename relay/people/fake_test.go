package people

import (
	"errors"
	"maps"
	"sync"
)

var (
	errFull   = errors.New("log is full")
	errBroken = errors.New("disk broke")
)

// fakeLog is what people asks of the log: batches committed in the order of their submits, in groups, by one goroutine;
// after a failed commit nothing more is taken.
type fakeLog struct {
	mu      sync.RWMutex
	state   map[string][]byte
	events  []string
	puts    int
	open    *fakeGroup
	kick    chan struct{}
	stopped chan struct{}

	failSubmit func() bool // asked with the lock held
	failCommit func() bool
	broken     bool
	breaks     bool // a failed commit is the last
	late       bool // what breaks has reached the disk all the same; only the answer is lost
	failGet    error
}

type fakeGroup struct {
	batches []*fakeBatch
	done    chan struct{}
	err     error
}

type fakeBatch struct {
	events []string
	keys   [][]byte
	values [][]byte
	group  *fakeGroup
}

func (b *fakeBatch) Put(key, value []byte) {
	b.keys, b.values = append(b.keys, key), append(b.values, value)
}

func (b *fakeBatch) Wait() error {
	<-b.group.done
	return b.group.err
}

func newFakeLog() *fakeLog {
	never := func() bool { return false }
	l := &fakeLog{state: map[string][]byte{}, kick: make(chan struct{}, 1), stopped: make(chan struct{}),
		failSubmit: never, failCommit: never, breaks: true}
	go l.commitLoop()
	return l
}

// restart is the log after a crash: what was committed, and nothing else.
func (l *fakeLog) restart() *fakeLog {
	l.close()
	n := newFakeLog()
	n.state, n.events = maps.Clone(l.state), append([]string(nil), l.events...)
	return n
}

func (l *fakeLog) close() {
	close(l.kick)
	<-l.stopped
}

func (l *fakeLog) Get(dst, key []byte) ([]byte, bool, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.failGet != nil {
		return dst, false, l.failGet
	}
	v, ok := l.state[string(key)]
	return append(dst, v...), ok, nil
}

func (l *fakeLog) Submit(b *fakeBatch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return errBroken
	}
	if l.failSubmit() {
		return errFull
	}
	if l.open == nil {
		l.open = &fakeGroup{done: make(chan struct{})}
		l.kick <- struct{}{}
	}
	b.group = l.open
	l.open.batches = append(l.open.batches, b)
	return nil
}

func (l *fakeLog) commitLoop() {
	defer close(l.stopped)
	for range l.kick {
		l.mu.Lock()
		g := l.open
		l.open = nil
		if l.broken || l.failCommit() {
			if l.late && !l.broken {
				l.commit(g)
			}
			g.err, l.broken = errBroken, l.breaks
		} else {
			l.commit(g)
		}
		l.mu.Unlock()
		close(g.done)
	}
}

func (l *fakeLog) commit(g *fakeGroup) {
	for _, b := range g.batches {
		l.events = append(l.events, b.events...)
		for i, key := range b.keys {
			l.state[string(key)] = b.values[i]
			l.puts++
		}
	}
}

// log is the events committed so far.
func (l *fakeLog) log() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return append([]string(nil), l.events...)
}

// intake does what intake does with one event: it names the change's events before the event itself.
func intake(b *Book, l *fakeLog, visitor, account, name string) error {
	batch := &fakeBatch{}
	v, a := quoted(visitor), quoted(account)
	if b.Known("demo", v, a) {
		batch.events = append(batch.events, name)
		if err := l.Submit(batch); err != nil {
			return err
		}
		return batch.Wait()
	}
	change := b.Begin()
	seen, err := change.See("demo", v, a, 1700000000000)
	if err != nil || seen.Refused {
		change.Done(false)
		return err
	}
	if seen.NewVisitor {
		batch.events = append(batch.events, "visitorCreated "+visitor)
	}
	if seen.NewAccount {
		batch.events = append(batch.events, "accountCreated "+account)
	}
	batch.events = append(batch.events, name)
	return send(change, l, batch)
}

// send stages, submits and waits.
func send(change *Change, l *fakeLog, batch *fakeBatch) error {
	change.Stage(batch)
	if err := l.Submit(batch); err != nil {
		change.Done(false)
		return err
	}
	change.Submitted()
	err := batch.Wait()
	change.Done(err == nil)
	return err
}

func quoted(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(`"` + s + `"`)
}
