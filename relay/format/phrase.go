package format

import (
	"strings"

	"edgerelay/relay/event"
)

// phrase is how a kind of event is told to people, as a sentence: who does what.
type phrase struct {
	face  string // an emoji as Slack calls it
	who   subject
	title string // of an object that an administrator did something to: "Page"
	does  string // before the name of what it was done to
	alone string // the same where that has no name
}

// subject is whom a sentence is about.
type subject uint8

const (
	byVisitor subject = iota // "Ann (Acme) …"
	byAccount                // "Account Acme …"
	byObject                 // "Page Prices …"
)

// phrases are those of all kinds.
var phrases = func() (all [256]phrase) {
	visit := func(k event.Kind, face, does, alone string) { all[k] = phrase{face: face, does: does, alone: alone} }
	visit(event.PageLoaded, "eyes", "viewed the page", "viewed a page")
	visit(event.FeatureClicked, "point_up_2", "clicked the feature", "clicked a feature")
	visit(event.TrackEventReceived, "zap", "triggered", "triggered a track event")
	visit(event.GuideDisplayed, "speech_balloon", "was shown the guide", "was shown a guide")
	visit(event.GuideAdvanced, "arrow_forward", "went on in the guide", "went on in a guide")
	visit(event.GuideDismissed, "heavy_multiplication_x", "dismissed the guide", "dismissed a guide")
	visit(event.GuideCompleted, "checkered_flag", "completed the guide", "completed a guide")
	visit(event.NPSDisplayed, "question", "was asked the NPS survey", "was asked an NPS survey")
	visit(event.NPSSubmitted, "ballot_box_with_ballot", "answered the NPS survey", "answered an NPS survey")
	visit(event.PollDisplayed, "question", "was asked the poll", "was asked a poll")
	visit(event.PollSubmitted, "ballot_box_with_ballot", "answered the poll", "answered a poll")
	visit(event.VisitorCreated, "wave", "", "was seen for the first time")
	visit(event.VisitorMetadataUpdated, "card_index", "", "has new metadata")
	visit(event.VisitorDoNotProcessUpdated, "no_entry_sign", "", "has a new do-not-process mark")
	visit(event.VisitorUnsubscribed, "no_bell", "", "unsubscribed from emails")
	visit(event.RageClick, "rage", "clicked in rage on", "clicked in rage")
	visit(event.ErrorClick, "boom", "met an error when clicking", "met an error when clicking")
	visit(event.DeadClick, "skull", "clicked in vain on", "clicked in vain")
	visit(event.UTurn, "leftwards_arrow_with_hook", "turned back from", "turned back from a page")

	visit(event.FlowSeen, "speech_balloon", "was shown the flow", "was shown a flow")
	visit(event.FlowCompleted, "checkered_flag", "completed the flow", "completed a flow")
	visit(event.FlowDismissed, "heavy_multiplication_x", "dismissed the flow", "dismissed a flow")
	visit(event.ChecklistSeen, "clipboard", "was shown the checklist", "was shown a checklist")
	visit(event.ChecklistCompleted, "checkered_flag", "completed the checklist", "completed a checklist")
	visit(event.ChecklistDismissed, "heavy_multiplication_x", "dismissed the checklist", "dismissed a checklist")
	visit(event.UserpilotNPSScore, "ballot_box_with_ballot", "", "answered an NPS survey")
	visit(event.UserpilotNPSFeedback, "ballot_box_with_ballot", "", "answered an NPS survey")
	visit(event.UserpilotNPSDismissed, "heavy_multiplication_x", "", "dismissed an NPS survey")
	visit(event.UserpilotNPSAskLater, "hourglass", "", "wants to be asked the NPS survey later")
	visit(event.FeatureTagClicked, "point_up_2", "clicked the feature tag", "clicked a feature tag")
	visit(event.FeatureTagHover, "eyes", "hovered over the feature tag", "hovered over a feature tag")
	visit(event.FeatureTagTextInput, "keyboard", "wrote into the feature tag", "wrote into a feature tag")
	visit(event.FormSubmitted, "memo", "submitted the form", "submitted a form")
	visit(event.ButtonTrackedEventOccurred, "radio_button", "pressed the tracked button", "pressed a tracked button")

	all[event.AccountCreated] = phrase{face: "office", who: byAccount, alone: "was seen for the first time"}
	all[event.AccountMetadataUpdated] = phrase{face: "card_index", who: byAccount, alone: "has new metadata"}
	for _, k := range event.Kinds() {
		if all[k].alone == "" {
			all[k] = objectPhrase(k)
		}
	}
	return all
}()

// objectPhrase tells what an administrator did: "Page … was tagged".
func objectPhrase(k event.Kind) phrase {
	object, action, _ := strings.Cut(k.Dotted(), ".")
	does, face := "was "+action, "pencil2"
	switch action {
	case "status_changed":
		does = "changed its status"
	case "deleted":
		face = "wastebasket"
	}
	title := strings.ToUpper(object[:1]) + object[1:]
	if object == "nps" {
		title = "NPS survey"
	}
	return phrase{face: face, who: byObject, title: title, alone: does}
}

// appendKindName is a kind's name for people: "Feature clicked", "NPS submitted", "Button tracked event occurred". It is plain
// text of letters and spaces.
func appendKindName(dst []byte, k event.Kind) []byte {
	name := k.String()
	if len(name) > 3 && strings.EqualFold(name[:3], "nps") {
		dst, name = append(dst, "NPS"...), name[3:]
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '.' || c == '_':
			dst = append(dst, ' ')
		case 'A' <= c && c <= 'Z':
			dst = append(dst, ' ', c|0x20)
		case i == 0:
			dst = append(dst, c&^0x20)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
