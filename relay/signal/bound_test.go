package signal

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestBounds: a million visitors, each told of once, hold both limits; those heard of last are the ones remembered.
func TestBounds(t *testing.T) {
	f := func(visitors int, o Options, least, most int) {
		t.Helper()
		before := heap()
		d := New(o)
		var feed Feed
		for i := range visitors {
			v := Visitor(uint64(i) * 0x9e3779b97f4a7c15)
			feed.Join(d, v)
			feed.Begin(now)
			feed.Load(v, now, 1)
			feed.Click(v, now, On(1))
			feed.Done(true)
		}
		if n := d.Len(); n < least || n > most {
			t.Errorf("%+v: %d visitors are remembered, want %d to %d", o, n, least, most)
		}
		limit := int64(o.Bytes)
		if limit == 0 {
			limit = bytesDefault
		}
		if grown := heap() - before; grown > limit {
			t.Errorf("%+v: %d bytes", o, grown)
		}
		for i := range 1000 {
			v := Visitor(uint64(visitors-1-i) * 0x9e3779b97f4a7c15)
			s := d.shard(v)
			if _, known := s.index[v]; !known && least > 2000 {
				t.Errorf("%+v: the %dth from the end is forgotten", o, i)
			}
		}
		runtime.KeepAlive(d)
	}
	f(1_000_000, Options{}, 99_000, 100_000)
	f(200_000, Options{Visitors: 10_000}, 9_000, 10_000)
	f(200_000, Options{Bytes: 4 << 20}, 15_000, 4<<20/visitorBytes)
	f(200_000, Options{Visitors: 1}, 1, shardCount) // one in each shard, at least
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestRoomOfTheIdle: who is forgotten for idleness makes room before more is taken.
func TestRoomOfTheIdle(t *testing.T) {
	d := New(Options{Idle: time.Minute})
	var feed Feed
	for i := range 100_000 {
		v := Visitor(i)
		feed.Join(d, v)
		feed.Begin(now + int64(i)*100) // 600 a minute
		feed.Load(v, now, 1)
		feed.Done(true)
	}
	if n := d.Len(); n > 1000 {
		t.Errorf("%d visitors take room", n)
	}
}

// TestForgottenWithinAFeed: a Feed of more visitors than are remembered is taken back all the same.
func TestForgottenWithinAFeed(t *testing.T) {
	d := New(Options{Visitors: 1})
	var feed Feed
	for i := range Visitor(1000) {
		feed.Join(d, i)
	}
	feed.Begin(now)
	for i := range Visitor(1000) {
		feed.Click(i, now, On(1))
		feed.Click(i/2, now, On(1))
	}
	feed.Done(false)
	if cap(feed.told) != 0 {
		t.Errorf("room for %d is kept", cap(feed.told))
	}
	for i := range d.shards {
		for _, v := range d.shards[i].slots {
			if v.history != (history{}) {
				t.Errorf("visitor %d is remembered: %+v", v.key, v.history)
			}
		}
	}
}

// TestConcurrency: many tell of the same visitors at once. No click is lost and none counts twice, and nobody waits for
// good.
func TestConcurrency(t *testing.T) {
	const tellers, rounds, visitors = 8, 80, 20
	d := New(Options{})
	var fired atomic.Int64
	var all sync.WaitGroup
	for teller := range tellers {
		all.Go(func() {
			var feed Feed
			for round := range rounds {
				for v := range Visitor(visitors) {
					feed.Join(d, v)
				}
				feed.Begin(now)
				count := int64(0)
				for i := range Visitor(visitors) {
					if feed.Click((i+Visitor(teller))%visitors, now+int64(round), On(1)) {
						count++
					}
				}
				kept := (round+teller)%4 != 0
				if kept {
					fired.Add(count)
				}
				feed.Done(kept)
			}
		})
	}
	all.Wait()
	if want := int64(visitors * tellers * rounds * 3 / 4 / 4); fired.Load() != want {
		t.Errorf("%d rage clicks, want %d", fired.Load(), want)
	}
	if d.Len() != visitors {
		t.Errorf("%d visitors", d.Len())
	}
}
