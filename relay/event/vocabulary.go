package event

// words are the names of one kind. The dotted and the Segment name may equal the canonical one.
type words struct {
	canonical string
	dotted    string
	segment   string
	items     string
	others    []string // further names that select it
}

// vocabulary is the table of names. Canonical names are those of seed 000, then 002, then 003; dotted names those of
// seed 001, and in its manner where it has none; Segment names those of seed 002, else the canonical one. Two names of
// seed 003 are seen both ways in it: it lists a flow as "Started" and shows its payload as "seen".
var vocabulary = [256]words{
	PageLoaded:         {"pageLoaded", "page.viewed", "pageLoaded", "page", nil},
	FeatureClicked:     {"featureClicked", "feature.clicked", "featureClicked", "feature", nil},
	TrackEventReceived: {"trackEventReceived", "track.event", "trackEventReceived", "track", nil},

	GuideDisplayed: {"guideDisplayed", "guide.viewed", "guideSeen", "guide", nil},
	GuideAdvanced:  {"guideAdvanced", "guide.advanced", "guideAdvanced", "guide", nil},
	GuideDismissed: {"guideDismissed", "guide.dismissed", "guideDismissed", "guide", nil},
	GuideCompleted: {"guideCompleted", "guide.completed", "guideCompleted", "guide", nil},
	NPSDisplayed:   {"npsDisplayed", "nps.displayed", "NPSSeen", "guide", nil},
	NPSSubmitted:   {"npsSubmitted", "nps.response", "NPSSubmitted", "guide", nil},
	PollDisplayed:  {"pollDisplayed", "poll.displayed", "pollSeen", "guide", nil},
	PollSubmitted:  {"pollSubmitted", "poll.response", "pollSubmitted", "guide", nil},

	VisitorCreated:             {"visitorCreated", "visitor.created", "visitorCreated", "", nil},
	VisitorMetadataUpdated:     {"visitorMetadataUpdated", "visitor.metadata_updated", "visitorMetadataUpdated", "", nil},
	VisitorDoNotProcessUpdated: {"visitorDoNotProcessUpdated", "visitor.do_not_process_updated", "visitorDoNotProcessUpdated", "", nil},
	AccountCreated:             {"accountCreated", "account.created", "accountCreated", "", nil},
	AccountMetadataUpdated:     {"accountMetadataUpdated", "account.metadata_updated", "accountMetadataUpdated", "", nil},
	VisitorUnsubscribed:        {"visitorUnsubscribed", "email.unsubscribed", "visitorUnsubscribed", "", nil},

	RageClick:  {"rageClick", "frustration.rage_click", "rageClick", "page,feature", nil},
	ErrorClick: {"errorClick", "frustration.error_click", "errorClick", "page,feature", nil},
	DeadClick:  {"deadClick", "frustration.dead_click", "deadClick", "page,feature", nil},
	UTurn:      {"uTurn", "frustration.u_turn", "uTurn", "page,feature", nil},

	PageTagged:        {"pageTagged", "page.tagged", "pageTagged", "page", nil},
	PageUpdated:       {"pageUpdated", "page.updated", "pageUpdated", "page", nil},
	PageDeleted:       {"pageDeleted", "page.deleted", "pageDeleted", "page", nil},
	FeatureTagged:     {"featureTagged", "feature.tagged", "featureTagged", "feature", nil},
	FeatureUpdated:    {"featureUpdated", "feature.updated", "featureUpdated", "feature", nil},
	FeatureDeleted:    {"featureDeleted", "feature.deleted", "featureDeleted", "feature", nil},
	GoalCreated:       {"goalCreated", "goal.created", "goalCreated", "goal", nil},
	GoalUpdated:       {"goalUpdated", "goal.updated", "goalUpdated", "goal", nil},
	GoalDeleted:       {"goalDeleted", "goal.deleted", "goalDeleted", "goal", nil},
	GoalStatusChanged: {"goalStatusChanged", "goal.status_changed", "goalStatusChanged", "goal", nil},
	NPSCreated:        {"NPSCreated", "nps.created", "NPSCreated", "guide", []string{"npsCreated"}},
	NPSUpdated:        {"NPSUpdated", "nps.updated", "NPSUpdated", "guide", []string{"npsUpdated"}},
	NPSDeleted:        {"NPSDeleted", "nps.deleted", "NPSDeleted", "guide", []string{"npsDeleted"}},
	NPSStatusChanged:  {"NPSStatusChanged", "nps.status_changed", "NPSStatusChanged", "guide", []string{"npsStatusChanged"}},
	PollCreated:       {"pollCreated", "poll.created", "pollCreated", "guide", nil},
	PollUpdated:       {"pollUpdated", "poll.updated", "pollUpdated", "guide", nil},
	PollDeleted:       {"pollDeleted", "poll.deleted", "pollDeleted", "guide", nil},
	PathCreated:       {"pathCreated", "path.created", "pathCreated", "path", nil},
	PathUpdated:       {"pathUpdated", "path.updated", "pathUpdated", "path", nil},
	PathDeleted:       {"pathDeleted", "path.deleted", "pathDeleted", "path", nil},
	FunnelCreated:     {"funnelCreated", "funnel.created", "funnelCreated", "funnel", nil},
	FunnelUpdated:     {"funnelUpdated", "funnel.updated", "funnelUpdated", "funnel", nil},
	FunnelDeleted:     {"funnelDeleted", "funnel.deleted", "funnelDeleted", "funnel", nil},
	UserInvited:       {"userInvited", "user.invited", "userInvited", "user", nil},
	UserAdded:         {"userAdded", "user.added", "userAdded", "user", nil},
	UserUpdated:       {"userUpdated", "user.updated", "userUpdated", "user", nil},
	UserDeleted:       {"userDeleted", "user.deleted", "userDeleted", "user", nil},

	FlowSeen:              userpilot("flows.seen", "flow", "flows.started"),
	FlowCompleted:         userpilot("flows.completed", "flow"),
	FlowDismissed:         userpilot("flows.dismissed", "flow"),
	ChecklistSeen:         userpilot("checklist.seen", "checklist", "checklist.started"),
	ChecklistCompleted:    userpilot("checklist.completed", "checklist"),
	ChecklistDismissed:    userpilot("checklist.dismissed", "checklist"),
	UserpilotNPSScore:     userpilot("nps.score", ""),
	UserpilotNPSDismissed: userpilot("nps.dismissed", ""),
	UserpilotNPSFeedback:  userpilot("nps.feedback", ""),
	UserpilotNPSAskLater:  userpilot("nps.ask_later", ""),
	FeatureTagClicked:     userpilot("feature_tag.clicked", "feature_tag"),
	FeatureTagHover:       userpilot("feature_tag.hover", "feature_tag"),
	FeatureTagTextInput:   userpilot("feature_tag.text_input", "feature_tag"),
	FormSubmitted:         userpilot("forms.submitted", "forms"),

	ButtonTrackedEventOccurred: userpilot("button_tracked_event.occurred", "button_tracked_event"),
}

// userpilot is a kind of seed 003: one name for everything; items is data.type of its payload, "" where that has no id.
func userpilot(name, items string, others ...string) words {
	return words{canonical: name, dotted: name, segment: name, items: items, others: others}
}

// kindByName is vocabulary turned round.
var kindByName = func() map[string]Kind {
	byName := make(map[string]Kind)
	for _, k := range Kinds() {
		for _, name := range k.Names() {
			byName[name] = k
		}
	}
	return byName
}()
