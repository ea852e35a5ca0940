package hook

import (
	"slices"
	"testing"

	"edgerelay/relay/event"
)

func TestParseSelection(t *testing.T) {
	f := func(text string, kinds []event.Kind, ids ...string) {
		t.Helper()
		s, err := ParseSelection(text)
		if err != nil || s.Text != text || !slices.Equal(s.Kinds, kinds) || !slices.Equal(s.IDs, ids) {
			t.Errorf("ParseSelection(%q) = %v, %v; want %v %q", text, s, err, kinds, ids)
		}
	}
	one := func(k event.Kind) []event.Kind { return []event.Kind{k} }
	f("pageLoaded", one(event.PageLoaded))
	f("featureClicked:abc", one(event.FeatureClicked), "abc")
	f("featureClicked:abc,def", one(event.FeatureClicked), "abc", "def")
	f(" featureClicked : abc , d e f ", one(event.FeatureClicked), "abc", "d e f")
	f("trackEventReceived:Order: done", one(event.TrackEventReceived), "Order: done")
	f("trackEventReceived:Account*", one(event.TrackEventReceived), "Account*")
	f("pageLoaded:*", one(event.PageLoaded), "*")
	f("guide*", []event.Kind{event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted})
	f("guideSee*", one(event.GuideDisplayed))
	f("frustration.*:page-1", []event.Kind{event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn}, "page-1")
	f("pageLoaded*", one(event.PageLoaded))
	f("*", event.Kinds())
	f("*:abc", event.Kinds(), "abc")
}

func TestParseSelectionFaults(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		s, err := ParseSelection(text)
		if err == nil || err.Error() != want {
			t.Errorf("ParseSelection(%q) = %v, %v; want the error %s", text, s, err, want)
		}
	}
	f("", `the event's name is missing; write one such as "pageLoaded", or "*" for all`)
	f(":abc", `the event's name is missing; write one such as "pageLoaded", or "*" for all`)
	f("pageLoadd", `unknown event "pageLoadd"; did you mean "pageLoaded"?`)
	f("PAGELOADED", `unknown event "PAGELOADED"; did you mean "pageLoaded"?`)
	f("page-viewed", `unknown event "page-viewed"; did you mean "page.viewed"?`)
	f("somethingElse", `unknown event "somethingElse"; names are those of Pendo, such as "pageLoaded", "featureClicked", "trackEventReceived", or "*" for all`)
	f("pagges*", `"pagges*" fits no event; names are those of Pendo, such as "pageLoaded", "featureClicked", "trackEventReceived", or "*" for all`)
	f("guid.*", `"guid.*" fits no event; names are those of Pendo, such as "pageLoaded", "featureClicked", "trackEventReceived", or "*" for all`)
	f("pageLoades*", `"pageLoades*" fits no event; did you mean "pageLoaded"?`)
	f("page*ed", `event name "page*ed" has a * before its end; a * stands for the rest of the text and ends it`)
	f("**", `event name "**" has a * before its end; a * stands for the rest of the text and ends it`)
	f("pageLoaded:a*b", `ID "a*b" has a * before its end; a * stands for the rest of the text and ends it`)
	f("pageLoaded:", `an ID is missing in ""; write NAME:ID or NAME:ID1,ID2, or NAME alone for all`)
	f("pageLoaded:a,,b", `an ID is missing in "a,,b"; write NAME:ID or NAME:ID1,ID2, or NAME alone for all`)
	f("pageLoaded:a, ", `an ID is missing in "a, "; write NAME:ID or NAME:ID1,ID2, or NAME alone for all`)
	f("visitorCreated:abc", `visitorCreated has no IDs to select; leave out what follows the name`)
	f("account*:abc", `account* has no IDs to select; leave out what follows the name`)
}

// TestEveryAlias selects each kind by each of its names, and by each start of the name.
func TestEveryAlias(t *testing.T) {
	for _, k := range event.Kinds() {
		for _, name := range k.Names() {
			s, err := ParseSelection(name)
			if err != nil || len(s.Kinds) != 1 || s.Kinds[0] != k {
				t.Errorf("%q selects %v, %v; want %v alone", name, s.Kinds, err, k)
			}
			for n := range len(name) + 1 {
				if s, err := ParseSelection(name[:n] + "*"); err != nil || !slices.Contains(s.Kinds, k) || !slices.IsSorted(s.Kinds) {
					t.Errorf("%q selects %v, %v; want %v among them, in order", name[:n]+"*", s.Kinds, err, k)
				}
			}
		}
	}
}

// TestDocumentedAliases holds the names against the tables of seeds 000, 001 and 002.
func TestDocumentedAliases(t *testing.T) {
	f := func(k event.Kind, names ...string) {
		t.Helper()
		for _, name := range names {
			if s, err := ParseSelection(name); err != nil || !slices.Equal(s.Kinds, []event.Kind{k}) {
				t.Errorf("%q selects %v, %v; want %v", name, s.Kinds, err, k)
			}
		}
	}
	f(event.PageLoaded, "pageLoaded", "page.viewed")
	f(event.FeatureClicked, "featureClicked", "feature.clicked")
	f(event.TrackEventReceived, "trackEventReceived", "track.event")
	f(event.GuideDisplayed, "guideDisplayed", "guide.viewed", "guideSeen")
	f(event.GuideAdvanced, "guideAdvanced", "guide.advanced")
	f(event.GuideDismissed, "guideDismissed", "guide.dismissed")
	f(event.GuideCompleted, "guideCompleted", "guide.completed")
	f(event.NPSDisplayed, "npsDisplayed", "nps.displayed", "NPSSeen")
	f(event.NPSSubmitted, "npsSubmitted", "nps.response", "NPSSubmitted")
	f(event.PollDisplayed, "pollDisplayed", "poll.displayed", "pollSeen")
	f(event.PollSubmitted, "pollSubmitted", "poll.response")
	f(event.VisitorCreated, "visitorCreated", "visitor.created")
	f(event.AccountCreated, "accountCreated", "account.created")
	f(event.VisitorUnsubscribed, "visitorUnsubscribed", "email.unsubscribed")
	f(event.RageClick, "rageClick", "frustration.rage_click")
	f(event.PageTagged, "pageTagged", "page.tagged")
	f(event.UserDeleted, "userDeleted", "user.deleted")
	f(event.FlowCompleted, "flows.completed")
	f(event.ButtonTrackedEventOccurred, "button_tracked_event.occurred")
}

func FuzzParseSelection(f *testing.F) {
	for _, text := range []string{"pageLoaded", "featureClicked:a,b*", "guide.*", "*:x", "::", ",", "a*b", " nps.response : , "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSelection(text)
		if err == nil && (len(s.Kinds) == 0 || slices.Contains(s.IDs, "")) {
			t.Fatalf("%q selects nothing: %v", text, s)
		}
	})
}
