//go:build !race

package signal

import "testing"

// TestAllocations: a visitor who is known costs none, nor does numbering them.
func TestAllocations(t *testing.T) {
	d := New(Options{})
	var feed Feed
	at := int64(now)
	app, id, url := []byte("demo"), []byte(`"visitor-1"`), []byte(`"https://app.example.com/users/7?tab=all"`)
	run := func() {
		v := Visitor(d.Sum(app, id))
		feed.Join(d, v)
		feed.Begin(at)
		for range 8 {
			at += 100
			feed.Click(v, at, On(d.Sum(url)))
			feed.Load(v, at, d.Sum(url))
		}
		feed.Done(at%3 != 0)
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkClick is one request that tells of one click of one of many visitors.
func BenchmarkClick(b *testing.B) {
	d := New(Options{})
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		var feed Feed
		for i := uint64(0); p.Next(); i++ {
			v := Visitor(i * 0x9e3779b97f4a7c15 % 50_000)
			feed.Join(d, v)
			feed.Begin(now)
			feed.Click(v, now+int64(i), On(1))
			feed.Done(true)
		}
	})
}
