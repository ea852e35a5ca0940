package destination

import (
	"encoding/json"

	"edgerelay/relay/format"
)

// segment is Twilio Segment's HTTP Tracking API (seeds 000 and 002). Segment drops repeats by messageId, which is the
// event's uniqueId.
//
// It answers 200 to much that it does not take: calls that name nobody, batches of more than 2500 and wrong write keys. The
// first the encoder sees to, the second the batch, and the third only Segment's own debugger shows.
var segment = Type{
	Name: "segment", Title: "Twilio Segment",
	Regions: []string{"us", "eu"},
	Write:   "the source's write key",
	Plan:    planSegment,
}

// segmentEndpoints by region. The endpoint of the wrong region answers 200 too.
var segmentEndpoints = map[string]string{
	"us": "https://api.segment.io/v1/batch",
	"eu": "https://events.eu1.segmentapis.com/v1/batch",
}

// Segment takes 2500 calls, 500 KB a batch and 32 KB a call. Its own libraries stop at 480 KB.
const (
	segmentCount = 2500
	segmentBytes = 480_000
	segmentItem  = 32_000
)

func planSegment(s *Settings, fault func(field, text string, args ...any)) *Plan {
	return &Plan{
		URL: endpoint(segmentEndpoints[s.Region], s, fault),
		Header: []Header{
			{"Content-Type", "application/json"},
			{"Authorization", basic(s.WriteKey, "")},
		},
		Body:  Body{Open: `{"batch":[`, Between: ",", Close: `]}`, Item: format.SegmentCall},
		Batch: Batch{Count: segmentCount, Bytes: segmentBytes, Item: segmentItem},
		Judge: judgeSegment,
	}
}

// judgeSegment judges by the status, and by success where a 2xx says that. A 400 means a batch that is too large or no JSON; one bad call spoils it.
func judgeSegment(a *Answer) Verdict {
	v := judgeReply(a)
	if v.Outcome == Delivered {
		return v
	}
	var reply struct {
		Success       *bool
		Code, Message string
	}
	_ = json.Unmarshal(a.Body, &reply) // what is no JSON says nothing
	said := reply.Message
	if said == "" {
		said = reply.Code
	}
	switch {
	case a.fine() && reply.Success != nil && !*reply.Success:
		v = Verdict{Outcome: refused(a), Status: a.Status, Reason: because(a.Status, "not taken: "+said)}
	case a.fine():
	case v.Outcome == Retry && v.After == 0:
		v.After = RetryAfter(a.Header("X-RateLimit-Reset"), a.Now) // seconds, as Retry-After
	case v.Outcome == Final || v.Outcome == Split:
		v.Reason = because(a.Status, said)
	}
	return v
}

// refused is what a refusal of the whole batch means: one bad event may have spoilt it.
func refused(a *Answer) Outcome {
	if a.Count > 1 {
		return Split
	}
	return Final
}
