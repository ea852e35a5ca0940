package destination

import (
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func amplitudeSettings(endpoint string) Settings {
	return Settings{WriteKey: `k"1`, More: map[string]string{"endpoint": endpoint}}
}

func TestAmplitudePlan(t *testing.T) {
	f := func(region, endpoint, own, url string) {
		t.Helper()
		s := amplitudeSettings(endpoint)
		s.Region, s.URL = region, own
		plan := planOf(t, "amplitude", s)
		holdPlan(t, plan, url, "Content-Type: application/json")
		if want := `{"api_key":"k\"1","options":{"min_id_length":1},"events":[`; plan.Body.Open != want {
			t.Errorf("opens with %s, want %s", plan.Body.Open, want)
		}
	}
	f("", "", "", "https://api2.amplitude.com/2/httpapi")
	f("eu", "", "", "https://api.eu.amplitude.com/2/httpapi")
	f("eu", "batch", "", "https://api.eu.amplitude.com/batch")
	f("", "", "http://localhost:9/", "http://localhost:9/2/httpapi")
	f("", "", "https://proxy.example.com/amp", "https://proxy.example.com/amp")

	holdFaults(t, "amplitude", Settings{}, "write_key: needs the project's API key")
	holdFaults(t, "amplitude", Settings{WriteKey: "k", Region: "in"}, `region: "in" is no region of Amplitude; use one of us, eu`)
	holdFaults(t, "amplitude", amplitudeSettings("import"), "settings.endpoint: use one of httpapi, batch")
}

// TestAmplitudeTakes all kinds, forgets repeats, and refuses other keys.
func TestAmplitudeTakes(t *testing.T) {
	holdKinds(t, "amplitude", amplitudeSettings(""), fake.NewAmplitude(`k"1`))
	holdKinds(t, "amplitude", amplitudeSettings("batch"), fake.NewAmplitude(`k"1`))

	plan, vendor := planOf(t, "amplitude", amplitudeSettings("")), fake.NewAmplitude(`k"1`)
	vendor.Play(fake.Answer(413, ""), fake.TakeAndHangUp, fake.HangUp, fake.Answer(503, ""), fake.Fine, fake.Answer(429, "{}"), fake.TakeAndHangUp)
	d := drive(t, plan, vendor, people(230))
	holdOnce(t, vendor.Taken(), 230)
	if d.delivered != 230 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}

	d = drive(t, plan, fake.NewAmplitude("other"), people(2))
	if want := "400 Bad Request: Invalid API key"; d.off != want || d.delivered > 0 {
		t.Errorf("off: %q, want %q; %d delivered", d.off, want, d.delivered)
	}
}

// TestAmplitudeTakesAnything: neither reserved names nor IDs of nobody, half characters, or times to come have it refuse a
// request.
func TestAmplitudeTakesAnything(t *testing.T) {
	events := people(5)
	for i, name := range []string{`"$identify"`, `"[Amplitude] Start Session"`, `"half \ud83d"`, `"null"`, `"n"`} {
		events[i].Name, events[i].Time = []byte(name), replyNow.AddDate(900, 0, 0).UnixMilli()
		events[i].Properties = []byte(`{"a":"\udfff","deep":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`)
		events[i].Visitor, events[i].Account, events[i].AppName = []byte(`"LMY47D"`), []byte(`"none"`), []byte("unknown")
	}
	vendor := fake.NewAmplitude(`k"1`)
	if d := drive(t, planOf(t, "amplitude", amplitudeSettings("")), vendor, events); d.delivered != 5 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
	holdOnce(t, vendor.Taken(), 5)
}

// TestAmplitudeRefuses: the named events are given up, and the others get through when they are sent again.
func TestAmplitudeRefuses(t *testing.T) {
	vendor, events := fake.NewAmplitude(`k"1`), people(5)
	vendor.Refuse(hexID(&events[1]))
	vendor.Refuse(hexID(&events[4]))
	d := drive(t, planOf(t, "amplitude", amplitudeSettings("")), vendor, events)
	if d.delivered != 3 || len(d.dead) != 2 || d.dead[0] != "400 Bad Request: invalid time" {
		t.Errorf("%d delivered, dead %q", d.delivered, d.dead)
	}
	holdTaken(t, vendor, []event.Event{events[0], events[2], events[3]}, 40)
}

