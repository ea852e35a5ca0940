package destination

import (
	"strings"
	"testing"
)

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
