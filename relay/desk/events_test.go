package desk

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// seqs are the numbers of a page's events.
func seqs(page EventPage) (list []uint64) {
	for _, e := range page.Events {
		list = append(list, e.Seq)
	}
	return list
}

// TestEvents: the last ones first, page after page, by each filter.
func TestEvents(t *testing.T) {
	g := newRig(t, nil)
	g.create("crm", `"events":["featureClicked"],"enabled":true`)
	g.create("all", `"events":["*"],"enabled":true`)
	for n := 1; n <= 1000; n++ {
		kind := event.PageLoaded
		if n%100 == 0 {
			kind = event.FeatureClicked
		}
		e := numbered(kind, n)
		if n%250 == 0 {
			e.AppName = []byte("mobile")
		}
		g.accept(e)
	}
	var b wal.Batch
	b.Add(wal.Record{Body: []byte{event.RecordRequest, 1, 2}})
	repeat := numbered(event.PageLoaded, 1)
	b.Add(wal.Record{Body: repeat.AppendRecord(nil), Repeat: true})
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}

	f := func(q EventQuery, want ...uint64) {
		t.Helper()
		var got []uint64
		for pages := 0; pages == 0 || q.Cursor != ""; pages++ {
			page, err := g.Events(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Events) > max(q.Limit, 1) && q.Limit > 0 || pages > 1100 {
				t.Fatalf("%d events on page %d", len(page.Events), pages)
			}
			got, q.Cursor = append(got, seqs(page)...), page.Cursor
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d, want %d", q, got, want)
		}
	}
	var all []uint64
	for n := uint64(1000); n > 0; n-- {
		all = append(all, n)
	}
	f(EventQuery{}, all...)
	f(EventQuery{Limit: 7}, all...)
	f(EventQuery{Limit: 1000}, all...)
	f(EventQuery{After: 997}, 1000, 999, 998)
	f(EventQuery{Cursor: "3"}, 2, 1)
	f(EventQuery{Cursor: "99999", After: 999}, 1000)
	f(EventQuery{Events: []string{"featureClicked"}, Limit: 4}, 1000, 900, 800, 700, 600, 500, 400, 300, 200, 100)
	f(EventQuery{Events: []string{"feature.clicked:item-0"}, App: "mobile"}, 1000, 500)
	f(EventQuery{Events: []string{"visitorCreated", "featureClicked:nothing"}})
	f(EventQuery{App: "mobile"}, 1000, 750, 500, 250)
	f(EventQuery{Webhook: "crm", Visitor: "visitor-0", Account: "account-0"}, 900, 600, 300)
	id := event.UniqueID(fmt.Append(nil, 321))
	f(EventQuery{UniqueID: hex.EncodeToString(id[:])}, 321)
	f(EventQuery{Visitor: "nobody"})

	page, err := g.Events(t.Context(), EventQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := page.Events[0]
	if e.Event != "featureClicked" || e.App != "mobile" || e.Visitor != "visitor-0" || e.Account != "account-1" || fmt.Sprint(e.IDs) != "[item-0]" ||
		fmt.Sprint(e.Webhooks) != "[crm all]" || !bytes.Contains(e.Payload, []byte(`"ids":["item-0"]`)) || e.URL == "" || e.Received.IsZero() || page.Searched.IsZero() {
		t.Errorf("shown %+v", e)
	}
}

func TestBadEventQueries(t *testing.T) {
	g := newRig(t, nil)
	f := func(q EventQuery, field string) {
		t.Helper()
		_, err := g.Events(t.Context(), q)
		refused(t, err, Invalid, field)
	}
	f(EventQuery{Limit: -1}, "limit")
	f(EventQuery{Limit: EventsMax + 1}, "limit")
	f(EventQuery{Cursor: "x"}, "cursor")
	f(EventQuery{Cursor: "0"}, "cursor")
	f(EventQuery{Events: []string{"nothing"}}, "event")
	f(EventQuery{UniqueID: "abc"}, "unique_id")
	f(EventQuery{Webhook: "nobody"}, "webhook")
	_, err := g.Follow(EventQuery{Webhook: "nobody"})
	refused(t, err, Invalid, "webhook")
	if page, err := g.Events(t.Context(), EventQuery{}); err != nil || page.Events == nil || page.Cursor != "" {
		t.Errorf("of an empty log: %+v, %v", page, err)
	}
	for n := range 600 {
		g.accept(numbered(event.PageLoaded, n))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Events(ctx, EventQuery{Visitor: "nobody"}); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone is searched for: %v", err)
	}
}

// TestLargeEvents: a page holds so many bytes, however many events that are, and leaves none out.
func TestLargeEvents(t *testing.T) {
	g := newRig(t, nil)
	for n := range 20 {
		e := numbered(event.PageLoaded, n)
		e.Properties = append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 1<<20)...), `"}`...)
		g.accept(e)
	}
	var got []uint64
	q, pages := EventQuery{}, 0
	for ; pages == 0 || q.Cursor != ""; pages++ {
		page, err := g.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got, q.Cursor = append(got, seqs(page)...), page.Cursor
	}
	if len(got) != 20 || pages != 3 || got[0] != 20 || got[19] != 1 {
		t.Errorf("%d pages: %d", pages, got)
	}
}
