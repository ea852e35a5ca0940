package format

import (
	"edgerelay/relay/event"
)

// Zapier is an event for the people who put a Zap together: one flat object with names that tell what they are, for they
// pick its members from a list. The first nine are always there, as the list is made of a single sample; of the others only
// what the event has. Properties stay an object, which Zapier shows as "properties elementType".
//
//	{"event":"featureClicked","event_type":"feature.clicked","timestamp":"2021-07-20T18:04:10.000Z","unique_id":"b2c3…",
//	 "app":"…","visitor_id":"…","account_id":"…","url":"…","properties":{"elementType":"button"},"ids":"feature-xyz789"}
func Zapier(dst []byte, e *event.Event, n event.Note) []byte {
	start := len(dst)
	dst = append(dst, `{"event":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, `","event_type":"`...)
	dst = append(dst, e.Kind.Dotted()...)
	dst = appendMilliseconds(append(dst, `","timestamp":`...), e)
	dst = appendUniqueID(append(dst, `,"unique_id":`...), e)
	dst = event.AppendString(append(dst, `,"app":`...), e.AppName)
	dst = appendField(dst, `"visitor_id":`, e.Visitor, `""`)
	dst = appendField(dst, `"account_id":`, e.Account, `""`)
	dst = appendField(dst, `"url":`, e.URL, `""`)
	dst = appendField(dst, `"properties":`, e.Properties, `{}`)
	if firstID(e, n) != nil {
		dst = appendIDText(append(dst, `,"ids":`...), e, n)
	}
	dst = appendMember(dst, `"name":`, e.Name)
	dst = appendMember(dst, `"source":`, e.Source)
	dst = appendMember(dst, `"guide_id":`, e.Guide.ID)
	dst = appendMember(dst, `"guide_name":`, e.Guide.Name)
	dst = appendMember(dst, `"guide_step_id":`, e.Guide.StepID)
	dst = appendMember(dst, `"language":`, e.Guide.Language)
	if len(e.Guide.NPS) > 0 {
		dst = appendMember(dst, `"nps_rating":`, event.Lookup(e.Guide.NPS, "rating"))
		dst = appendMember(dst, `"nps_reason":`, event.Lookup(e.Guide.NPS, "reason"))
	}
	dst = appendMember(dst, `"poll_responses":`, e.Guide.PollResponses)
	return plainSurrogates(append(dst, '}'), start, 1)
}
