package format

import (
	"edgerelay/relay/event"
)

// appendData is all that is known of the event, for shapes of our own, in the words of seed 000. What the event does not
// have is left out.
//
//	{"uniqueId":"…","visitorId":"…","accountId":"…","name":"…","source":"…","ids":[…],"properties":{…},
//	 "guide":{"id":"…","name":"…","stepId":"…","language":"…","properties":{…},"nps":{…},"pollResponses":[…]},
//	 "url":"…","ip":"…","userAgent":"…","app":{…},"subscription":{…}}
//
// ids are those that the webhook selected: of pages, features, track types, guides, or the object that an administrator
// changed.
func appendData(dst []byte, e *event.Event, n event.Note) []byte {
	dst = appendUniqueID(append(dst, `{"uniqueId":`...), e)
	dst = appendMember(dst, `"visitorId":`, e.Visitor)
	dst = appendMember(dst, `"accountId":`, e.Account)
	dst = appendMember(dst, `"name":`, e.Name)
	dst = appendMember(dst, `"source":`, e.Source)
	dst = appendIDs(dst, `"ids":`, e, n)
	dst = appendMember(dst, `"properties":`, e.Properties)
	if len(e.Guide.ID) > 0 {
		dst = appendGuide(appendKey(dst, `"guide":`), &e.Guide)
	}
	dst = appendMember(dst, `"url":`, e.URL)
	dst = appendMember(dst, `"ip":`, e.IP)
	dst = appendMember(dst, `"userAgent":`, e.UserAgent)
	dst = appendMember(dst, `"app":`, e.App)
	dst = appendMember(dst, `"subscription":`, e.Subscription)
	return append(dst, '}')
}

func appendGuide(dst []byte, g *event.Guide) []byte {
	dst = appendMember(append(dst, '{'), `"id":`, g.ID)
	dst = appendMember(dst, `"name":`, g.Name)
	dst = appendMember(dst, `"stepId":`, g.StepID)
	dst = appendMember(dst, `"language":`, g.Language)
	dst = appendMember(dst, `"properties":`, g.Properties)
	dst = appendMember(dst, `"nps":`, g.NPS)
	dst = appendMember(dst, `"pollResponses":`, g.PollResponses)
	return append(dst, '}')
}
