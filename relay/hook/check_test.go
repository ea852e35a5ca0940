package hook

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/sign"
)

// goodSpec is a spec without fault that has nothing it need not have.
func goodSpec() Spec {
	return Spec{Name: "crm", URL: "https://example.com/hook", InFlight: 16, Timeout: 30 * time.Second, Retries: 5}
}

func anyApp(string) bool { return true }

func TestCompile(t *testing.T) {
	spec := goodSpec()
	spec.Enabled, spec.Events = true, []string{"pageLoaded", "guide*:a,b"}
	spec.Secret, spec.Rate, spec.Order = "s3cret", 2.5, "visitor"
	spec.Headers = map[string]string{"X-B": "2", "Authorization": "Bearer x"}
	w, faults := Compile(spec, anyApp)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	f := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	f("type", w.Type, "url")
	f("format", w.Format, "pendo")
	f("signature", w.Signature, []string{"pendo"})
	f("schemes", w.Schemes, []sign.Scheme{sign.Pendo})
	f("burst", w.Burst, 3)
	f("by visitor", w.ByVisitor, true)
	f("target", w.Target.String(), "https://example.com/hook")
	f("header", w.Header, []Header{{"Authorization", "Bearer x"}, {"X-B", "2"}})
	f("selections", len(w.Selections), 2)
	f("second selection's IDs", w.Selections[1].IDs, []string{"a", "b"})
	f("plan", w.Plan.Body.Item != nil && w.Plan.URL == w.Target, true)
	f("queue", w.Queue, uint32(0))
}

func TestCompileDefaults(t *testing.T) {
	spec := goodSpec()
	spec.URL = "https://example.com"
	w, faults := Compile(spec, anyApp)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if w.Order != "none" || w.ByVisitor || w.Schemes != nil || w.Burst != 0 || w.Target.Path != "/" || w.Enabled {
		t.Errorf("%+v", w)
	}
}

