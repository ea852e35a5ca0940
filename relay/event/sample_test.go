package event

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

func TestSampleOfEveryKind(t *testing.T) {
	seen := make(map[[20]byte]Kind)
	for _, k := range Kinds() {
		e := Sample(k)
		if e.Kind != k || e.Time < 1e12 || e.Received < e.Time || string(e.AppName) != "test_application" {
			t.Errorf("%v: %+v", k, e)
		}
		if other, taken := seen[e.UniqueID]; taken {
			t.Errorf("%v has the uniqueId of %v", k, other)
		}
		seen[e.UniqueID] = k
		if (len(e.IDs) > 0) != (k.Items() != "") {
			t.Errorf("%v: IDs %q of %q", k, e.IDs, k.Items())
		}
		if guide := k >= GuideDisplayed && k <= PollSubmitted; guide != (e.Guide.Properties != nil) || guide && string(e.IDs[0]) != string(e.Guide.ID) {
			t.Errorf("%v: guide %+v, IDs %q", k, e.Guide, e.IDs)
		}
		if !reflect.DeepEqual(e, Sample(k)) {
			t.Errorf("%v: two samples differ", k)
		}
	}
	if none := Sample(0); !reflect.DeepEqual(none, Event{}) {
		t.Errorf("no kind: %+v", none)
	}
}

// All JSON in a sample is stable, strings are strings and objects objects.
func TestSamplesAreStable(t *testing.T) {
	var s Stable
	for _, k := range Kinds() {
		e := Sample(k)
		g := &e.Guide
		f := func(first byte, values ...[]byte) {
			t.Helper()
			for _, v := range values {
				if v == nil {
					continue
				}
				if got, err := s.Append(nil, v); err != nil || string(got) != string(v) || v[0] != first {
					t.Errorf("%v: %s: %s, %v", k, v, got, err)
				}
			}
		}
		f('{', e.App, e.Subscription, e.Properties, g.Properties, g.NPS)
		f('[', g.PollResponses)
		f('"', e.Visitor, e.Account, e.UserAgent, e.IP, e.URL, e.Name, e.Source, g.ID, g.Name, g.StepID, g.Language)
		f('"', e.IDs...)
	}
}

// Spot checks against the seeds' payloads; the formats' golden files compare the rest.
func TestSamplesAreTheSeeds(t *testing.T) {
	f := func(k Kind, id string, unix int64) Event {
		t.Helper()
		e := Sample(k)
		if got := hex.EncodeToString(e.UniqueID[:]); got != id || e.Time != unix*1000 {
			t.Errorf("%v: %s at %d", k, got, e.Time)
		}
		return e
	}
	same := func(got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	e := f(TrackEventReceived, "75c32838012a8311fba2b902857c2e848d98f457", 1626804144)
	same(e.Properties, `{"fromTier":"basic","toTier":"pro"}`)
	same(e.IDs[1], `"trackTypeId-def456"`)
	e = f(NPSSubmitted, "ccb0f95474ae8b630ede92f8f8dbac03cddfc1c3", 1626804431)
	same(e.Guide.StepID, `"WkaB4F2droQ5sSqd-FvC7H9coJQ"`)
	same(e.Guide.Name, `"Quarterly NPS"`)
	e = f(PollSubmitted, "fbd70226173184006adc31b810b93f36bb52ec02", 1626803991)
	same(Lookup(e.Guide.Properties, "lastUpdatedAt"), "1618322253073")
	e = f(VisitorCreated, "1a2c20ed531bf920781d7f1449968b772840e36c", 1626803875)
	same(Lookup(e.Subscription, "id"), "4802463602049024")
	if e = Sample(UserpilotNPSFeedback); !strings.Contains(string(e.Properties), `"follow_up_question":"Why did you choose this score? "`) {
		t.Errorf("feedback: %s", e.Properties)
	}
	same(Sample(FlowSeen).Properties, `{"type":"flow","action":"seen","id":1,"hostname":"demo.userpilot.io","pathname":"/dashboard"}`)
}

// A sample is its caller's to change.
func TestSamplesShareNothing(t *testing.T) {
	for _, k := range Kinds() {
		e := Sample(k)
		rec := string(e.AppendRecord(nil))
		for _, b := range append(e.IDs, e.AppName, e.App, e.Subscription, e.Visitor, e.Properties, e.Guide.Properties, e.Guide.NPS) {
			clear(b)
		}
		again := Sample(k)
		if string(again.AppendRecord(nil)) != rec {
			t.Errorf("%v: a changed sample shows in the next", k)
		}
	}
}
