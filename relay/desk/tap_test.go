package desk

import (
	"testing"
	"time"

	"edgerelay/relay/journal"
)

// TestTap: who follows sees every attempt that is wanted, also successes that the log does not keep; the log keeps what it
// kept before.
func TestTap(t *testing.T) {
	g := newRig(t, nil)
	g.create("crm", `"events":["*"]`)
	none, err := journal.Open(journal.Options{State: g.log, Share: 0})
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	tap := NewTap(none)
	at := time.Now()
	tap.now = func() time.Time { return at }
	g.opt.Tap = tap
	tell := func(outcome journal.Outcome, webhook, event string) {
		tap.Append(1, &journal.Attempt{Time: at, Webhook: webhook, Event: event, Outcome: outcome, Status: 200, Number: 1, Timing: journal.Timing{Total: 1500 * time.Microsecond},
			Request: []journal.Header{{Name: "X", Value: "1"}}})
	}
	if tap.Sample() {
		t.Error("nobody follows, and a success is told")
	}
	all, err := g.FollowDeliveries(DeliveryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	failed, err := g.FollowDeliveries(DeliveryQuery{Webhook: "crm", Event: "page.viewed", Failed: true})
	if err != nil {
		t.Fatal(err)
	}
	if !tap.Sample() {
		t.Error("somebody follows, and a success is not told")
	}
	tell(journal.Delivered, "crm", "pageLoaded")
	tell(journal.Dead, "crm", "featureClicked")
	tell(journal.Retry, "other", "pageLoaded")
	tell(journal.Retry, "crm", "pageLoaded")
	if d := <-all.C; d.Outcome != journal.Delivered || d.Webhook != "crm" || d.Took != 1.5 || len(all.C) != 3 {
		t.Errorf("first %+v, %d more", d, len(all.C))
	}
	if d := <-failed.C; d.Outcome != journal.Retry || d.Event != "pageLoaded" || len(failed.C) != 0 {
		t.Errorf("failed %+v, %d more", d, len(failed.C))
	}
	if list, _, err := none.List(1, journal.Query{}); err != nil || len(list) != 3 {
		t.Errorf("%d entries in the log, %v", len(list), err)
	}
	for range 2 * tapShown {
		tell(journal.Delivered, "crm", "pageLoaded")
	}
	if shown, missed := len(all.C), all.Missed(); shown != tapShown-1 || missed != tapShown+4 || all.Missed() != 0 {
		t.Errorf("%d shown, %d missed", shown, missed)
	}
	at = at.Add(tapTurn)
	tell(journal.Dead, "crm", "pageLoaded")
	if len(failed.C) != 1 || failed.Missed() != 0 {
		t.Error("the next turn shows nothing")
	}
	all.Close()
	failed.Close()
	failed.Close()
	if tap.Sample() {
		t.Error("all are gone, and a success is told")
	}
	_, err = g.FollowDeliveries(DeliveryQuery{Webhook: "nobody"})
	refused(t, err, Invalid, "webhook")
	_, err = g.FollowDeliveries(DeliveryQuery{Event: "nosuch"})
	refused(t, err, Invalid, "event")
	for range followersMax {
		if _, err = g.FollowDeliveries(DeliveryQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = g.FollowDeliveries(DeliveryQuery{})
	refused(t, err, Busy, "")
}
