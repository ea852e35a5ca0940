package destination

import (
	"strings"
	"testing"
	"time"
)

// reply is one that a judge is given.
type reply struct {
	status  int
	count   int
	body    string
	headers []string // names and values
}

var replyNow = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func (r reply) answer() *Answer {
	return &Answer{
		Status: r.status, Body: []byte(r.body), Count: r.count, Now: replyNow,
		Header: func(name string) string {
			for i := 0; i+1 < len(r.headers); i += 2 {
				if strings.EqualFold(r.headers[i], name) {
					return r.headers[i+1]
				}
			}
			return ""
		},
	}
}

// written is a verdict on one line: its outcome, how long to wait, the rulings, the reason.
func written(v Verdict) string {
	text := v.Outcome.String()
	if v.After > 0 {
		text += " after " + v.After.String()
	}
	for _, one := range v.Each {
		text += " [" + one.Outcome.String()
		if one.After > 0 {
			text += " after " + one.After.String()
		}
		if one.Reason != "" {
			text += ": " + one.Reason
		}
		text += "]"
	}
	if v.Reason != "" {
		text += " | " + v.Reason
	}
	return text
}

// holdVerdict holds what a judge says of a reply.
func holdVerdict(t *testing.T, judge func(*Answer) Verdict, r reply, want string) {
	t.Helper()
	v := judge(r.answer())
	if got := written(v); got != want {
		t.Errorf("%d %s of %d:\ngot  %s\nwant %s", r.status, r.body, r.count, got, want)
	}
	if v.Status != r.status {
		t.Errorf("%d %s: the verdict's status is %d", r.status, r.body, v.Status)
	}
}

// holdSane is what every verdict must be, whatever the reply: fuzz targets call it.
func holdSane(t *testing.T, judge func(*Answer) Verdict, a *Answer) Verdict {
	t.Helper()
	v := judge(a)
	switch {
	case v.Each != nil && len(v.Each) != a.Count:
		t.Fatalf("%d rulings of %d events", len(v.Each), a.Count)
	case v.Status != a.Status:
		t.Fatalf("status %d of a reply with %d", v.Status, a.Status)
	case v.After < 0 || v.After > retryAfterMax:
		t.Fatalf("after %v", v.After)
	case v.Outcome != Delivered && v.Reason == "":
		t.Fatalf("%v without a reason", v.Outcome)
	case len(v.Reason) > reasonMax:
		t.Fatalf("a reason of %d bytes", len(v.Reason))
	case v.Outcome == Split && v.Each != nil:
		t.Fatal("a split batch with rulings")
	}
	for _, one := range v.Each {
		if one.Outcome > Split || one.Outcome == Gone || one.Outcome != Delivered && one.Reason == "" || one.After < 0 || len(one.Reason) > reasonMax {
			t.Fatalf("ruling %+v", one)
		}
	}
	return v
}

// fuzzReplies gives a judge replies of all kinds, those of its vendor among them, and holds what no verdict may be.
func fuzzReplies(f *testing.F, judge func(*Answer) Verdict, bodies ...string) {
	for _, body := range append(bodies, "", "ok", "{", "null", "[]", `{"error":1}`, "<html>", strings.Repeat("[", 1000)) {
		for _, status := range []int{200, 202, 400, 404, 429, 500} {
			f.Add(status, body, "5", 3)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body, header string, count int) {
		if status < 100 || status > 999 || count < 1 || count > 5000 {
			return
		}
		r := reply{status: status, count: count, body: body, headers: []string{"Retry-After", header, "X-RateLimit-Reset", header}}
		v := holdSane(t, judge, r.answer())
		if v.Outcome == Delivered && v.Each == nil && (status < 200 || status > 299) {
			t.Fatalf("%d %q is delivered", status, body)
		}
		if v.Outcome == Split && count == 1 {
			t.Fatalf("%d %q: one event cannot be split", status, body)
		}
	})
}

// fuzzAnalytics: whatever the reply, a judge's verdict is sane, and an error's status delivers nothing, except of a vendor
// that takes part of a request.
func fuzzAnalytics(f *testing.F, judge func(*Answer) Verdict, partly bool, bodies ...string) {
	for _, body := range bodies {
		for _, status := range []int{200, 202, 400, 401, 403, 413, 429, 503} {
			f.Add(status, uint8(3), body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, count uint8, body string) {
		a := reply{status: status, count: int(count)%50 + 1, body: body}.answer()
		a.Item = func(int) []byte { return []byte(`{"user_id":"u","device_id":"d","properties":{"$insert_id":"x"}}`) }
		v := holdSane(t, judge, a)
		fine := status >= 200 && status < 300
		if v.Outcome == Delivered && v.Each == nil && !fine || v.Outcome == Split && a.Count == 1 {
			t.Fatalf("%d %s of %d: %s", status, body, a.Count, written(v))
		}
		for _, one := range v.Each {
			if one.Outcome == Delivered && !fine && !partly {
				t.Fatalf("%d %s of %d: %s", status, body, a.Count, written(v))
			}
		}
	})
}
