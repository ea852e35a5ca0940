package replay

import (
	"slices"
	"testing"
	"time"
)

// A log that is trimmed under a job: what is gone is counted, the rest is sent once, in its order.
func TestReplayWhileTheLogIsTrimmed(t *testing.T) {
	f := func(what string, q Request) {
		t.Helper()
		inBubble(t, func(t *testing.T, b *bed) {
			b.close()
			b.opt.Retain, b.opt.TrimInterval = 150*time.Second, 500*time.Millisecond
			b.open()
			sent := b.sendPages(1000) // in 100 seconds
			first := b.deliver("crm")
			j := b.start(q)
			var all []got
			for n := 0; !b.job(j.ID).State.Ended(); n++ {
				all = append(all, b.pass(time.Second, "crm")...)
				if n%20 == 0 {
					b.sendPages(1)
					all = append(all, b.deliver("crm")...)
				}
				if n == 90 {
					b.close()
					b.open()
				}
			}
			all = slices.DeleteFunc(all, func(g got) bool { return !slices.Contains(sent, g.id) })
			now, at := b.job(j.ID), 0
			for _, g := range all {
				i := slices.Index(sent[at:], g.id)
				if i < 0 {
					t.Fatalf("%s: %s was sent twice, or not in its turn", what, g.id)
				}
				at += i + 1
			}
			wantBodies(t, all, first)
			if now.State != Done || now.Lost < 100 || now.Events != int64(len(all)) || now.Events+now.Lost != 1000 {
				t.Errorf("%s: %d were sent; the job says %+v", what, len(all), now)
			}
		})
	}
	f("everything", Request{To: "crm", Rate: 5})
	f("what it was given", Request{To: "crm", Of: "crm", Rate: 4})
	f("by numbers", Request{To: "crm", Seqs: manySeqs(1000), Rate: 3})
}

// A range that is gone altogether is no error.
func TestReplayOfWhatIsTrimmed(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.close()
		b.opt.Retain, b.opt.TrimInterval = time.Minute, time.Second
		b.open()
		began := time.Now()
		b.sendPages(100)
		time.Sleep(2 * time.Minute)
		b.sendPages(100)
		b.deliver("crm")
		if all := b.repeat(Request{To: "crm", Until: began.Add(time.Minute)}); len(all) > 0 {
			t.Errorf("%d were sent", len(all))
		}
		if all := b.repeat(Request{To: "crm"}); len(all) != 100 {
			t.Errorf("%d of what is left were sent", len(all))
		}
		if all := b.repeat(Request{To: "crm", Seqs: []uint64{1, 2, 50, 150}}); len(all) != 1 || b.runner.Jobs()[0].Lost != 3 {
			t.Errorf("%d were sent by number, the job says %+v", len(all), b.runner.Jobs()[0])
		}
	})
}
