package format

import (
	"strconv"

	"edgerelay/relay/event"
)

// Pendo is seed 000's payload, field for field and in its order. Every field is always there: what the event does not
// have is "" or {} (seed 000 shows no other way). Two things differ by kind: what properties hold, and that an unsubscribe
// is a payload of its own.
//
//	{"app":{…},"accountId":"…","subscription":{…},"userAgent":"…","event":"pageLoaded","properties":{…},
//	 "timestamp":1626803875,"visitorId":"…","uniqueId":"…"}
//
// timestamp is the event's own time in whole Unix seconds, uniqueId 40 hex digits.
func Pendo(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, '{')
	dst = appendField(dst, `"app":`, e.App, `{}`)
	dst = appendField(dst, `"accountId":`, e.Account, `""`)
	dst = appendField(dst, `"subscription":`, e.Subscription, `{}`)
	dst = appendField(dst, `"userAgent":`, e.UserAgent, `""`)
	if e.Kind == event.VisitorUnsubscribed {
		return appendUnsubscribe(dst, e)
	}
	dst = append(dst, `,"event":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, `","properties":`...)
	dst = appendPendoProperties(dst, e, n)
	dst = append(dst, `,"timestamp":`...)
	dst = strconv.AppendInt(dst, unix(e), 10)
	dst = appendField(dst, `"visitorId":`, e.Visitor, `""`)
	dst = appendUniqueID(appendKey(dst, `"uniqueId":`), e)
	return append(dst, '}')
}

// appendUnsubscribe is the rest of seed 000's "Visitor unsubscribed": it has no event, properties or uniqueId, names its
// kind differently, and writes its time out.
func appendUnsubscribe(dst []byte, e *event.Event) []byte {
	dst = appendField(dst, `"visitorId":`, e.Visitor, `""`)
	dst = append(dst, `,"eventType":"unsubscribe","timestamp":`...)
	return append(appendSeconds(dst, e), '}')
}

// appendPendoProperties is the object under "properties". Seed 000 gives pages, features, track events and the kinds of
// guides a layout. Frustration is a label on a click or a page load, so it has the layout of these. Any other kind has its
// properties as they came.
func appendPendoProperties(dst []byte, e *event.Event, n event.Note) []byte {
	switch e.Kind {
	case event.PageLoaded, event.FeatureClicked, event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn:
		dst = appendField(append(dst, '{'), `"eventProperties":`, e.Properties, `{}`)
		return append(appendIDs(dst, `"ids":`, e, n), '}')
	case event.TrackEventReceived:
		dst = appendField(append(dst, '{'), `"eventProperties":`, e.Properties, `{}`)
		dst = appendField(dst, `"name":`, e.Name, `""`)
		dst = appendField(dst, `"source":`, e.Source, `""`)
		return append(appendIDs(dst, `"ids":`, e, n), '}')
	case event.NPSSubmitted:
		dst = appendPendoGuide(dst, &e.Guide)
		return append(appendField(dst, `"nps":`, e.Guide.NPS, `{}`), '}')
	case event.PollSubmitted:
		dst = appendPendoGuide(dst, &e.Guide)
		return append(appendField(dst, `"pollResponses":`, e.Guide.PollResponses, `[]`), '}')
	case event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted,
		event.NPSDisplayed, event.PollDisplayed:
		return append(appendPendoGuide(dst, &e.Guide), '}')
	}
	return appendValue(dst, e.Properties, `{}`)
}

// appendPendoGuide is what the properties of all kinds of guides begin with, without the closing brace.
func appendPendoGuide(dst []byte, g *event.Guide) []byte {
	dst = appendField(append(dst, '{'), `"guideId":`, g.ID, `""`)
	dst = appendField(dst, `"guideProperties":`, g.Properties, `{}`)
	dst = appendField(dst, `"guideStepId":`, g.StepID, `""`)
	return appendField(dst, `"language":`, g.Language, `""`)
}