func TestCompileFaults(t *testing.T) {
	f := func(set func(*Spec), want ...string) {
		t.Helper()
		spec := goodSpec()
		set(&spec)
		w, faults := Compile(spec, func(app string) bool { return app == "demo" })
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Error())
		}
		if !slices.Equal(got, want) || (w == nil) != (len(want) > 0) {
			t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
	f(func(s *Spec) {})
	f(func(s *Spec) { s.Name = "" }, "name: is missing; give the webhook a name of its own")
	f(func(s *Spec) { s.Name = strings.Repeat("x", 101) }, "name: is 101 bytes long; it may have 100")
	for _, name := range []string{"a/b", " a", "a ", "a\nb", "a\x00", "a\u202eb"} {
		f(func(s *Spec) { s.Name = name }, "name: may not contain a slash or a control character, nor start or end with a space")
	}
	f(func(s *Spec) { s.Name = "Größe & more (1)" })

	f(func(s *Spec) { s.App = "demo" })
	f(func(s *Spec) { s.App = "shop" }, `app: there is no app "shop"; name a configured one, or leave app out for all`)
	f(func(s *Spec) { s.Owner = "me@example.com" })
	for _, owner := range []string{"me", "Me <me@example.com>", "a@b, c@d"} {
		f(func(s *Spec) { s.Owner = owner }, `owner: "`+owner+`" is not a mail address; write it like "name@example.com"`)
	}
	f(func(s *Spec) { s.Order = "visitors" }, `order: unknown order "visitors"; did you mean "visitor"?`)

	f(func(s *Spec) { s.Type = "urll" }, `type: unknown type "urll"; did you mean "url"?`)
	f(func(s *Spec) { s.WriteKey = "k" }, "write_key: is of no use to a webhook of type url; leave it out")
	f(func(s *Spec) { s.AccessToken = "k" }, "access_token: is of no use to a webhook of type url; leave it out")
	f(func(s *Spec) { s.Region = "eu" }, "region: is of no use to a webhook of type url; leave it out")
	f(func(s *Spec) { s.Settings = map[string]string{"b": "1", "a": "1"} }, "settings.a: is no setting of the type url; it takes origin",
		"settings.b: is no setting of the type url; it takes origin")
	origin := map[string]string{"origin": "relay.example.com"}
	f(func(s *Spec) { s.Settings, s.Format = origin, "cloudevents" })
	f(func(s *Spec) { s.Settings = origin }, `settings.origin: is for the format "cloudevents" only; leave it out or change the format`)
	f(func(s *Spec) {
		s.Settings, s.Format, s.Headers = origin, "cloudevents", map[string]string{"webhook-request-ORIGIN": "x"}
	},
		"headers.webhook-request-ORIGIN: is set by the relay itself to settings.origin; leave it out")
	f(func(s *Spec) { s.Format, s.Headers = "cloudevents", map[string]string{"WebHook-Request-Origin": "x"} })
	f(func(s *Spec) { s.Body = "x" }, `body: belongs to the type "custom"; leave it out or change the type`)
	f(func(s *Spec) { s.BatchEvents = 2 }, "batch_events: is of no use to a webhook of type url, which gets one event a request; leave it out")

	f(func(s *Spec) { s.Enabled = true },
		`events: is empty, so nothing would be sent; add events such as ["pageLoaded"] or ["*"], or set enabled = false`)
	f(func(s *Spec) { s.Events = []string{"pageLoaded", "x", "guide*", "visitorCreated:a"} },
		`events[1]: unknown event "x"; names are those of Pendo, such as "pageLoaded", "featureClicked", "trackEventReceived", or "*" for all`,
		`events[3]: visitorCreated has no IDs to select; leave out what follows the name`)

	f(func(s *Spec) { s.Events = slices.Repeat([]string{"*"}, EventsMax) })
	f(func(s *Spec) { s.Events = slices.Repeat([]string{"?"}, EventsMax+1) },
		"events: has 1001 entries; it may have 1000, each with many IDs: NAME:ID1,ID2")
	f(func(s *Spec) {
		s.Headers = map[string]string{}
		for i := range HeadersMax + 1 {
			s.Headers[fmt.Sprint("X-", i)] = ""
		}
	}, "headers: are 101; there may be 100")

	f(func(s *Spec) { s.Format = "pendos" }, `format: unknown format "pendos"; did you mean "pendo"?`)
	f(func(s *Spec) { s.Properties = []string{"plan"} }, `properties: are sent by the format "userpilot" only; leave them out or change the format`)
	f(func(s *Spec) { s.Properties = strings.Split("abcdefghijk", "") }, `properties: names 11 fields; at most 10 are sent`)

	f(func(s *Spec) { s.Secret, s.Signature = "x", []string{"standard", "github", "userpilot", "pendo-bare"} })
	f(func(s *Spec) { s.Signature = []string{"pendo"} }, "signature: needs a secret to sign with; set secret, or leave signature out")
	f(func(s *Spec) { s.SecretPrevious = "x" }, "secret_previous: is of no use without a secret; set secret to the new one")
	f(func(s *Spec) { s.Secret, s.Signature = "x", []string{"pendo", "git-hub", "pendo"} },
		`signature[1]: unknown signature "git-hub"; did you mean "github"?`, `signature[2]: "pendo" is named twice; leave one out`)
	f(func(s *Spec) { s.Secret, s.Signature = "x", []string{"pendo", "pendo-bare"} },
		`signature: signatures "pendo" and "pendo-bare" both write X-Pendo-Signature: name one of them`)

	f(func(s *Spec) { s.Rate = -1 }, "rate: -1 is out of range; set events a second, 0 for no limit")
	f(func(s *Spec) { s.Rate = math.NaN() }, "rate: NaN is out of range; set events a second, 0 for no limit")
	f(func(s *Spec) { s.Rate, s.Burst = 1, -1 },
		"burst: -1 is negative; set how many deliveries may go at once after a pause, 0 for a second's worth")
	f(func(s *Spec) { s.Burst = 5 }, "burst: is of no use without a rate; set rate too, or leave burst out")
	f(func(s *Spec) { s.InFlight = 0 }, "in_flight: 0 is out of range; it must be from 1 to 1024")
	f(func(s *Spec) { s.InFlight = 1025 }, "in_flight: 1025 is out of range; it must be from 1 to 1024")
	f(func(s *Spec) { s.Timeout = 0 }, "timeout: 0s is out of range; it must be more than 0s and at most 5m")
	f(func(s *Spec) { s.Timeout = 6 * time.Minute }, "timeout: 6m0s is out of range; it must be more than 0s and at most 5m")
	f(func(s *Spec) { s.Retries = -1 }, "retries: -1 is out of range; it must be from 0 to 1000")
	f(func(s *Spec) { s.Schedule = []time.Duration{0, -1, WaitMax + 1} },
		"schedule[1]: -1ns is out of range; a wait must be from 0s to 168h0m0s",
		"schedule[2]: 168h0m0.000000001s is out of range; a wait must be from 0s to 168h0m0s")
	f(func(s *Spec) { s.Schedule = make([]time.Duration, 101) }, "schedule: has 101 waits; it may have 100")
}

