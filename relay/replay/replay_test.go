package replay

import (
	"slices"
	"testing"
	"time"

	"edgerelay/relay/event"
)

// A range of time is sent again to the webhook that had it: each event once, the same bytes, nobody else hears of it.
func TestReplayRange(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(500) // ten a second
		began := time.Now().Add(-50 * time.Second)
		first := b.deliver("crm")
		b.deliver("bi")
		wantIDs(t, "at first", first, sent)
		again := b.repeat(Request{To: "crm", From: began.Add(10 * time.Second), Until: began.Add(30 * time.Second)})
		wantIDs(t, "the range", again, sent[100:300])
		wantBodies(t, again, first)
		if other := b.deliver("bi"); len(other) > 0 {
			t.Errorf("the other webhook got %d", len(other))
		}
		j := b.runner.Jobs()[0]
		wantEnd(t, j, Done, "", 200)
		if j.Share != 1 || j.Lost != 0 || j.Request.Rate != RateDefault || !j.At.Equal(began.Add(29*time.Second)) {
			t.Errorf("the job says %+v", j)
		}
	})
}

// What a replay has sent is in the log too, and no later replay sends it again.
func TestReplayLeavesRepeatsOut(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(100)
		b.deliver("crm")
		b.deliver("bi")
		for range 3 {
			wantIDs(t, "everything", b.repeat(Request{To: "crm"}), sent)
			wantIDs(t, "what it was given", b.repeat(Request{To: "crm", Of: "crm"}), sent)
		}
		wantIDs(t, "another webhook", b.repeat(Request{To: "bi", Of: "crm"}), sent)
		if head := b.log.Head(); head != 100+6*100+100 {
			t.Errorf("the log holds %d records", head)
		}
	})
}

// Another webhook gets what it selects itself, as if it happened now.
func TestReplayToAnotherWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		click := func(ids ...string) *event.Event { return b.take(event.FeatureClicked, "shop", ids...) }
		b.setHooks(newHook("crm", 1, "featureClicked:a,b"))
		events := []*event.Event{click("a"), click("a", "b", "c"), click("c"), b.take(event.PageLoaded, "shop", "a"), click("b", "x")}
		b.send(events...)
		b.deliver("crm")
		late := newHook("late", 3, "featureClicked:b,c")
		b.setHooks(newHook("crm", 1, "featureClicked:a,b"), late)
		b.openQueue(late)
		bodies := func(of []got, on ...int) {
			t.Helper()
			var want []string
			for _, i := range on {
				want = append(want, idOf(events[i]))
			}
			wantIDs(t, "picked", of, want)
			b.setHooks(late)
			b.send(slices.Collect(func(yield func(*event.Event) bool) {
				for _, i := range on {
					yield(events[i])
				}
			})...)
			live := b.deliver("late")
			b.setHooks(newHook("crm", 1, "featureClicked:a,b"), late)
			wantBodies(t, of, live)
		}
		until := time.Now().Add(time.Second)
		time.Sleep(2 * time.Second)
		bodies(b.repeat(Request{To: "late", Until: until}), 1, 2, 4)
		bodies(b.repeat(Request{To: "late", Until: until, Of: "crm"}), 1, 4)
		bodies(b.repeat(Request{To: "late", Until: until, Events: []string{"featureClicked:x"}}), 4)
		wantIDs(t, "all", b.repeat(Request{To: "late", Until: until, Events: []string{"*"}}),
			[]string{idOf(events[0]), idOf(events[1]), idOf(events[2]), idOf(events[3]), idOf(events[4])})
	})
}

// A webhook that has changed its selection since gets what it had before with the same bytes.
func TestReplayKeepsBytes(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.setHooks(newHook("crm", 1, "featureClicked:a,b", "pageLoaded"))
		both := b.take(event.FeatureClicked, "shop", "a", "b", "c")
		page, other := b.take(event.PageLoaded, "shop", "p"), b.take(event.FeatureClicked, "shop", "c")
		b.send(both, page, other)
		first := b.deliver("crm")
		b.setHooks(newHook("crm", 1, "featureClicked"))
		again := b.repeat(Request{To: "crm"})
		wantIDs(t, "by today's selection", again, []string{idOf(both), idOf(other)})
		wantBodies(t, again[:1], first)
		again = b.repeat(Request{To: "crm", Of: "crm"})
		wantIDs(t, "what it was given", again, []string{idOf(both), idOf(page)})
		wantBodies(t, again, first)
	})
}

