package format

import (
	"time"

	"edgerelay/relay/event"
)

// Archive is an event as one line of NDJSON, without the line's end, for object stores and what reads them (Athena,
// Spark, DuckDB). No document gives a shape: it is as flat as an event is, names are those of the pendo payload where that
// has one, and every field is there on every line, null when the event has no such thing, so that a reader which guesses
// the schema from the first line guesses right.
//
//	{"event":"pageLoaded","uniqueId":"…","timestamp":"2021-07-20T17:57:55.000Z","received":"…","appName":"…","app":{…},
//	 "subscription":{…},"visitorId":"…","accountId":"…","url":"…","ip":"…","userAgent":"…","ids":[…],"name":"…",
//	 "source":"…","properties":{…},"guideId":"…","guideName":"…","guideStepId":"…","language":"…","guideProperties":{…},
//	 "nps":{…},"pollResponses":[…]}
//
// timestamp and received are UTC with milliseconds. ids are those that the webhook selected.
func Archive(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, `{"event":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, '"')
	dst = appendUniqueID(appendKey(dst, `"uniqueId":`), e)
	dst = appendMilliseconds(appendKey(dst, `"timestamp":`), e)
	dst = append(dst, `,"received":"`...)
	dst = appendMoment(dst, e.Received)
	dst = append(dst, '"')
	dst = event.AppendString(appendKey(dst, `"appName":`), e.AppName)
	dst = appendField(dst, `"app":`, e.App, `null`)
	dst = appendField(dst, `"subscription":`, e.Subscription, `null`)
	dst = appendField(dst, `"visitorId":`, e.Visitor, `null`)
	dst = appendField(dst, `"accountId":`, e.Account, `null`)
	dst = appendField(dst, `"url":`, e.URL, `null`)
	dst = appendField(dst, `"ip":`, e.IP, `null`)
	dst = appendField(dst, `"userAgent":`, e.UserAgent, `null`)
	dst = appendIDArray(appendKey(dst, `"ids":`), e, n)
	dst = appendField(dst, `"name":`, e.Name, `null`)
	dst = appendField(dst, `"source":`, e.Source, `null`)
	dst = appendField(dst, `"properties":`, e.Properties, `null`)
	g := &e.Guide
	dst = appendField(dst, `"guideId":`, g.ID, `null`)
	dst = appendField(dst, `"guideName":`, g.Name, `null`)
	dst = appendField(dst, `"guideStepId":`, g.StepID, `null`)
	dst = appendField(dst, `"language":`, g.Language, `null`)
	dst = appendField(dst, `"guideProperties":`, g.Properties, `null`)
	dst = appendField(dst, `"nps":`, g.NPS, `null`)
	dst = appendField(dst, `"pollResponses":`, g.PollResponses, `null`)
	return append(dst, '}')
}

// appendMoment is a time in UTC with milliseconds, as JavaScript's toISOString prints it.
func appendMoment(dst []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// appendIDArray is the array of those of e's IDs that n selects, an empty one where it selects none.
func appendIDArray(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, '[')
	first := true
	for i, id := range e.IDs {
		if !n.Has(i) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, id...), false
	}
	return append(dst, ']')
}
