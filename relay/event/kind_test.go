package event

import (
	"strings"
	"testing"
)

// numbered is every kind's number, canonical, dotted and Segment name ("=" for the canonical one), items and further
// names. It is written out a second time here because logs hold the numbers and users' configurations the names.
const numbered = `
1 pageLoaded page.viewed = page
2 featureClicked feature.clicked = feature
3 trackEventReceived track.event = track
4 guideDisplayed guide.viewed guideSeen guide
5 guideAdvanced guide.advanced = guide
6 guideDismissed guide.dismissed = guide
7 guideCompleted guide.completed = guide
8 npsDisplayed nps.displayed NPSSeen guide
9 npsSubmitted nps.response NPSSubmitted guide
10 pollDisplayed poll.displayed pollSeen guide
11 pollSubmitted poll.response = guide
12 visitorCreated visitor.created = -
13 visitorMetadataUpdated visitor.metadata_updated = -
14 visitorDoNotProcessUpdated visitor.do_not_process_updated = -
15 accountCreated account.created = -
16 accountMetadataUpdated account.metadata_updated = -
17 visitorUnsubscribed email.unsubscribed = -
18 rageClick frustration.rage_click = page,feature
19 errorClick frustration.error_click = page,feature
20 deadClick frustration.dead_click = page,feature
21 uTurn frustration.u_turn = page,feature
32 pageTagged page.tagged = page
33 pageUpdated page.updated = page
34 pageDeleted page.deleted = page
40 featureTagged feature.tagged = feature
41 featureUpdated feature.updated = feature
42 featureDeleted feature.deleted = feature
48 goalCreated goal.created = goal
49 goalUpdated goal.updated = goal
50 goalDeleted goal.deleted = goal
51 goalStatusChanged goal.status_changed = goal
56 NPSCreated nps.created = guide npsCreated
57 NPSUpdated nps.updated = guide npsUpdated
58 NPSDeleted nps.deleted = guide npsDeleted
59 NPSStatusChanged nps.status_changed = guide npsStatusChanged
64 pollCreated poll.created = guide
65 pollUpdated poll.updated = guide
66 pollDeleted poll.deleted = guide
72 pathCreated path.created = path
73 pathUpdated path.updated = path
74 pathDeleted path.deleted = path
80 funnelCreated funnel.created = funnel
81 funnelUpdated funnel.updated = funnel
82 funnelDeleted funnel.deleted = funnel
88 userInvited user.invited = user
89 userAdded user.added = user
90 userUpdated user.updated = user
91 userDeleted user.deleted = user
128 flows.seen = = flow flows.started
129 flows.completed = = flow
130 flows.dismissed = = flow
136 checklist.seen = = checklist checklist.started
137 checklist.completed = = checklist
138 checklist.dismissed = = checklist
144 nps.score = = -
145 nps.dismissed = = -
146 nps.feedback = = -
147 nps.ask_later = = -
152 feature_tag.clicked = = feature_tag
153 feature_tag.hover = = feature_tag
154 feature_tag.text_input = = feature_tag
160 forms.submitted = = forms
168 button_tracked_event.occurred = = button_tracked_event
`

func TestKinds(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(numbered), "\n")
	kinds := Kinds()
	if len(kinds) != len(lines) {
		t.Fatalf("%d kinds, want %d", len(kinds), len(lines))
	}
	for i, k := range kinds {
		if got := describe(k); got != lines[i] {
			t.Errorf("got  %s\nwant %s", got, lines[i])
		}
	}
}

// describe prints k as a line of numbered.
func describe(k Kind) string {
	or := func(s, same, instead string) string {
		if s == same {
			return instead
		}
		return s
	}
	b := AppendNumber(nil, float64(k))
	for _, word := range []string{k.String(), or(k.Dotted(), k.String(), "="), or(k.Segment(), k.String(), "="), or(k.Items(), "", "-")} {
		b = append(append(b, ' '), word...)
	}
	for _, name := range k.Names() {
		if name != k.String() && name != k.Dotted() && name != k.Segment() {
			b = append(append(b, ' '), name...)
		}
	}
	return string(b)
}

func TestKindOfFindsEveryNameAndNoTwoKindsShareOne(t *testing.T) {
	owner := make(map[string]Kind)
	for _, k := range Kinds() {
		names := k.Names()
		if names[0] != k.String() {
			t.Errorf("%v: the first name is %s", k, names[0])
		}
		for _, name := range append(names, k.Dotted(), k.Segment()) {
			if other, taken := owner[name]; taken && other != k {
				t.Errorf("%q is a name of %d and of %d", name, other, k)
			}
			owner[name] = k
			if got, ok := KindOf(name); !ok || got != k {
				t.Errorf("KindOf(%q) = %d, %v, want %d", name, got, ok, k)
			}
		}
	}
	for _, name := range []string{"", "pageloaded", "PageLoaded", " pageLoaded", "page", "guideSeen ", "nps", "*"} {
		if k, ok := KindOf(name); ok {
			t.Errorf("KindOf(%q) = %v", name, k)
		}
	}
}

// Seed 002's table, in its order.
func TestKindOfSegmentsCatalog(t *testing.T) {
	for _, name := range strings.Fields(`visitorCreated visitorMetadataUpdated visitorDoNotProcessUpdated accountCreated
		accountMetadataUpdated featureClicked trackEventReceived guideSeen pollSeen pollSubmitted pageTagged pageUpdated
		pageDeleted featureTagged featureUpdated featureDeleted goalCreated goalUpdated goalDeleted goalStatusChanged
		NPSSeen NPSSubmitted NPSCreated NPSUpdated NPSDeleted NPSStatusChanged pollCreated pollUpdated pollDeleted
		pathCreated pathUpdated pathDeleted funnelCreated funnelUpdated funnelDeleted userInvited userAdded userUpdated
		userDeleted`) {
		if k, ok := KindOf(name); !ok || k.Segment() != name {
			t.Errorf("%s: found %v, whose Segment name is %q", name, k, k.Segment())
		}
	}
}

func TestWhatIsNoKindHasNoNames(t *testing.T) {
	for _, k := range []Kind{0, 22, 127, 255} {
		if k.String() != "" || k.Dotted() != "" || k.Segment() != "" || k.Items() != "" || len(k.Names()) != 0 {
			t.Errorf("%d has names: %q", k, k.Names())
		}
	}
}
