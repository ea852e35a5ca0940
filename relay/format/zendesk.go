package format

import (
	"edgerelay/relay/event"
)

// ZendeskOptions are what Zendesk's profiles and events are filed under, plain texts of at most 40 characters.
type ZendeskOptions struct {
	Source  string // of profiles and events
	Profile string // the type of profiles
}

// zendeskNameMax is the limit of sources and types in characters.
const zendeskNameMax = 40

// Zendesk makes the encoder of one user event with the profile that it belongs to.
//
//	{"profile":{"source":"edgerelay","type":"customer","identifiers":[{"type":"email","value":"a@b.c"},{"type":"external_id","value":"a@b.c"}]},
//	 "event":{"source":"edgerelay","type":"account_upgraded","description":"Account Upgraded - a@b.c",
//	  "created_at":"2021-07-20T18:02:24.000Z","properties":{"event_id":"75c3…","event":"trackEventReceived",…}}}
//
// The profile is the visitor's, by ID and, where it is known, by mail address; without a visitor the account's, without that
// the app's. event_id is the uniqueId, for Zendesk knows no repeats.
func Zendesk(o ZendeskOptions) Encoder {
	profile := event.AppendString([]byte(`{"profile":{"source":`), o.Source)
	profile = event.AppendString(append(profile, `,"type":`...), o.Profile)
	profile = append(profile, `,"identifiers":[`...)
	happened := event.AppendString([]byte(`]},"event":{"source":`), o.Source)
	happened = append(happened, `,"type":"`...)
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		begin := len(dst)
		dst = append(dst, profile...)
		if mail := mailOf(e); mail != nil {
			dst = appendMember(append(dst, `{"type":"email"`...), `"value":`, mail)
			dst = append(dst, `},`...)
		}
		dst = append(dst, `{"type":"external_id","value":`...)
		if visitor := present(e.Visitor); visitor != nil {
			dst = append(dst, visitor...)
		} else {
			dst = appendNobody(dst, e)
		}
		dst = append(append(dst, '}'), happened...)
		dst = appendEventSlug(dst, e, zendeskNameMax)
		dst = append(dst, `","description":`...)
		start := len(dst)
		dst = quoteText(appendSummary(dst, e, n, summaryMax), start)
		dst = appendMilliseconds(append(dst, `,"created_at":`...), e)
		dst = append(dst, `,"properties":`...)
		return plainSurrogates(append(appendZendeskProperties(dst, e, n), `}}`...), begin, 1)
	}
}

// appendZendeskProperties is what a support agent may want to know of an event. What is empty is left out.
func appendZendeskProperties(dst []byte, e *event.Event, n event.Note) []byte {
	dst = appendUniqueID(append(dst, `{"event_id":`...), e)
	dst = append(dst, `,"event":"`...)
	dst = append(append(dst, e.Kind.String()...), '"')
	if len(e.AppName) > 0 {
		dst = event.AppendString(append(dst, `,"app":`...), e.AppName)
	}
	dst = appendMember(dst, `"account_id":`, present(e.Account))
	dst = appendMember(dst, `"url":`, says(e.URL))
	dst = appendMember(dst, `"name":`, says(e.Name))
	dst = appendMember(dst, `"guide_id":`, says(e.Guide.ID))
	dst = appendMember(dst, `"guide_name":`, says(e.Guide.Name))
	dst = appendMember(dst, `"nps":`, says(e.Guide.NPS))
	dst = appendMember(dst, `"poll_responses":`, says(e.Guide.PollResponses))
	dst = appendIDs(dst, `"ids":`, e, n)
	dst = appendMember(dst, `"properties":`, says(e.Properties))
	return append(dst, '}')
}
