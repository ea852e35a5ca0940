package destination

import (
	"encoding/base64"
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func TestSegmentPlan(t *testing.T) {
	f := func(s Settings, url string) {
		t.Helper()
		s.WriteKey = "WK"
		p := planOf(t, "segment", s)
		holdPlan(t, p, url, "Content-Type: application/json", "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("WK:")))
		if p.Batch != (Batch{Count: 2500, Bytes: 480_000, Item: 32_000}) {
			t.Errorf("%+v", p.Batch)
		}
	}
	f(Settings{}, "https://api.segment.io/v1/batch")
	f(Settings{Region: "us"}, "https://api.segment.io/v1/batch")
	f(Settings{Region: "eu"}, "https://events.eu1.segmentapis.com/v1/batch")
	f(Settings{URL: "http://127.0.0.1:9"}, "http://127.0.0.1:9/v1/batch")
	f(Settings{URL: "https://proxy.example.com/segment", Region: "eu"}, "https://proxy.example.com/segment")
	holdFaults(t, "segment", Settings{}, "write_key: needs the source's write key")
	holdFaults(t, "segment", Settings{WriteKey: "a b", AccessToken: "t", Region: "ap"},
		"write_key: copy the source's write key once more", "access_token: is of no use", `region: "ap" is no region of Twilio Segment`)
}

func TestSegmentJudge(t *testing.T) {
	f := func(count, status int, body, want string, headers ...string) {
		t.Helper()
		holdVerdict(t, judgeSegment, reply{status, count, body, headers}, want)
	}
	f(3, 200, `{"success": true}`, "delivered")
	f(3, 200, ``, "delivered")
	f(3, 200, `false`, "delivered")
	f(3, 200, `{"success":false,"message":"no"}`, "split | 200 OK: not taken: no")
	f(1, 200, `{"success":false}`, "final | 200 OK: not taken:")
	f(3, 400, `{"success":false,"code":"invalid_request","message":"Malformed JSON"}`, "split | 400 Bad Request: Malformed JSON")
	f(1, 400, `{"code":"invalid_request"}`, "final | 400 Bad Request: invalid_request")
	f(1, 400, `<html>`, "final | 400 Bad Request")
	f(9, 413, ``, "split | 413 Request Entity Too Large")
	f(9, 401, ``, "off | 401 Unauthorized: the destination refuses the webhook's key")
	f(9, 404, ``, "final | 404 Not Found")
	f(9, 429, ``, "retry | 429 Too Many Requests")
	f(9, 429, ``, "retry after 3s | 429 Too Many Requests", "Retry-After", "3", "X-RateLimit-Reset", "9")
	f(9, 429, ``, "retry after 9s | 429 Too Many Requests", "X-RateLimit-Reset", "9")
	f(9, 502, ``, "retry | 502 Bad Gateway")
}

func TestSegmentTakesAllKinds(t *testing.T) {
	holdKinds(t, "segment", Settings{WriteKey: "WK"}, fake.NewSegment("WK"))
}

// TestSegmentTakesEventsOfNobody: Segment would drop what names nobody, and answer 200.
func TestSegmentTakesEventsOfNobody(t *testing.T) {
	var events []event.Event
	for _, k := range event.Kinds() {
		e := event.Sample(k)
		e.Visitor, e.Account, e.AppName = []byte(`""`), nil, nil
		events = append(events, e)
	}
	vendor := fake.NewSegment("WK")
	drive(t, planOf(t, "segment", Settings{WriteKey: "WK"}), vendor, events)
	holdOnce(t, vendor.Taken(), len(events))
	if len(vendor.Broken()) > 0 {
		t.Errorf("%q", vendor.Broken())
	}
}

// TestSegmentAfterFailures: nothing is lost and nothing doubled, not even by an answer that never came.
func TestSegmentAfterFailures(t *testing.T) {
	vendor := fake.NewSegment("WK")
	vendor.Play(fake.Answer(429, "", "Retry-After", "1"), fake.Answer(400, `{"message":"Malformed JSON"}`), fake.TakeAndHangUp,
		fake.HangUp, fake.Answer(503, ""), fake.TakeAndHangUp)
	d := drive(t, planOf(t, "segment", Settings{WriteKey: "WK"}), vendor, people(5500))
	holdOnce(t, vendor.Taken(), 5500)
	if d.delivered != 5500 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}
}

// TestSegmentOneBadCall: the one that Segment does not take is found and given up, the others arrive.
func TestSegmentOneBadCall(t *testing.T) {
	events := people(20)
	events[13].Properties = []byte(`{"text":"` + strings.Repeat("x", 40_000) + `"}`)
	vendor := fake.NewSegment("WK")
	d := drive(t, planOf(t, "segment", Settings{WriteKey: "WK"}), vendor, events)
	holdOnce(t, vendor.Taken(), 19)
	if d.delivered != 19 || len(d.dead) != 1 || d.dead[0] != "400 Bad Request: Exceeded message limit" {
		t.Errorf("%+v", d)
	}
}

func FuzzJudgeSegment(f *testing.F) {
	fuzzReplies(f, judgeSegment, `{"success":false,"message":"x"}`, `{"success":"false"}`, `{"message":"x"}`)
}
