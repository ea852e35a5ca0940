package intake

import (
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// FuzzUserpilot: whatever a call of Userpilot's API holds, what comes of it is fit for every receiver.
func FuzzUserpilot(f *testing.F) {
	h := newHarvest(f)
	h.foreign = true // a company may come alone
	for _, seed := range []string{`{"user_id":"u","event_name":"E","metadata":{"a":1}}`, `{"user_id":7,"metadata":{"a":null},"company":{"id":8,"name":"x"}}`,
		`{"company_id":"c","metadata":{}}`, `[{"user_id":"u","company_id":"c"},{"user_id":"\ud800"}]`, `{"user_id":"u","company":{"id":null}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, add := range []adder{(*request).addUserpilotTrack, (*request).addUserpilotUser, (*request).addUserpilotCompany} {
			h.parse(t, body, func(body []byte) { h.take(body, add) })
			for i := range h.items {
				if e := &h.items[i].event; e.Visitor == nil && e.Account == nil {
					t.Errorf("event of nobody: %s", show(e))
				}
			}
		}
	})
}

// FuzzPendoDelivery: what a payload became and is sent on as comes out the same when it is taken again.
func FuzzPendoDelivery(f *testing.F) {
	h := newHarvest(f)
	h.foreign = true
	for _, kind := range event.Kinds() {
		sample := event.Sample(kind)
		f.Add(format.Pendo(nil, &sample, event.Note{All: true}))
	}
	f.Add([]byte(`[{"event":"page.viewed","visitorId":7,"properties":{"ids":[1,"a",null]},"uniqueId":"x"},{"eventType":"unsubscribe","visitorId":"v"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var sent [][]byte
		h.parse(t, body, func(body []byte) { h.take(body, (*request).addPendoDelivery) })
		h.checkGuides(t)
		for i := range h.items {
			sent = append(sent, h.send(i))
		}
		for _, first := range sent {
			h.parse(t, first, func(body []byte) { h.take(body, (*request).addPendoDelivery) })
			if len(h.items) != 1 {
				t.Fatalf("%s makes %d events", first, len(h.items))
			}
			if second := h.send(0); string(second) != string(first) {
				t.Errorf("sent on\n%s\ntaken again, that is\n%s", first, second)
			}
		}
	})
}

// send is what a webhook with the format pendo gets of an item.
func (h *harvest) send(i int) []byte {
	e := h.items[i].event
	if e.App == nil {
		e.App = h.app.object
	}
	if e.Subscription == nil {
		e.Subscription = h.app.subscription
	}
	return format.Pendo(nil, &e, event.Note{All: true})
}

// FuzzUserpilotDelivery: whatever a payload of Userpilot's holds, what comes of it is fit for every receiver, and the
// event stands behind what is learnt beside it.
func FuzzUserpilotDelivery(f *testing.F) {
	h := newHarvest(f)
	f.Add([]byte(aFlow))
	f.Add([]byte(`[{"type":"nps.score","data":{"user":{"user_id":7},"hostname":"h\ud83d","pathname":"\ude00"}}]`))
	f.Add([]byte(`{"type":"forms.submitted","timestamp":"2022-01-01","data":{"id":1.5,"company":{"id":"c","a":{}},"user":{"user_id":"u","user":1}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h.parse(t, body, func(body []byte) { h.take(body, (*request).addUserpilotDelivery) })
		for i := range h.items {
			it := &h.items[i]
			if learnt := it.traits != nil; learnt == (it.event.Kind >= event.FlowSeen) || learnt && i == len(h.items)-1 || it.seen {
				t.Errorf("item %d of %d: %s", i, len(h.items), show(&it.event))
			}
		}
	})
}

// FuzzAdministration: whatever is told of administrators and unsubscribed visitors, what comes of it is of those kinds
// and fit for every receiver.
func FuzzAdministration(f *testing.F) {
	h := newHarvest(f)
	h.foreign = true
	for _, seed := range []string{`{"event":"pageTagged","id":"p","properties":{"7":1,"name":"x"}}`, `[{"type":"goal.updated","timestamp":1,"uniqueId":"u"}]`,
		`{"visitorId":"v","eventType":"unsubscribe","timestamp":"2025-10-28T14:05:00Z"}`, `{"event":"NPSCreated","properties":{"id":5},"userId":7}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h.parse(t, body, func(body []byte) { h.take(body, (*request).addAdmin) })
		for i := range h.items {
			if k := h.items[i].event.Kind; k < event.PageTagged || k > event.UserDeleted {
				t.Errorf("kind %v", k)
			}
		}
		h.checkGuides(t)
		h.parse(t, body, func(body []byte) { h.take(body, (*request).addUnsubscribe) })
		for i := range h.items {
			if e := &h.items[i].event; e.Kind != event.VisitorUnsubscribed || len(e.Visitor) <= 2 {
				t.Errorf("%s", show(e))
			}
		}
	})
}
