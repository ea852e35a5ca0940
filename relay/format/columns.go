package format

import (
	"bytes"
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
	start := len(dst)
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
	mendSurrogates(dst[start:], 1)
	start = len(dst)
	dst = nested(dst, `"properties":`, e.Properties)
	dst = nested(dst, `"guide_properties":`, e.Guide.Properties)
	dst = nested(dst, `"nps":`, e.Guide.NPS)
	dst = nested(dst, `"poll_responses":`, e.Guide.PollResponses)
	dst = nested(dst, `"application":`, e.App)
	dst = nested(dst, `"subscription":`, e.Subscription)
	mendSurrogates(dst[start:], 1)
	return append(dst, '}')
}

// mendSurrogates makes U+FFFD of lone surrogates in stable JSON, in place: UTF-8 cannot hold them, and warehouses refuse a
// whole request for one. The escape that it writes is no stable JSON. Stable JSON escapes none but lone ones. slashes is how many backslashes the text has for one: 2
// where it is the text of a JSON string itself.
func mendSurrogates(text []byte, slashes int) {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		run := i
		for i < len(text) && text[i] == '\\' {
			i++
		}
		if (i-run)/slashes%2 == 1 && i+4 < len(text) && text[i] == 'u' && text[i+1]|0x20 == 'd' && text[i+2] >= '8' {
			copy(text[i+1:], "fffd")
		}
	}
}

// plainSurrogates is mendSurrogates for what must be stable JSON: U+FFFD itself stands in dst[start:] then, which gets shorter.
func plainSurrogates(dst []byte, start, slashes int) []byte {
	if !bytes.Contains(dst[start:], []byte(`\ud`)) {
		return dst
	}
	to := start
	for i := start; i < len(dst); {
		run := i
		for ; i < len(dst) && dst[i] == '\\'; i++ {
			dst[to] = '\\'
			to++
		}
		switch {
		case (i-run)/slashes%2 == 1 && i+4 < len(dst) && dst[i] == 'u' && dst[i+1]|0x20 == 'd' && dst[i+2] >= '8':
			to -= slashes
			to += copy(dst[to:], "\ufffd")
			i += len(`ud800`)
		case i < len(dst):
			dst[to] = dst[i]
			to++
			i++
		}
	}
	return dst[:to]
}

// appendText is appendMember with the value's JSON written as a text.
func appendText(dst []byte, key string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	start := len(dst)
	dst = event.AppendString(appendKey(dst, key), value)
	mendSurrogates(dst[start:], 2)
	return dst
}
