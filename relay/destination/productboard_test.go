package destination

import (
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func productboardSettings(more ...string) Settings {
	s := Settings{Webhook: "feedback", AccessToken: "pb.token", More: map[string]string{}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestProductboardPlan(t *testing.T) {
	headers := []string{"Authorization: Bearer pb.token", "Content-Type: application/json", "Accept: application/json"}
	plan := planOf(t, "productboard", productboardSettings("tags", "pendo, nps", "owner", "pm@acme.example", "customer", "email"))
	holdPlan(t, plan, "https://api.productboard.com/v2/notes", headers...)
	if !plan.Once || planOf(t, "productboard", productboardSettings("on_timeout", "retry")).Once {
		t.Error("on_timeout does not say whether requests are sent once")
	}
	e := event.Event{Kind: event.PageLoaded, Visitor: []byte(`"a@b.example"`)}
	want := `{"data":{"type":"textNote","fields":{"name":"Page viewed - a@b.example","content":"<p>1970-01-01 00:00:00 UTC, pageLoaded</p><ul><li><b>Visitor ID:</b> a@b.example</li></ul>",` +
		`"tags":[{"name":"pendo"},{"name":"nps"}],"owner":{"email":"pm@acme.example"}},"metadata":{"source":{"system":"edgerelay","recordId":"0000000000000000000000000000000000000000"}},` +
		`"relationships":[{"type":"customer","target":{"type":"user","email":"a@b.example"}}]}}`
	if got := string(bodyOf(plan, []event.Event{e})); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestProductboardFaults(t *testing.T) {
	holdFaults(t, "productboard", Settings{}, "access_token: an API token")
	holdFaults(t, "productboard", productboardSettings("customer", "user"), "settings.customer: use one of none, email")
	holdFaults(t, "productboard", productboardSettings("owner", "me"), "settings.owner: no mail address")
}

func TestProductboardJudge(t *testing.T) {
	f := func(customer bool, r reply, want string) {
		t.Helper()
		r.count = 1
		holdVerdict(t, judgeProductboard(customer), r, want)
	}
	missing := `{"id":"5b2e","errors":[{"code":"resource.notFound","title":"Not found","detail":"User not found"}]}`
	f(true, reply{status: 201, body: `{"data":{}}`}, "delivered")
	f(true, reply{status: 404, body: missing},
		`final | 404 Not Found: if Productboard does not know the visitor's mail address, make the user there or set settings.customer = "none", then replay. resource.notFound Not found User not found`)
	f(false, reply{status: 404, body: missing}, "final | 404 Not Found: resource.notFound Not found User not found")
	f(false, reply{status: 400, body: `{"errors":[{"code":1}]}`}, "final | 400 Bad Request")
	f(false, reply{status: 401, body: `{"message":"Bad token; invalid JSON"}`}, "off | 401 Unauthorized: Bad token; invalid JSON")
	f(false, reply{status: 429, headers: []string{"Retry-After", "2"}}, "retry after 2s | 429 Too Many Requests")
	f(false, reply{status: 500, body: "<html>"}, "retry | 500 Internal Server Error")
	f(false, reply{status: 504}, "retry | 504 Gateway Timeout")
	holdVerdict(t, onlyOnce(true, judgeProductboard(false)), reply{status: 504, count: 1},
		`final | 504 Gateway Timeout; it may have been taken: look before you replay, or set settings.on_timeout = "retry"`)
}

func TestProductboardOnce(t *testing.T) {
	vendor := fake.NewProductboard("pb.token")
	vendor.Play(fake.Fine, fake.TakeAndHangUp, fake.Answer(429, "", "Retry-After", "1"), fake.Answer(503, ""), fake.HangUp)
	d := drive(t, planOf(t, "productboard", productboardSettings()), vendor, people(20))
	holdOnce(t, vendor.Taken(), 19) // the last step hung up before it took anything
	if d.delivered != 18 || len(d.dead) != 2 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, broken %q", d, vendor.Broken())
	}
}

// TestProductboardCustomers: notes of users who are there arrive, those of others wait as dead letters with the next step.
func TestProductboardCustomers(t *testing.T) {
	vendor := fake.NewProductboard("pb.token", "v0@example.com", "v2@example.com")
	d := drive(t, planOf(t, "productboard", productboardSettings("customer", "email")), vendor, people(3))
	holdOnce(t, vendor.Taken(), 2)
	if d.delivered != 2 || len(d.dead) != 1 || !strings.Contains(d.dead[0], `settings.customer = "none"`) {
		t.Errorf("%+v", d)
	}
}

func TestProductboardKinds(t *testing.T) {
	holdKinds(t, "productboard", productboardSettings(), fake.NewProductboard("pb.token"))
}

// TestProductboardEscapes: whatever somebody wrote into a survey stays text.
func TestProductboardEscapes(t *testing.T) {
	vendor := fake.NewProductboard("pb.token")
	e := event.Sample(event.NPSSubmitted)
	e.Guide.NPS = []byte(`{"rating":0,"reason":"<script>alert(\"1\")</script>\n & \u0007more"}`)
	e.Properties = []byte(`{"<b>":"</li><img src=x>"}`)
	plan := planOf(t, "productboard", productboardSettings())
	d := drive(t, plan, vendor, []event.Event{e})
	body := string(bodyOf(plan, []event.Event{e}))
	want := `<li><p><b>Reason:</b> &lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;</p><p>&amp;  more</p></li><li><b>&lt;b&gt;:</b> &lt;/li&gt;&lt;img src=x&gt;</li></ul>`
	if d.delivered != 1 || !strings.Contains(body, want) {
		t.Errorf("%+v\n%s", d, body)
	}
}

func FuzzProductboardJudge(f *testing.F) {
	f.Add(404, `{"errors":[{"code":1}],"message":[]}`, "1", true, false)
	f.Fuzz(func(t *testing.T, status int, body, after string, customer, drop bool) {
		r := reply{status: status, count: 1, body: body, headers: []string{"Retry-After", after}}
		if v := holdSane(t, onlyOnce(drop, judgeProductboard(customer)), r.answer()); v.Outcome == Delivered && status/100 != 2 {
			t.Fatalf("%d is delivered", status)
		}
	})
}
