package destination

import (
	"strings"

	"edgerelay/relay/format"
)

// address is any URL that takes webhooks (seed 000), in the format and with the signatures that its user chooses.
var address = Type{
	Name: "url", Title: "URL",
	Address: `the address that deliveries are posted to, such as "https://example.com/hook"`,
	Signs:   true, Formats: true, Single: true,
	Settings: []Setting{{Name: "origin", Text: "the name of this relay's host, under which receivers of cloudevents are asked for their consent"}},
	Plan:     planURL,
}

// RequestOrigin is the header that names who delivers, in requests for consent and in deliveries (CloudEvents' HTTP 1.1 Web
// Hooks, section 4.1).
const RequestOrigin = "WebHook-Request-Origin"

func planURL(s *Settings, fault func(field, text string, args ...any)) *Plan {
	encode, _ := format.ByName(s.Format) // who takes settings in has checked it
	content := "application/json"
	if s.Format == "cloudevents" {
		content = "application/cloudevents+json; charset=utf-8"
	}
	header := []Header{{"Content-Type", content}}
	origin := s.Of("origin")
	switch {
	case origin == "":
	case s.Format != "cloudevents":
		fault("settings.origin", `is for the format "cloudevents" only; leave it out or change the format`)
	case !isHostName(origin):
		fault("settings.origin", `%q is not the name of a host; write it like "relay.example.com"`, origin)
	default:
		header = append(header, Header{RequestOrigin, origin})
	}
	return &Plan{
		URL:    endpoint("", s, fault),
		Header: header,
		Body:   Body{Item: encode},
		Judge:  JudgeWebhook,
		Origin: origin,
	}
}

// isHostName says whether a text is a DNS name (RFC 1123), as far as its letters and lengths go.
func isHostName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				return false
			}
		}
	}
	return len(name) <= 253
}

// JudgeWebhook judges as seed 000 says: 2xx delivered; 429 and 5xx later, Retry-After obeyed; 410 gone; any other final.
func JudgeWebhook(a *Answer) Verdict {
	if a.fine() {
		return Verdict{Outcome: Delivered, Status: a.Status}
	}
	v := Verdict{Outcome: Final, Status: a.Status, Reason: StatusText(a.Status)}
	switch {
	case a.Status == 429 || a.Status >= 500 && a.Status < 600:
		v.Outcome, v.After = Retry, RetryAfter(a.Header("Retry-After"), a.Now)
	case a.Status == 410:
		v.Outcome = Gone
	case a.Status >= 300 && a.Status < 400:
		v.Reason += "; redirects are never followed, set the webhook's url to the new address"
	}
	return v
}
