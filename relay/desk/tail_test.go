package desk

import (
	"testing"
	"time"

	"edgerelay/relay/event"
)

// next takes one piece of news.
func next(t *testing.T, f *Follower) News {
	t.Helper()
	select {
	case n, more := <-f.C:
		if !more {
			t.Fatalf("cut off: %v", f.Err())
		}
		return n
	case <-time.After(time.Minute):
		t.Fatal("no news")
	}
	return News{}
}

// TestFollow: who follows is shown what comes and is wanted, in order; nobody looks when nobody follows.
func TestFollow(t *testing.T) {
	g := newRig(t, nil)
	g.create("crm", `"events":["featureClicked"],"enabled":true`)
	g.accept(numbered(event.PageLoaded, 1))
	all, err := g.Follow(EventQuery{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := g.Follow(EventQuery{Webhook: "crm", Visitor: "visitor-4"})
	if err != nil {
		t.Fatal(err)
	}
	if all.Head() != 1 {
		t.Errorf("head %d", all.Head())
	}
	g.accept(numbered(event.PageLoaded, 2), numbered(event.FeatureClicked, 3), numbered(event.FeatureClicked, 4))
	for want := uint64(2); want <= 4; want++ {
		if n := next(t, all); n.Event == nil || n.Event.Seq != want {
			t.Errorf("news %+v, want %d", n, want)
		}
	}
	if n := next(t, some); n.Event.Seq != 4 || len(n.Event.Webhooks) != 1 {
		t.Errorf("news %+v", n.Event)
	}
	all.Close()
	all.Close()
	some.Close()
	if _, more := <-all.C; more || all.Err() != nil {
		t.Errorf("closed with %v", all.Err())
	}
	waitForIdle(t, g)
	again, err := g.Follow(EventQuery{})
	if err != nil || again.Head() != 4 {
		t.Fatalf("head %d, %v", again.Head(), err)
	}
	g.accept(numbered(event.PageLoaded, 5))
	if n := next(t, again); n.Event.Seq != 5 {
		t.Errorf("news %+v", n.Event)
	}
	again.Close()
}

// waitForIdle waits until the tail's goroutine has ended.
func waitForIdle(t *testing.T, g *rig) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		g.tail.mu.Lock()
		idle := !g.tail.running
		g.tail.mu.Unlock()
		if idle {
			return
		}
	}
	t.Fatal("the log's head is watched for nobody")
}

// TestFollowMany: of a flood some are shown and the rest is counted; who takes nothing is cut off.
func TestFollowMany(t *testing.T) {
	g := newRig(t, nil)
	quick, err := g.Follow(EventQuery{})
	if err != nil {
		t.Fatal(err)
	}
	slow, err := g.Follow(EventQuery{Events: []string{"pageLoaded"}})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for turn := 0; !cutOff(g, slow) && turn < 10; turn++ {
		var events []event.Event
		for n := range 500 {
			events = append(events, numbered(event.PageLoaded, 1000*turn+n))
		}
		g.accept(events...)
		for told := 0; told < 500; {
			if n := next(t, quick); n.Event != nil {
				told++
			} else {
				told += n.Skipped
			}
		}
		seen += 500
	}
	if !cutOff(g, slow) || slow.Err() != ErrSlow {
		t.Errorf("after %d events: %v", seen, slow.Err())
	}
	quick.Close()
}

func cutOff(g *rig, f *Follower) bool {
	g.tail.mu.Lock()
	defer g.tail.mu.Unlock()
	return f.closed
}

func TestFollowers(t *testing.T) {
	g := newRig(t, nil)
	var all []*Follower
	for range followersMax {
		f, err := g.Follow(EventQuery{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	_, err := g.Follow(EventQuery{})
	refused(t, err, Busy, "")
	all[3].Close()
	f, err := g.Follow(EventQuery{})
	if err != nil {
		t.Fatal(err)
	}
	g.done.Go(func() { <-f.C }) // ends with the desk
}
