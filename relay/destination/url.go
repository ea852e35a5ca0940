package destination

import (
	"edgerelay/relay/format"
)

// address is any URL that takes webhooks (seed 000), in the format and with the signatures that its user chooses.
var address = Type{
	Name: "url", Title: "URL",
	Address: `the address that deliveries are posted to, such as "https://example.com/hook"`,
	Signs:   true, Formats: true, Single: true,
	Plan: planURL,
}

func planURL(s *Settings, fault func(field, text string, args ...any)) *Plan {
	encode, _ := format.ByName(s.Format) // who takes settings in has checked it
	content := "application/json"
	if s.Format == "cloudevents" {
		content = "application/cloudevents+json; charset=utf-8"
	}
	return &Plan{
		URL:    endpoint("", s, fault),
		Header: []Header{{"Content-Type", content}},
		Body:   Body{Item: encode},
		Judge:  JudgeWebhook,
	}
}

// JudgeWebhook judges as seed 000 says: 2xx delivered; 429 and 5xx later, Retry-After obeyed; 410 gone; any other final.
func JudgeWebhook(a *Answer) Verdict {
	if a.Status >= 200 && a.Status < 300 {
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