func TestAmplitudeJudge(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); holdVerdict(t, judgeAmplitude, r, want) }
	f(reply{status: 200, count: 2, body: `{"code":200,"events_ingested":2}`}, "delivered")
	f(reply{status: 200, count: 2}, "delivered")
	f(reply{status: 200, count: 2, body: `{ "events_ingested" : 2 }`}, "delivered")
	f(reply{status: 200, count: 2, body: `{"events_ingested":1}`}, "split | 200 OK: 1 of 2 events were taken, and nobody knows which")
	f(reply{status: 200, count: 1, body: `{ "events_ingested": 0 }`}, "retry | 200 OK: 0 of 1 events were taken, and nobody knows which")
	f(reply{status: 200, count: 2, body: `{"code":400,"error":"bad"}`}, "retry | 200 OK: the answer tells of an error")
	f(reply{status: 400, count: 3, body: `{"code":400,"error":"bad","events_with_missing_fields":{"event_type":[0]},"events_with_invalid_fields":{"time":[0,2],"ip":[2]}}`},
		"delivered [final: 400 Bad Request: missing event_type] [split: sent again without those that Amplitude refuses] "+
			"[final: 400 Bad Request: invalid ip] | 400 Bad Request: bad")
	f(reply{status: 400, count: 2, body: `{"error":"bad","silenced_events":[1]}`},
		"delivered [split: sent again without those that Amplitude refuses] [final: 400 Bad Request: Amplitude was told to take no such events] | 400 Bad Request: bad")
	f(reply{status: 400, count: 2, body: `{"error":"bad","events_with_invalid_id_lengths":{"user_id":[0,1]}}`},
		"final [final: 400 Bad Request: too short or too long user_id] [final: 400 Bad Request: too short or too long user_id] | 400 Bad Request: bad")
	f(reply{status: 400, count: 1, body: `{"error":"bad","events_with_invalid_fields":{"time":[0]}}`}, "final | 400 Bad Request: invalid time")
	f(reply{status: 400, count: 2, body: `{"error":"bad","events_with_invalid_fields":{"time":[-1,2,99]}}`}, "split | 400 Bad Request: bad")
	f(reply{status: 400, count: 2, body: `{"error":"bad","missing_field":"events"}`}, "split | 400 Bad Request: bad events")
	f(reply{status: 400, count: 2, body: `<html>`}, "split | 400 Bad Request")
	f(reply{status: 400, count: 1, body: `{"error":"bad","events_with_inv`}, "final | 400 Bad Request")
	f(reply{status: 400, count: 2, body: `{"code":400,"error":"Invalid API key: abc"}`}, "off | 400 Bad Request: Invalid API key")
	f(reply{status: 413, count: 2}, "split | 413 Request Entity Too Large")
	f(reply{status: 413, count: 1}, "final | 413 Request Entity Too Large")
	f(reply{status: 503, count: 2}, "retry | 503 Service Unavailable")
}

func TestAmplitudeThrottles(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); holdVerdict(t, judgeAmplitude, r, want) }
	const rest, wait = "[split: sent again without those that Amplitude throttles]", "[retry after 30s: 429 Too Many Requests: too many]"
	f(reply{status: 429, count: 3, body: `{"error":"too many","eps_threshold":30,"throttled_users":{"u":31},"throttled_events":[1,1,7]}`},
		"delivered "+rest+" "+wait+" "+rest+" | 429 Too Many Requests: too many")
	f(reply{status: 429, count: 2, body: `{"error":"too many","throttled_events":[1,0]}`}, "retry "+wait+" "+wait+" | 429 Too Many Requests: too many")
	f(reply{status: 429, count: 1, body: `{"error":"too many","throttled_events":[0]}`}, "retry after 30s | 429 Too Many Requests: too many")
	f(reply{status: 429, count: 2, body: `{}`}, "retry after 30s | 429 Too Many Requests")
	f(reply{status: 429, count: 2, body: `slow down`}, "retry after 30s | 429 Too Many Requests")
	f(reply{status: 429, count: 2, body: `{}`, headers: []string{"Retry-After", "60"}}, "retry after 1m0s | 429 Too Many Requests")

	quota := reply{status: 429, count: 3, body: `{"error":"too many","throttled_events":[0,1],"exceeded_daily_quota_users":{"hot":500001}}`}
	f(quota, "delivered "+wait+" "+wait+" "+rest+" | 429 Too Many Requests: too many") // nobody knows whose they are
	a := quota.answer()
	a.Item = func(i int) []byte {
		return []byte([]string{`{"user_id":"u"}`, `{"user_id":"hot"}`, `{"user_id":"v"}`}[i])
	}
	want := "delivered " + wait + " [final: 429 Too Many Requests: the daily quota of the event's user or device is used up; replay it tomorrow] " +
		rest + " | 429 Too Many Requests: too many"
	if got := written(judgeAmplitude(a)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzAmplitudeJudge(f *testing.F) {
	fuzzAnalytics(f, judgeAmplitude, false, `{"error":"x","events_with_invalid_fields":{"time":[0,-1,1000000000000]},"silenced_events":[2]}`,
		`{"throttled_events":[0,1,1],"exceeded_daily_quota_users":{"u":1}}`, `{"events_with_invalid_fields":[0,1]}`, `{"throttled_events":null}`, `[`, ``)
}
