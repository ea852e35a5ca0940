package destination

import (
	"strings"
	"testing"
)

// TestURLPlan: the format makes the content type, and an origin is sent with each delivery.
func TestURLPlan(t *testing.T) {
	const at = "https://example.com/hook"
	p := planOf(t, "url", Settings{URL: at, Format: "pendo"})
	holdPlan(t, p, at, "Content-Type: application/json")
	if p.Origin != "" {
		t.Errorf("the origin is %q", p.Origin)
	}
	events := Settings{URL: at, Format: "cloudevents", More: map[string]string{"origin": "relay.example.com"}}
	p = planOf(t, "url", events)
	holdPlan(t, p, at, "Content-Type: application/cloudevents+json; charset=utf-8", "WebHook-Request-Origin: relay.example.com")
	if p.Origin != "relay.example.com" {
		t.Errorf("the origin is %q", p.Origin)
	}
	f := func(format, origin string, want ...string) {
		t.Helper()
		holdFaults(t, "url", Settings{URL: at, Format: format, More: map[string]string{"origin": origin}}, want...)
	}
	f("cloudevents", "")
	f("pendo", "")
	f("cloudevents", "localhost")
	f("cloudevents", "Relay-1.EXAMPLE.com")
	f("pendo", "relay.example.com", `settings.origin: is for the format "cloudevents" only`)
	f("standard", "relay.example.com", `settings.origin: is for the format "cloudevents" only`)
	for _, odd := range []string{"*", "https://relay.example.com", "relay.example.com:443", "relay.example.com/", "a..b", ".a", "a.", "-a.b", "a-.b", "ä.example.com",
		"a b", "a\r\nX: y", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "a"} {
		f("cloudevents", odd, "settings.origin: "+`"`)
	}
}
