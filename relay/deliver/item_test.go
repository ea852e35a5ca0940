package deliver

import (
	"bytes"
	"net/http/httptest"
	"sync"
	"testing"

	"edgerelay/relay/destination"
	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
)

// TestJudgeKnowsWhatWasSent: a judge gets each event's part of the body, and nothing for what was not in the batch.
func TestJudgeKnowsWhatWasSent(t *testing.T) {
	vendor := fake.NewAmplitude("key")
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	c := vendorCase{spec: hook.Spec{Type: "amplitude", WriteKey: "key"}, server: vendor}
	w := vendorHook(t, c.spec, server.URL)
	plan := *w.Plan
	w.Plan = &plan
	var mu sync.Mutex
	seen := map[string]bool{}
	plan.Judge = func(a *destination.Answer) Verdict {
		mu.Lock()
		defer mu.Unlock()
		for i := range a.Count {
			item := bytes.Clone(a.Item(i))
			if id := event.AppendText(nil, event.Lookup(item, "insert_id")); len(id) == 40 && item[len(item)-1] == '}' {
				seen[string(id)] = true
			}
		}
		if a.Item(a.Count) != nil || a.Item(-1) != nil {
			t.Error("items of no event")
		}
		return destination.JudgeStatus(a)
	}
	g := newRig(t, server.URL, func(_ *Options, of *hook.Webhook) { *of = *w })
	sent := sendKinds(t, g, w, c, 0)
	g.drained(t)
	mu.Lock()
	defer mu.Unlock()
	for id := range sent {
		if !seen[id] {
			t.Errorf("the judge did not see %s", id)
		}
	}
	if len(seen) != len(sent) {
		t.Errorf("the judge saw %d events, want %d", len(seen), len(sent))
	}
}
