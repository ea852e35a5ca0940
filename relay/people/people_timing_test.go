package people

import (
	"fmt"
	"testing"
)

// benchVisitors is how many visitors the benchmarks go round: enough that the table does not fit a CPU's cache.
const benchVisitors = 200_000

func benchBook(b *testing.B, cacheBytes int) (*Book, [][]byte) {
	b.Helper()
	l := newFakeLog()
	b.Cleanup(l.close)
	book := Open(Options{State: l, CacheBytes: cacheBytes})
	ids := make([][]byte, benchVisitors)
	c := book.Begin()
	for i := range ids {
		ids[i] = fmt.Appendf(nil, `"visitor-%d@example.com"`, i)
		if _, err := c.See("demo", ids[i], fmt.Appendf(nil, `"acct-%d"`, i%1000), 1700000000000); err != nil {
			b.Fatal(err)
		}
	}
	if err := send(c, l, &fakeBatch{}); err != nil {
		b.Fatal(err)
	}
	for i, id := range ids {
		if !book.Known("demo", id, fmt.Appendf(nil, `"acct-%d"`, i%1000)) {
			b.Fatal(i)
		}
	}
	return book, ids
}

func BenchmarkKnown(b *testing.B) {
	book, ids := benchBook(b, 16<<20)
	accounts := make([][]byte, 1000)
	for i := range accounts {
		accounts[i] = fmt.Appendf(nil, `"acct-%d"`, i)
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			book.Known("demo", ids[0], accounts[0])
		}
	})
	b.Run("many", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			n := i * 7919 % benchVisitors
			book.Known("demo", ids[n], accounts[n%1000])
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				n := i * 7919 % benchVisitors
				book.Known("demo", ids[n], accounts[n%1000])
			}
		})
	})
}

// BenchmarkKnownByRecord is the same when the table has forgotten everybody, on a state that is a map.
func BenchmarkKnownByRecord(b *testing.B) {
	book, ids := benchBook(b, 1)
	account := []byte(`"acct-0"`)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		book.Known("demo", ids[i%200*1000], account)
	}
}

func BenchmarkHolds(b *testing.B) {
	l := newFakeLog()
	b.Cleanup(l.close)
	book := Open(Options{State: l})
	id, values := []byte(`"v1"`), []byte(`{"email":"v1@example.com","role":"admin","signup":"2024-01-02T03:04:05Z","language":"en_US"}`)
	c := book.Begin()
	if _, err := c.Merge(Visitor, "demo", id, Agent, values); err != nil {
		b.Fatal(err)
	}
	if err := send(c, l, &fakeBatch{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !book.Holds(Visitor, "demo", id, Agent, values) {
			b.Fatal("not held")
		}
	}
}

// BenchmarkFirstSighting is a whole change with one new visitor, without the log's part.
func BenchmarkFirstSighting(b *testing.B) {
	book := Open(Options{State: newIdleState()})
	account := []byte(`"acct-1"`)
	var id []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		id = fmt.Appendf(id[:0], `"visitor-%d"`, i)
		c := book.Begin()
		if _, err := c.See("demo", id, account, 1700000000000); err != nil {
			b.Fatal(err)
		}
		c.Stage(discard{})
		c.Submitted()
		c.Done(true)
	}
}

type discard struct{}

func (discard) Put(_, _ []byte) {}