// TestSecretsStaySecret holds that a refused secret says which one it is and not what it is.
func TestSecretsStaySecret(t *testing.T) {
	f := func(secret, previous, field string) {
		t.Helper()
		spec := goodSpec()
		spec.Secret, spec.SecretPrevious, spec.Signature = secret, previous, []string{"standard"}
		_, faults := Compile(spec, anyApp)
		if len(faults) != 1 || faults[0].Field != field || strings.Contains(faults[0].Text, "hunter2") {
			t.Errorf("faults are %v, want one of %s", faults, field)
		}
	}
	f("whsec_hunter2!", "", "secret")
	f("fine", "whsec_hunter2!", "secret_previous")

	spec := goodSpec()
	spec.Secret, spec.SecretPrevious, spec.Signature = "whsec_?", "whsec_!", []string{"standard"}
	if _, faults := Compile(spec, anyApp); len(faults) != 2 || faults[0].Field != "secret" || faults[1].Field != "secret_previous" {
		t.Errorf("faults are %v, want one of each secret", faults)
	}
}

func TestTarget(t *testing.T) {
	f := func(url string, private, plain bool, want ...string) {
		t.Helper()
		spec := goodSpec()
		spec.URL, spec.AllowPrivate, spec.AllowHTTP = url, private, plain
		_, faults := Compile(spec, anyApp)
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Error())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
	const (
		missing = `url: is missing; set the address that deliveries are posted to, such as "https://example.com/hook"`
		noURL   = `url: is not an http or https URL; write it like "https://example.com/hook"`
		plain   = "url: is plain http; use https, or set allow_http = true in the config file when everybody on the way may read it"
	)
	leads := func(host string) string {
		return "url: leads to the private address " + host + "; set allow_private = true in the config file when that is meant"
	}
	f("https://example.com/hook?x=1", false, false)
	f("https://93.184.216.34:8443/", false, false)
	f("http://example.com/", false, true)
	f("http://example.com/", false, false, plain)
	f("http://localhost:8485/", true, false)
	f("http://127.0.0.1:8485/", true, false)
	f("http://127.0.0.1:8485/", false, false, leads("127.0.0.1"))
	f("http://app.localhost./", false, true, leads("app.localhost."))
	f("https://[::1]/", false, false, leads("::1"))
	f("https://[::ffff:10.0.0.1]/", false, false, leads("::ffff:10.0.0.1"))
	f("http://10.0.0.1/", false, false, plain, leads("10.0.0.1"))
	f("http://10.0.0.1/", true, true)
	f("https://169.254.169.254/", false, false, leads("169.254.169.254"))
	f("https://[64:ff9b::a9fe:a9fe]/", false, false, leads("64:ff9b::a9fe:a9fe"))
	f("https://[fe80::1%25eth0]/", false, false, leads("fe80::1%eth0"))
	f("", false, false, missing)
	f("example.com/hook", false, false, noURL)
	f("ftp://example.com/", false, false, noURL)
	f("https:example.com", false, false, noURL)
	f("https:///hook", false, false, noURL)
	f("https://exa mple.com/", false, false, noURL)
	f("https://example.com:port/", false, false, noURL)
	f("https://example.com:99999/", false, false, "url: has the port 99999; ports are 1 to 65535")
	f("https://:443/", false, false, "url: has no host that can be looked up; write a name in its ASCII form, or an address")
	f("https://größe.example/", false, false, "url: has no host that can be looked up; write a name in its ASCII form, or an address")
	f("https://me:pw@example.com/", false, false, `url: holds a user name; leave it out and set headers = { Authorization = "Basic …" }`)
	f("https://example.com/#top", false, false, "url: ends in a #fragment, which is never sent; leave it out")
}

func TestHeaders(t *testing.T) {
	f := func(headers map[string]string, want ...string) {
		t.Helper()
		spec := goodSpec()
		spec.Headers = headers
		_, faults := Compile(spec, anyApp)
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Error())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", headers, got, want)
		}
	}
	f(map[string]string{"Authorization": "Bearer x", "x-tab": "a\tb", "User-Agent": "mine", "X-Empty": ""})
	f(map[string]string{"X Y": "1"}, "headers.X Y: is not a name that a header can have; use letters, digits and -")
	f(map[string]string{"": "1"}, "headers.: is not a name that a header can have; use letters, digits and -")
	f(map[string]string{"X:": "1"}, "headers.X:: is not a name that a header can have; use letters, digits and -")
	f(map[string]string{"content-LENGTH": "1"}, "headers.content-LENGTH: is set by the relay itself; leave it out")
	f(map[string]string{"X-Pendo-Signature": "1"}, "headers.X-Pendo-Signature: is set by the relay itself; leave it out")
	f(map[string]string{"X-A": "1", "x-a": "2"}, "headers.x-a: is the same header as X-A; leave one out")
	f(map[string]string{"X-A": "1\r\nX-B: 2"}, "headers.X-A: has a line break or control character in its value; leave it out")
}
