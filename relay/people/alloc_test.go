//go:build !race

package people

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"testing"
)

func TestQuestionsDoNotAllocate(t *testing.T) {
	b, l := open(t)
	v, a := []byte(`"visitor-1"`), []byte(`"acct-1"`)
	values := []byte(`{"email":"v1@example.com","role":"admin","seats":12}`)
	change(t, b, l, func(c *Change) {
		if _, err := c.See("demo", v, a, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Merge(Visitor, "demo", v, Agent, values); err != nil {
			t.Fatal(err)
		}
	})
	f := func(what string, ask func() bool) {
		t.Helper()
		person := b.hashes.person(Visitor, "demo", v)
		if n := testing.AllocsPerRun(200, func() {
			if !ask() {
				t.Fatal(what)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations when the table knows", what, n)
		}
		if n := testing.AllocsPerRun(200, func() {
			b.cache.forget(person)
			if !ask() {
				t.Fatal(what)
			}
		}); n >= 1 { // a collection may empty the pool of readers in between
			t.Errorf("%s: %v allocations when the state is read", what, n)
		}
	}
	f("Known", func() bool { return b.Known("demo", v, a) })
	f("Known without account", func() bool { return b.Known("demo", v, nil) })
	f("Refused", func() bool { no, err := b.Refused("demo", v); return !no && err == nil })
	f("Holds", func() bool { return b.Holds(Visitor, "demo", v, Agent, values) })

	var p Person
	dst := make([]byte, 0, 1024)
	f("Load", func() bool {
		_, err := b.Load(&p, Visitor, "demo", v)
		dst = p.AppendJSON(dst[:0])
		return err == nil && string(p.Field(Agent, "role")) == `"admin"`
	})
	view, names := b.View(), []string{"email", "none", "seats"}
	f("View", func() bool {
		dst = view.AppendVisitorFields(dst[:0], "demo", v, names)
		return string(dst) == `{"email":"v1@example.com","seats":12}`
	})
}

func TestExclusionsDoNotAllocate(t *testing.T) {
	list := []string{"test-*", "*@example.com", "*bot*crawler*", "exact", "a*b"}
	x, err := NewExclusions(list, list)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{`"visitor-1"`, `"say \"hi\" \u0001"`, `"` + string(bytes.Repeat([]byte(`\n`), 1024)) + `"`, `"x@example.com"`} {
		id := []byte(id)
		if n := testing.AllocsPerRun(100, func() { x.Excludes(id, id) }); n != 0 {
			t.Errorf("%.40s: %v allocations", id, n)
		}
	}
}

// crowd is the state of a million visitors who are alike, in a bit each: what is left of the heap is the Book's.
type crowd struct {
	seen  []uint64
	value []byte
	puts  int
}

func (s *crowd) number(key []byte) int {
	at := bytes.LastIndexByte(key, 'v') + 1
	n, err := strconv.Atoi(string(key[at : len(key)-1]))
	if err != nil {
		panic(err)
	}
	return n
}

func (s *crowd) Put(key, value []byte) {
	n := s.number(key)
	s.seen[n/64] |= 1 << (n % 64)
	s.value = value
	s.puts++
}

func (s *crowd) Get(dst, key []byte) ([]byte, bool, error) {
	n := s.number(key)
	if s.seen[n/64]&(1<<(n%64)) == 0 {
		return dst, false, nil
	}
	return append(dst, s.value...), true, nil
}

func TestMillionVisitorsTakeNoMemory(t *testing.T) {
	const visitors, cacheBytes = 1_000_000, 4 << 20
	s := &crowd{seen: make([]uint64, visitors/64+1)}
	before := heap()
	b := Open(Options{State: s, CacheBytes: cacheBytes})
	var id []byte
	for i := range visitors {
		id = fmt.Appendf(id[:0], `"v%d"`, i)
		if b.Known("demo", id, nil) {
			t.Fatalf("%s is known", id)
		}
		c := b.Begin()
		if seen, err := c.See("demo", id, nil, 1700000000000); !seen.NewVisitor || err != nil {
			t.Fatalf("%s: %+v, %v", id, seen, err)
		}
		c.Stage(s)
		c.Submitted()
		c.Done(true)
		if i%3 == 0 && !b.Known("demo", id, nil) {
			t.Fatalf("%s is not known", id)
		}
	}
	for i := range visitors {
		if id = fmt.Appendf(id[:0], `"v%d"`, i); !b.Known("demo", id, nil) {
			t.Fatalf("%s was forgotten", id)
		}
	}
	grown := heap() - before
	t.Logf("%d visitors, %d writes: heap grew by %d bytes, %d of them the table", visitors, s.puts, grown, cacheBytes)
	if grown > 2*cacheBytes || s.puts != visitors {
		t.Fatalf("heap grew by %d bytes with a table of %d; %d writes", grown, cacheBytes, s.puts)
	}
	runtime.KeepAlive(b)
}

func heap() int {
	for range 3 { // what pools hold is let go by the second, what finalizers hold by the third
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
