package format

import (
	"edgerelay/relay/event"
)

// Dotted is seed 001's payload. What that shows is always there, with "" where the event has none; what it does not show
// follows behind, and is left out where the event has none.
//
//	{"event_type":"guide.viewed","timestamp":"2024-01-15T14:30:00Z","data":{"guide_id":"…","guide_name":"…",
//	 "visitor_id":"…","account_id":"…","metadata":{"browser":"Chrome","platform":"web"},…,"unique_id":"…"}}
//
// The seed shows a guide. Other kinds name in the place of the guide what they are about: page_ids, feature_ids, ids (of
// frustration, pages and features together), event_name and track_type_ids, goal_id … timestamp is the event's own time in
// whole seconds. unique_id, 40 hex digits, is what the seed asks receivers to recognise repeats by.
func Dotted(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, `{"event_type":"`...)
	dst = append(dst, e.Kind.Dotted()...)
	dst = append(dst, `","timestamp":`...)
	dst = appendSeconds(dst, e)
	dst = append(dst, `,"data":{`...)
	dst = appendDottedSubject(dst, e, n)
	dst = appendField(dst, `"visitor_id":`, e.Visitor, `""`)
	dst = appendField(dst, `"account_id":`, e.Account, `""`)
	dst = appendDottedMetadata(appendKey(dst, `"metadata":`), e)
	dst = appendDottedDetails(dst, e)
	dst = appendMember(dst, `"app":`, e.App)
	dst = appendUniqueID(appendKey(dst, `"unique_id":`), e)
	return append(dst, `}}`...)
}

// appendDottedSubject is what the event is about. An object of Userpilot's has its ID among its properties.
func appendDottedSubject(dst []byte, e *event.Event, n event.Note) []byte {
	switch e.Kind {
	case event.PageLoaded:
		return appendIDs(dst, `"page_ids":`, e, n)
	case event.FeatureClicked:
		return appendIDs(dst, `"feature_ids":`, e, n)
	case event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn:
		return appendIDs(dst, `"ids":`, e, n)
	case event.TrackEventReceived:
		dst = appendField(dst, `"event_name":`, e.Name, `""`)
		return appendIDs(dst, `"track_type_ids":`, e, n)
	case event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted,
		event.NPSDisplayed, event.NPSSubmitted, event.PollDisplayed, event.PollSubmitted:
		dst = appendField(dst, `"guide_id":`, e.Guide.ID, `""`)
		return appendField(dst, `"guide_name":`, e.Guide.Name, `""`)
	}
	if id := firstID(e, n); id != nil && e.Kind >= event.PageTagged && e.Kind < event.FlowSeen {
		dst = append(appendKey(dst, `"`), e.Kind.Items()...)
		return append(append(dst, `_id":`...), id...)
	}
	return dst
}

// appendDottedMetadata is what is known of the circumstances.
func appendDottedMetadata(dst []byte, e *event.Event) []byte {
	browser, _ := event.Browser(e.UserAgent)
	dst = appendMember(append(dst, '{'), `"browser":`, browser)
	dst = appendMember(dst, `"platform":`, event.Lookup(e.App, "platform"))
	dst = appendMember(dst, `"language":`, e.Guide.Language)
	dst = appendMember(dst, `"url":`, e.URL)
	dst = appendMember(dst, `"user_agent":`, e.UserAgent)
	return append(dst, '}')
}

// appendDottedDetails is what only some kinds have.
func appendDottedDetails(dst []byte, e *event.Event) []byte {
	dst = appendMember(dst, `"guide_step_id":`, e.Guide.StepID)
	dst = appendMember(dst, `"nps":`, e.Guide.NPS)
	if len(e.Guide.PollResponses) > 0 {
		dst = appendResponses(appendKey(dst, `"poll_responses":`), e.Guide.PollResponses)
	}
	dst = appendMember(dst, `"source":`, e.Source)
	return appendMember(dst, `"properties":`, e.Properties)
}

// appendResponses is a poll's answers with keys in the manner of seed 001. What stands in them beside the four members of
// seed 000 is left out.
func appendResponses(dst, responses []byte) []byte {
	dst = append(dst, '[')
	next := ``
	_ = event.Elements(responses, func(response []byte) bool { // it is stable JSON
		dst = append(append(dst, next...), '{')
		dst = appendMember(dst, `"poll_id":`, event.Lookup(response, "pollId"))
		dst = appendMember(dst, `"poll_type":`, event.Lookup(response, "pollType"))
		dst = appendMember(dst, `"response":`, event.Lookup(response, "response"))
		dst = appendMember(dst, `"duration":`, event.Lookup(response, "duration"))
		dst = append(dst, '}')
		next = `,`
		return true
	})
	return append(dst, ']')
}
