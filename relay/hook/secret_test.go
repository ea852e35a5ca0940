package hook

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// secretive is a webhook of a type with a recognisable secret in each of its settings that is one.
func secretive(t testing.TB, spec Spec) *Webhook {
	t.Helper()
	spec.Name, spec.InFlight, spec.Timeout = "a", 1, 1
	w, faults := Compile(spec, func(string) bool { return true })
	if faults != nil {
		t.Fatalf("%s: %v", spec.Type, faults)
	}
	return w
}

// TestScrubCutText: what is left of a secret where a text was cut is masked, but for what could stand in any text.
func TestScrubCutText(t *testing.T) {
	const secret = "hubspot-token-of-thirty-bytes!"
	long := strings.Repeat("x", 290) + " "
	for n := range len(secret) + 1 {
		want := long + masked
		if n < secretMin {
			want = long + secret[:n]
		}
		if got := ScrubText(long+secret[:n], []string{"another-secret", secret}); got != want {
			t.Errorf("of %q is left %q", secret[:n], got[len(long):])
		}
	}
	if got := ScrubText("see hubspot-token", []string{secret}); got != "see hubspot-token" {
		t.Errorf("a text that is whole became %q", got)
	}
}

// TestSecrets: whatever of a webhook is secret is scrubbed out of a text, in the forms in which requests carry it.
func TestSecrets(t *testing.T) {
	f := func(spec Spec, texts ...string) {
		t.Helper()
		secrets := secretive(t, spec).Secrets()
		if !slices.IsSortedFunc(secrets, func(a, b string) int { return len(b) - len(a) }) {
			t.Errorf("%s: the longest do not come first: %q", spec.Type, secrets)
		}
		for _, text := range texts {
			if got := string(Scrub([]byte("<"+text+">"), secrets)); strings.Trim(got, "<>•") != "" {
				t.Errorf("%s: of %q is left %q", spec.Type, text, got)
			}
			if got := ScrubText(text, secrets); strings.Trim(got, "•") != "" {
				t.Errorf("%s: of the text %q is left %q", spec.Type, text, got)
			}
		}
		for _, plain := range []string{"pageLoaded", "services", "application/json", "https://example.com"} {
			if got := ScrubText(plain, secrets); got != plain {
				t.Errorf("%s: %q became %q", spec.Type, plain, got)
			}
		}
	}
	basic := base64.StdEncoding.EncodeToString([]byte("ada:pass-word-1"))
	f(Spec{Type: "url", URL: "https://example.com/in?api_key=query%2Bkey+1&a=pageLoaded", Secret: `se"cret&<1>`, SecretPrevious: "previous-1",
		Headers: map[string]string{"X-Token": "header-token", "Authorization": "Basic " + basic, "X-Team": "pageLoaded"}},
		`se"cret&<1>`, `se\"cret&<1>`, `se\"cret\u0026\u003c1\u003e`, "previous-1", "query%2Bkey+1", "query+key 1", "header-token", "Basic "+basic, basic, "pass-word-1")
	f(Spec{Type: "segment", WriteKey: "segment-write-key"}, "segment-write-key", "Basic "+base64.StdEncoding.EncodeToString([]byte("segment-write-key:")))
	f(Spec{Type: "slack", URL: "https://hooks.slack.com/services/T0SECRET1/B0SECRET2/abcSecret3"}, "https://hooks.slack.com/services/T0SECRET1/B0SECRET2/abcSecret3",
		"/services/T0SECRET1/B0SECRET2/abcSecret3", "T0SECRET1", "abcSecret3")
	f(Spec{Type: "hubspot", AccessToken: "hubspot-token", Settings: map[string]string{"hub_id": "12345678"}}, "Bearer hubspot-token", "hubspot-token")
	f(Spec{Type: "s3", Settings: map[string]string{"bucket": "events", "access_key": "AKIA", "secret_key": "wJalr+XUtnFEMI/K7MDENG"}},
		"wJalr+XUtnFEMI/K7MDENG", "wJalr%2BXUtnFEMI%2FK7MDENG")
}

// TestSecretParts: an error may show a line of a key, or one member.
func TestSecretParts(t *testing.T) {
	var b bag
	b.add("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n")
	b.add(`{"type":"service_account","private_key":"-----BEGIN-----\nAAAABBBBCCCC\n"}`)
	for _, part := range []string{"MIIEvQIBADANBg", "kqhkiG9w0BAQEF", "AAAABBBBCCCC"} {
		if !slices.Contains(b.texts, part) {
			t.Errorf("%s is not among %q", part, b.texts)
		}
	}
	for _, part := range []string{"service_account", "-----BEGIN PRIVATE KEY-----"} {
		if slices.Contains(b.texts, part) {
			t.Errorf("%s is among the secrets", part)
		}
	}
}

// TestPlaces: where a webhook leads is told without what is secret in it.
func TestPlaces(t *testing.T) {
	f := func(spec Spec, want string) {
		t.Helper()
		if got := secretive(t, spec).Place(); got != want {
			t.Errorf("%s leads to %q, want %q", spec.Type, got, want)
		}
	}
	f(Spec{Type: "url", URL: "https://example.com/in?token=abc&a=1"}, "https://example.com/in?token=••••&a=1")
	const places = "https://example.com/users/{{ visitor ?? 'x&token=y' }}/notes?account={{ account }}"
	f(Spec{Type: "custom", Body: "{}", URL: places}, places)
	f(Spec{Type: "custom", Body: "{}", URL: places + "&api_key=abc&token={{ visitor }}"}, places+"&api_key=••••&token=••••")
	f(Spec{Type: "slack", URL: "https://hooks.slack.com/services/T/B/abc"}, "https://hooks.slack.com/••••")
	f(Spec{Type: "zapier", URL: "https://hooks.zapier.com/hooks/catch/1/abc/"}, "https://hooks.zapier.com/••••")
	f(Spec{Type: "ga4", WriteKey: "gasecret", Settings: map[string]string{"measurement_id": "G-ABCDEF1"}}, "https://www.google-analytics.com/mp/collect?api_secret=••••&measurement_id=G-ABCDEF1")
	f(Spec{Type: "s3", Settings: map[string]string{"bucket": "events", "prefix": "a/b/"}}, "s3://events/a/b")
	f(Spec{Type: "s3", Settings: map[string]string{"bucket": "events"}}, "s3://events")
}
