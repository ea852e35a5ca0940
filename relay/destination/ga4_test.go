package destination

import (
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func ga4Settings(more ...string) Settings {
	s := Settings{WriteKey: "s&c=1", More: map[string]string{}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestGA4Plan(t *testing.T) {
	f := func(s Settings, url string) {
		t.Helper()
		holdPlan(t, planOf(t, "ga4", s), url, "Content-Type: application/json")
	}
	web := ga4Settings("measurement_id", "G-1")
	f(web, "https://www.google-analytics.com/mp/collect?api_secret=s%26c%3D1&measurement_id=G-1")
	web.Region = "eu"
	f(web, "https://region1.google-analytics.com/mp/collect?api_secret=s%26c%3D1&measurement_id=G-1")
	web.URL = "http://localhost:9/x?debug=1&api_secret=other"
	f(web, "http://localhost:9/x?api_secret=s%26c%3D1&debug=1&measurement_id=G-1")
	f(ga4Settings("firebase_app_id", "1:2:web:3"), "https://www.google-analytics.com/mp/collect?api_secret=s%26c%3D1&firebase_app_id=1%3A2%3Aweb%3A3")

	if !planOf(t, "ga4", web).Once || planOf(t, "ga4", ga4Settings("measurement_id", "G-1", "on_timeout", "retry")).Once {
		t.Error("a request without an answer is sent again only when on_timeout says so")
	}
	holdFaults(t, "ga4", Settings{}, "write_key: the data stream's API secret", "settings.measurement_id: is missing")
	holdFaults(t, "ga4", ga4Settings(), "settings.measurement_id: is missing")
	holdFaults(t, "ga4", ga4Settings("measurement_id", "G-1", "firebase_app_id", "1:2"), "settings.firebase_app_id: is one too many")
	holdFaults(t, "ga4", ga4Settings("measurement_id", "G-1", "on_timeout", "maybe"), "settings.on_timeout: use one of drop, retry")
}

func TestGA4Takes(t *testing.T) {
	holdKinds(t, "ga4", ga4Settings("measurement_id", "G-1"), fake.NewGA4("s&c=1"))
	holdKinds(t, "ga4", ga4Settings("firebase_app_id", "1:2"), fake.NewGA4("s&c=1"))
}

// TestGA4TakesAnything: reserved names, texts without end and times to come have Google throw nothing away.
func TestGA4TakesAnything(t *testing.T) {
	names := []string{`"click"`, `"Page View"`, `"ga_x"`, `"_private"`, `"9 lives"`, `"firebase_campaign"`, `"half \ud83d"`, `"query_id"`, `"🎉"`, `"session_start"`}
	events := people(len(names))
	for i, name := range names {
		events[i].Name, events[i].Time = []byte(name), replyNow.AddDate(900, 0, 0).UnixMilli()
		events[i].Properties = []byte(`{"user_id":"x","ga_a":1,"_a":2,"firebase_conversion":true,"cid":"a","long":"` + strings.Repeat("x", 200) + `","` + strings.Repeat("n", 60) + `":1,"\ud83d":"\udfff"}`)
		events[i].Visitor, events[i].Account = event.AppendString(nil, strings.Repeat("é", 300)), event.AppendString(nil, strings.Repeat("é", 50))
		events[i].UserAgent = event.AppendString(nil, strings.Repeat("é", 5000))
	}
	for _, stream := range []string{"measurement_id", "firebase_app_id"} {
		vendor := fake.NewGA4("s&c=1")
		if d := drive(t, planOf(t, "ga4", ga4Settings(stream, "G-1")), vendor, events); d.delivered != len(events) || len(vendor.Broken()) > 0 {
			t.Errorf("%s: %+v, %q", stream, d, vendor.Broken())
		}
		holdOnce(t, vendor.Taken(), len(events))
	}
}

// TestGA4Once: an event whose request was not answered is not sent again, because Google would count it twice.
func TestGA4Once(t *testing.T) {
	vendor := fake.NewGA4("s&c=1")
	vendor.Play(fake.TakeAndHangUp, fake.Answer(503, ""), fake.Fine, fake.Answer(500, ""), fake.HangUp)
	d := drive(t, planOf(t, "ga4", ga4Settings("measurement_id", "G-1")), vendor, people(10))
	holdOnce(t, vendor.Taken(), 9) // the one of the broken connection is lost to Google
	if d.delivered != 8 || len(d.dead) != 2 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}

	vendor = fake.NewGA4("s&c=1")
	vendor.Play(fake.TakeAndHangUp, fake.HangUp)
	d = drive(t, planOf(t, "ga4", ga4Settings("measurement_id", "G-1", "on_timeout", "retry")), vendor, people(3))
	if n := len(vendor.Taken()); n != 3 || d.delivered != 3 || vendor.Requests() != 5 {
		t.Errorf("took %v in %d requests, %d delivered", vendor.Taken(), vendor.Requests(), d.delivered)
	}
}

// TestGA4Judge: Google answers by the status alone.
func TestGA4Judge(t *testing.T) {
	f := func(r reply, want string) {
		t.Helper()
		holdVerdict(t, planOf(t, "ga4", ga4Settings("measurement_id", "G-1")).Judge, r, want)
	}
	f(reply{status: 204, count: 1}, "delivered")
	f(reply{status: 200, count: 1, body: "GIF89a"}, "delivered")
	f(reply{status: 400, count: 1}, "final | 400 Bad Request")
	f(reply{status: 413, count: 1}, "final | 413 Request Entity Too Large")
	f(reply{status: 503, count: 1}, "retry | 503 Service Unavailable")
}