// Single events are found by their id or their number.
func TestReplaySingleEvents(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(300)
		first := b.deliver("crm")
		again := b.repeat(Request{To: "crm", UniqueID: sent[123]})
		wantIDs(t, "by its id", again, sent[123:124])
		wantBodies(t, again, first)
		wantIDs(t, "by its id, of another webhook", b.repeat(Request{To: "crm", UniqueID: sent[7], Of: "bi"}), sent[7:8])
		wantIDs(t, "by numbers", b.repeat(Request{To: "crm", Seqs: []uint64{300, 17, 17, 2, 5000}}), []string{sent[1], sent[16], sent[299]})
		wantIDs(t, "one that is not there", b.repeat(Request{To: "crm", UniqueID: "00" + sent[0][2:]}), nil)
		// The same event is in the log twice, as when it came again after the dedupe window; once is what was asked for.
		twice := b.take(event.PageLoaded, "shop", "p")
		b.send(twice)
		b.send(twice)
		b.deliver("crm")
		wantIDs(t, "one of two", b.repeat(Request{To: "crm", UniqueID: idOf(twice)}), []string{idOf(twice)})
	})
}

func TestReplayOfOneApp(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		shop, blog := b.take(event.PageLoaded, "shop"), b.take(event.PageLoaded, "blog")
		b.send(shop, blog)
		only := newHook("only", 3, "*")
		only.App = "blog"
		b.setHooks(newHook("crm", 1, "*"), only)
		b.openQueue(only)
		b.deliver("crm")
		wantIDs(t, "of shop", b.repeat(Request{To: "crm", App: "shop"}), []string{idOf(shop)})
		wantIDs(t, "of nobody", b.repeat(Request{To: "crm", App: "wiki"}), nil)
		wantIDs(t, "a webhook of one app", b.repeat(Request{To: "only", Events: []string{"*"}}), []string{idOf(blog)})
	})
}

// Events of people who must not be told of any more stay where they are.
func TestReplayExcludes(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(70)
		b.deliver("crm")
		b.runner.Close()
		b.change = func(o *Options) {
			o.Exclude = func(e *event.Event) bool { return string(e.Visitor) == `"visitor 3"` }
		}
		b.run()
		var want []string
		for i, id := range sent {
			if (i+1)%7 != 3 {
				want = append(want, id)
			}
		}
		wantIDs(t, "without visitor 3", b.repeat(Request{To: "crm"}), want)
	})
}

// Copies keep the visitors' order keys: a webhook that is ordered by visitor gets one event of each at a time.
func TestReplayKeepsOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(50)
		ordered := newHook("ordered", 3, "*")
		ordered.ByVisitor, ordered.InFlight = true, 100
		b.setHooks(newHook("crm", 1, "*"), ordered)
		b.openQueue(ordered)
		b.start(Request{To: "ordered", Rate: 10_000})
		time.Sleep(time.Second)
		var out []got
		for e, g, ok := b.next("ordered"); ok; e, g, ok = b.next("ordered") {
			defer func() {
				if err := b.queues["ordered"].Settle(&e); err != nil {
					t.Error(err)
				}
			}()
			out = append(out, g)
		}
		wantIDs(t, "the first of each of seven visitors", out, sent[:7])
	})
}

// Records of other kinds than events are left alone.
func TestReplayLeavesRequestsOut(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(1)
		b.sendRaw([]byte{event.RecordRequest, 'P', 'O', 'S', 'T'})
		b.sendRaw([]byte{event.RecordEvent, 0xff})
		b.sendRaw(nil)
		more := b.sendPages(1)
		b.drop("crm")
		wantIDs(t, "events", b.repeat(Request{To: "crm"}), append(sent, more...))
		wantIDs(t, "events it was given", b.repeat(Request{To: "crm", Of: "crm"}), append(sent, more...))
	})
}
