package hook

import (
	"slices"
	"testing"

	"edgerelay/relay/event"
)

func TestExplain(t *testing.T) {
	f := func(w *Webhook, e *event.Event, receives bool, why string, ids ...string) {
		t.Helper()
		set, err := NewSet([]*Webhook{w})
		if err != nil {
			t.Fatal(err)
		}
		r := set.Explain(e, "shop")[0]
		if r.Webhook != w || r.Receives != receives || r.Why != why || !slices.Equal(r.IDs, ids) {
			t.Errorf("got %v %q %q\nwant %v %q %q", r.Receives, r.Why, r.IDs, receives, why, ids)
		}
	}
	click := eventOf(event.FeatureClicked, "a", "b c")
	f(hookOf(t, 1, "", "*"), click, true, "selects it by *", "a", "b c")
	f(hookOf(t, 1, "shop", "feature.clicked:b*", "featureClicked:x", "*:b c"), click, true, "selects it by feature.clicked:b*, *:b c", "b c")
	f(hookOf(t, 1, "", "featureClicked:a", "featureClicked"), click, true, "selects it by featureClicked:a, featureClicked", "a", "b c")
	f(hookOf(t, 1, "blog", "*"), click, false, `takes events of the app "blog" only, this one is of "shop"`)
	f(hookOf(t, 1, "", "pageLoaded", "guide*"), click, false, "does not select featureClicked; it selects pageLoaded, guide*")
	f(hookOf(t, 1, "", "pageLoaded", "featureClicked:x,y"), click, false,
		"selects featureClicked only for other IDs (featureClicked:x,y) than the event's: a, b c")
	f(hookOf(t, 1, "", "featureClicked:x"), eventOf(event.FeatureClicked), false,
		"selects featureClicked only for some IDs (featureClicked:x), and the event has none")
	off := hookOf(t, 1, "", "*")
	off.Enabled = false
	f(off, click, false, "is off: enabled = false")
}

// TestExplainKinds: what a type has no body for is said, whatever the webhook selects.
func TestExplainKinds(t *testing.T) {
	w := secretive(t, Spec{Type: "hubspot", Enabled: true, Events: []string{"*"}, AccessToken: "a-token", Settings: map[string]string{"hub_id": "12345"}})
	w.Queue = 1
	set, err := NewSet([]*Webhook{w})
	if err != nil {
		t.Fatal(err)
	}
	if r := set.Explain(eventOf(event.PageTagged, "a"), "shop")[0]; r.Receives || r.Why != "has no body for pageTagged: the type hubspot takes none of that kind" {
		t.Errorf("%v %q", r.Receives, r.Why)
	}
	if r := set.Explain(eventOf(event.PageLoaded, "a"), "shop")[0]; !r.Receives {
		t.Errorf("it does not get pages: %q", r.Why)
	}
}
