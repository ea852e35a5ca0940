package event

import "slices"

// Kind is what happened. The numbers stand in the log's records: never change one. A new kind takes the next free
// number of its family's room.
type Kind uint8

// What visitors and accounts do (seeds 000, 001, 002). Room up to 31. Zero is no kind.
const (
	PageLoaded                 Kind = 1
	FeatureClicked             Kind = 2
	TrackEventReceived         Kind = 3
	GuideDisplayed             Kind = 4
	GuideAdvanced              Kind = 5
	GuideDismissed             Kind = 6
	GuideCompleted             Kind = 7
	NPSDisplayed               Kind = 8
	NPSSubmitted               Kind = 9
	PollDisplayed              Kind = 10
	PollSubmitted              Kind = 11
	VisitorCreated             Kind = 12
	VisitorMetadataUpdated     Kind = 13
	VisitorDoNotProcessUpdated Kind = 14
	AccountCreated             Kind = 15
	AccountMetadataUpdated     Kind = 16
	VisitorUnsubscribed        Kind = 17
	RageClick                  Kind = 18
	ErrorClick                 Kind = 19
	DeadClick                  Kind = 20
	UTurn                      Kind = 21
)

// What administrators do (seed 002). Each object has room for eight; 96 to 127 is free for further objects.
const (
	PageTagged  Kind = 32
	PageUpdated Kind = 33
	PageDeleted Kind = 34

	FeatureTagged  Kind = 40
	FeatureUpdated Kind = 41
	FeatureDeleted Kind = 42

	GoalCreated       Kind = 48
	GoalUpdated       Kind = 49
	GoalDeleted       Kind = 50
	GoalStatusChanged Kind = 51

	NPSCreated       Kind = 56
	NPSUpdated       Kind = 57
	NPSDeleted       Kind = 58
	NPSStatusChanged Kind = 59

	PollCreated Kind = 64
	PollUpdated Kind = 65
	PollDeleted Kind = 66

	PathCreated Kind = 72
	PathUpdated Kind = 73
	PathDeleted Kind = 74

	FunnelCreated Kind = 80
	FunnelUpdated Kind = 81
	FunnelDeleted Kind = 82

	UserInvited Kind = 88
	UserAdded   Kind = 89
	UserUpdated Kind = 90
	UserDeleted Kind = 91
)

// What Userpilot tells (seed 003). Each type has room for eight; 176 to 255 is free.
const (
	FlowSeen      Kind = 128
	FlowCompleted Kind = 129
	FlowDismissed Kind = 130

	ChecklistSeen      Kind = 136
	ChecklistCompleted Kind = 137
	ChecklistDismissed Kind = 138

	UserpilotNPSScore     Kind = 144
	UserpilotNPSDismissed Kind = 145
	UserpilotNPSFeedback  Kind = 146
	UserpilotNPSAskLater  Kind = 147

	FeatureTagClicked   Kind = 152
	FeatureTagHover     Kind = 153
	FeatureTagTextInput Kind = 154

	FormSubmitted Kind = 160

	ButtonTrackedEventOccurred Kind = 168
)

// String is the canonical name, as payloads of the pendo format print it: "pageLoaded". It is "" for what is no kind.
func (k Kind) String() string { return vocabulary[k].canonical }

// Dotted is the name in the manner of seed 001: "page.viewed".
func (k Kind) Dotted() string { return vocabulary[k].dotted }

// Segment is the name as Segment's catalog has it (seed 002): "guideSeen". Kinds it does not list keep their own.
func (k Kind) Segment() string { return vocabulary[k].segment }

// Items says what the event's IDs are IDs of: "page", "feature", "track", "guide" (the configured catalogs), another
// kind of object ("goal", "flow" …), "page,feature" where both can stand, "" where the event has no IDs.
func (k Kind) Items() string { return vocabulary[k].items }

// Names are all names that select k, each once, the canonical one first. The slice is the caller's.
func (k Kind) Names() []string {
	w := &vocabulary[k]
	var names []string
	for _, name := range append([]string{w.canonical, w.dotted, w.segment}, w.others...) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// KindOf finds the kind of a name: canonical, dotted, Segment's or Userpilot's. Letters count as they are.
// It allocates nothing.
func KindOf(name string) (Kind, bool) {
	k, ok := kindByName[name]
	return k, ok
}

// Kinds are all kinds in the order of their numbers. The slice is the caller's.
func Kinds() []Kind {
	var kinds []Kind
	for k := range vocabulary {
		if vocabulary[k].canonical != "" {
			kinds = append(kinds, Kind(k))
		}
	}
	return kinds
}
