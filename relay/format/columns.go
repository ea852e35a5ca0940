package format

import (
	"time"

	"edgerelay/relay/event"
)

// appendColumns is an event as a row of a warehouse's table: one flat object with a member for each column that the event
// has something for. What it does not have is left out, which makes the column NULL. The columns are the same for every
// kind, so that one table takes all. nested writes the columns that hold JSON.
//
//	{"unique_id":"75c3…","event":"trackEventReceived","occurred_at":"2021-07-20T18:02:24.000Z","received_at":"…",
//	 "app":"…","visitor_id":"…","account_id":"…","url":"…","ip":"…","user_agent":"…","name":"…","source":"…",
//	 "guide_id":"…","guide_name":"…","guide_step_id":"…","language":"…","ids":["…"],
//	 "properties":…,"guide_properties":…,"nps":…,"poll_responses":…,"application":…,"subscription":…}
func appendColumns(dst []byte, e *event.Event, n event.Note, nested func(dst []byte, key string, value []byte) []byte) []byte {
	dst = appendUniqueID(append(dst, `{"unique_id":`...), e)
	dst = append(dst, `,"event":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = appendMilliseconds(append(dst, `","occurred_at":`...), e)
	dst = append(dst, `,"received_at":`...)
	dst = time.UnixMilli(e.Received).UTC().AppendFormat(dst, `"2006-01-02T15:04:05.000Z"`)
	if len(e.AppName) > 0 {
		dst = event.AppendString(appendKey(dst, `"app":`), e.AppName)
	}
	dst = appendMember(dst, `"visitor_id":`, e.Visitor)
	dst = appendMember(dst, `"account_id":`, e.Account)
	dst = appendMember(dst, `"url":`, e.URL)
	dst = appendMember(dst, `"ip":`, e.IP)
	dst = appendMember(dst, `"user_agent":`, e.UserAgent)
	dst = appendMember(dst, `"name":`, e.Name)
	dst = appendMember(dst, `"source":`, e.Source)
	dst = appendMember(dst, `"guide_id":`, e.Guide.ID)
	dst = appendMember(dst, `"guide_name":`, e.Guide.Name)
	dst = appendMember(dst, `"guide_step_id":`, e.Guide.StepID)
	dst = appendMember(dst, `"language":`, e.Guide.Language)
	dst = appendIDs(dst, `"ids":`, e, n)
	dst = nested(dst, `"properties":`, e.Properties)
	dst = nested(dst, `"guide_properties":`, e.Guide.Properties)
	dst = nested(dst, `"nps":`, e.Guide.NPS)
	dst = nested(dst, `"poll_responses":`, e.Guide.PollResponses)
	dst = nested(dst, `"application":`, e.App)
	dst = nested(dst, `"subscription":`, e.Subscription)
	return append(dst, '}')
}

// appendText is appendMember with the value's JSON written as a text.
func appendText(dst []byte, key string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	return event.AppendString(appendKey(dst, key), value)
}
