package format

import (
	"encoding/hex"
	"strconv"
	"time"

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
	dst = appendField(dst, `{"app":`, e.App, `{}`)
	dst = appendField(dst, `,"accountId":`, e.Account, `""`)
	dst = appendField(dst, `,"subscription":`, e.Subscription, `{}`)
	dst = appendField(dst, `,"userAgent":`, e.UserAgent, `""`)
	if e.Kind == event.VisitorUnsubscribed {
		return appendUnsubscribe(dst, e)
	}
	dst = append(dst, `,"event":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, `","properties":`...)
	dst = appendPendoProperties(dst, e, n)
	dst = append(dst, `,"timestamp":`...)
	dst = strconv.AppendInt(dst, time.UnixMilli(e.Time).Unix(), 10)
	dst = appendField(dst, `,"visitorId":`, e.Visitor, `""`)
	dst = append(dst, `,"uniqueId":"`...)
	dst = hex.AppendEncode(dst, e.UniqueID[:])
	return append(dst, `"}`...)
}

// appendUnsubscribe is the rest of seed 000's "Visitor unsubscribed": it has no event, properties or uniqueId, names its
// kind differently, and writes its time out.
func appendUnsubscribe(dst []byte, e *event.Event) []byte {
	dst = appendField(dst, `,"visitorId":`, e.Visitor, `""`)
	dst = append(dst, `,"eventType":"unsubscribe","timestamp":"`...)
	dst = time.UnixMilli(e.Time).UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
	return append(dst, `"}`...)
}

// appendPendoProperties is the object under "properties". Seed 000 gives pages, features, track events and the kinds of
// guides a layout. Frustration is a label on a click or a page load, so it has the layout of these. Any other kind has its
// properties as they came.
func appendPendoProperties(dst []byte, e *event.Event, n event.Note) []byte {
	switch e.Kind {
	case event.PageLoaded, event.FeatureClicked, event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn:
		dst = appendField(dst, `{"eventProperties":`, e.Properties, `{}`)
		return append(appendSelectedIDs(dst, e, n), '}')
	case event.TrackEventReceived:
		dst = appendField(dst, `{"eventProperties":`, e.Properties, `{}`)
		dst = appendField(dst, `,"name":`, e.Name, `""`)
		dst = appendField(dst, `,"source":`, e.Source, `""`)
		return append(appendSelectedIDs(dst, e, n), '}')
	case event.NPSSubmitted:
		dst = appendPendoGuide(dst, &e.Guide)
		return append(appendField(dst, `,"nps":`, e.Guide.NPS, `{}`), '}')
	case event.PollSubmitted:
		dst = appendPendoGuide(dst, &e.Guide)
		return append(appendField(dst, `,"pollResponses":`, e.Guide.PollResponses, `[]`), '}')
	case event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted,
		event.NPSDisplayed, event.PollDisplayed:
		return append(appendPendoGuide(dst, &e.Guide), '}')
	}
	return appendField(dst, ``, e.Properties, `{}`)
}

// appendPendoGuide is what the properties of all kinds of guides begin with, without the closing brace.
func appendPendoGuide(dst []byte, g *event.Guide) []byte {
	dst = appendField(dst, `{"guideId":`, g.ID, `""`)
	dst = appendField(dst, `,"guideProperties":`, g.Properties, `{}`)
	dst = appendField(dst, `,"guideStepId":`, g.StepID, `""`)
	return appendField(dst, `,"language":`, g.Language, `""`)
}

// appendSelectedIDs is the field "ids" with those of e's IDs that n selects, nothing when it selects none (seed 000).
func appendSelectedIDs(dst []byte, e *event.Event, n event.Note) []byte {
	next := `,"ids":[`
	for i, id := range e.IDs {
		if n.Has(i) {
			dst = append(dst, next...)
			dst = append(dst, id...)
			next = `,`
		}
	}
	if next == `,` {
		dst = append(dst, ']')
	}
	return dst
}

// appendField is key, which brings its punctuation along, and value, or absent where there is none.
func appendField(dst []byte, key string, value []byte, absent string) []byte {
	dst = append(dst, key...)
	if len(value) == 0 {
		return append(dst, absent...)
	}
	return append(dst, value...)
}
