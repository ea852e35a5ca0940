package format

import (
	"testing"

	"edgerelay/relay/event"
)

func TestTitle(t *testing.T) {
	f := func(k event.Kind, want string) {
		t.Helper()
		if got := Title(k); got != want {
			t.Errorf("Title(%s) = %q, want %q", k, got, want)
		}
	}
	f(event.PageLoaded, "Page Loaded")
	f(event.TrackEventReceived, "Track Event Received")
	f(event.VisitorDoNotProcessUpdated, "Visitor Do Not Process Updated")
	f(event.NPSSubmitted, "NPS Submitted")
	f(event.NPSStatusChanged, "NPS Status Changed")
	f(event.UTurn, "U-Turn")
	f(event.UserpilotNPSAskLater, "NPS Ask Later")
	f(event.FeatureTagTextInput, "Feature Tag Text Input")
	f(event.FlowSeen, "Flows Seen")
	f(event.Kind(200), "")

	kinds := map[string]event.Kind{}
	for _, k := range event.Kinds() {
		if other, taken := kinds[Title(k)]; taken || Title(k) == "" {
			t.Errorf("%s and %s have the title %q", k, other, Title(k))
		}
		kinds[Title(k)] = k
	}
}
