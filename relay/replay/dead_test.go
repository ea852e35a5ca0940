package replay

import (
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// Dead letters go back to their own webhook without a copy: they are dead no more, and delivered as they were.
func TestReplayDeadLetters(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(200)
		dead := b.bury("crm")
		b.deliver("bi")
		began, head := dead[0].at.Add(-20*time.Second), b.log.Head()
		again := b.repeat(Request{To: "crm", Dead: true, From: began.Add(5 * time.Second), Until: began.Add(10 * time.Second)})
		wantIDs(t, "of a time", again, sent[50:100])
		wantBodies(t, again, dead)
		wantIDs(t, "by numbers", b.repeat(Request{To: "crm", Dead: true, Seqs: []uint64{200, 1, 60}}), []string{sent[0], sent[199]})
		wantIDs(t, "by id", b.repeat(Request{To: "crm", Dead: true, UniqueID: sent[7]}), sent[7:8])
		wantIDs(t, "of a kind", b.repeat(Request{To: "crm", Dead: true, Events: []string{"featureClicked"}}), nil)
		if s := b.queues["crm"].Stats(); s.Dead != 147 || b.log.Head() != head {
			t.Errorf("%d dead letters are left, the log has grown by %d", s.Dead, b.log.Head()-head)
		}
		rest := b.repeat(Request{To: "crm", Dead: true})
		wantBodies(t, rest, dead)
		if s := b.queues["crm"].Stats(); len(rest) != 147 || s.Dead != 0 {
			t.Errorf("%d of 147 were sent again, %d are dead", len(rest), s.Dead)
		}
		wantIDs(t, "none", b.repeat(Request{To: "crm", Dead: true}), nil)
	})
}

// A dead letter goes back to its webhook whatever that selects today.
func TestReplayDeadLettersOfOldSelections(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		e := b.take(event.FeatureClicked, "shop", "a", "b")
		b.setHooks(newHook("crm", 1, "featureClicked:b"), newHook("bi", 2, "pageLoaded"))
		b.send(e)
		dead := b.bury("crm")
		b.setHooks(newHook("crm", 1, "pageLoaded"), newHook("bi", 2, "pageLoaded"))
		wantIDs(t, "to a webhook that does not select it", b.repeat(Request{To: "bi", Dead: true, Of: "crm"}), nil)
		again := b.repeat(Request{To: "crm", Dead: true})
		wantIDs(t, "to its own", again, []string{idOf(e)})
		wantBodies(t, again, dead)
	})
}

// Another webhook gets copies, and the letters stay.
func TestReplayDeadLettersToAnotherWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(150)
		dead := b.bury("crm")
		b.deliver("bi")
		for range 2 {
			again := b.repeat(Request{To: "bi", Dead: true, Of: "crm"})
			wantIDs(t, "all", again, sent)
			wantBodies(t, again, dead)
		}
		if s := b.queues["crm"].Stats(); s.Dead != 150 {
			t.Errorf("%d letters are left", s.Dead)
		}
		if c := b.count(Request{To: "bi"}); c.Events != 150 {
			t.Errorf("the log has %d events to replay", c.Events)
		}
		wantIDs(t, "by number", b.repeat(Request{To: "bi", Dead: true, Of: "crm", Seqs: []uint64{1, 9}}), []string{sent[0], sent[8]})
	})
}

// What dies again while the replay runs is not sent once more by it.
func TestReplayDeadLettersDieAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(300)
		b.bury("crm")
		time.Sleep(time.Second)
		j := b.start(Request{To: "crm", Dead: true, Rate: 100})
		died := 0
		for !b.job(j.ID).State.Ended() {
			died += len(b.bury("crm"))
			time.Sleep(50 * time.Millisecond)
			if died == 150 { // also not by the one that goes on with it
				b.runner.Close()
				b.run()
			}
		}
		died += len(b.bury("crm"))
		wantEnd(t, b.job(j.ID), Done, "", 300)
		if s := b.queues["crm"].Stats(); died != 300 || s.Dead != 300 {
			t.Errorf("%d have died again, %d are dead", died, s.Dead)
		}
	})
}

// What dies while the replay runs is no part of it: the dry run did not count it either.
func TestReplayDeadLettersOfItsTime(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(30)
		b.bury("crm")
		b.sendPages(1)
		late, _, _ := b.next("crm")
		j := b.start(Request{To: "crm", Dead: true, Rate: 10})
		time.Sleep(time.Second)
		if err := b.queues["crm"].Bury(&late, wal.Death{Time: time.Now().UnixMilli()}); err != nil {
			t.Fatal(err)
		}
		b.finish(j.ID, "crm")
		wantEnd(t, b.job(j.ID), Done, "", 30)
		if s := b.queues["crm"].Stats(); s.Dead != 1 {
			t.Errorf("%d are dead", s.Dead)
		}
	})
}

// Letters that a limit takes, or somebody else revives, are not counted.
func TestReplayDeadLettersThatAreGone(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(30)
		b.bury("crm")
		j := b.start(Request{To: "crm", Dead: true, Rate: 1})
		time.Sleep(10*time.Second + 500*time.Millisecond)
		for seq := uint64(1); seq <= 30; seq++ {
			if _, err := b.queues["crm"].Revive(seq, 0); err != nil {
				t.Fatal(err)
			}
		}
		b.finish(j.ID, "crm")
		if got := b.job(j.ID); got.State != Done || got.Events != 11 {
			t.Errorf("the replay says %s, %d events", got.State, got.Events)
		}
	})
}

// A webhook without a queue has no dead letters.
func TestReplayDeadLettersOfNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(5)
		b.deliver("crm")
		b.setHooks(newHook("crm", 1, "*"), newHook("new", 9, "*"))
		wantIDs(t, "of a new webhook", b.repeat(Request{To: "crm", Dead: true, Of: "new"}), nil)
		if err := b.log.Drop(b.queues["bi"]); err != nil {
			t.Fatal(err)
		}
		b.setHooks(newHook("crm", 1, "*"), newHook("bi", 2, "*"))
		wantIDs(t, "of one that was dropped", b.repeat(Request{To: "crm", Dead: true, Of: "bi"}), nil)
	})
}
