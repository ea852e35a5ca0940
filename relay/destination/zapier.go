package destination

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// zapier starts a Zap through a catch hook ("Webhooks by Zapier"), whose URL is its key; hooks check no signatures. Each
// event is a request of its own, for a list would start the Zap once for each of its elements.
var zapier = Type{
	Name: "zapier", Title: "Zapier",
	Single:        true,
	Address:       `the catch hook's URL, like "https://hooks.zapier.com/hooks/catch/123/abc/"`,
	AddressSecret: true,
	Plan:          planZapier,
}

// Zapier takes 30 requests a second at a hook, and 10 MB each. A hook of the old kind, whose address has no user's ID, takes
// 1000 in 5 minutes (Zapier's page on the limits of Webhooks by Zapier).
const (
	zapierRate    = 30
	zapierOldRate = 3
	zapierItem    = 10_000_000
)

var zapierOld = regexp.MustCompile(`^/hooks/catch/[^/]+/?$`)

func planZapier(s *Settings, fault func(field, text string, args ...any)) *Plan {
	p := &Plan{
		URL:    endpoint("", s, fault),
		Header: []Header{{"Content-Type", "application/json"}, {"Accept", "application/json"}},
		Body:   Body{Item: format.Zapier},
		Batch:  Batch{Item: zapierItem},
		Judge:  judgeZapier,
		Rate:   zapierRate, Burst: zapierRate,
	}
	if zapierOld.MatchString(p.URL.Path) {
		p.Rate = zapierOldRate
	}
	checkZapierAddress(p.URL, fault)
	return p
}

// checkZapierAddress finds pages of Zapier's that are no hooks, such as that of the Zap itself.
func checkZapierAddress(u *url.URL, fault func(field, text string, args ...any)) {
	host := strings.ToLower(u.Hostname())
	if host != "zapier.com" && !strings.HasSuffix(host, ".zapier.com") {
		return
	}
	switch {
	case !strings.HasPrefix(u.Path, "/hooks/"):
		fault("url", `is no catch hook's URL; copy the one that begins with "https://hooks.zapier.com/hooks/catch/" from the Zap's trigger`)
	case u.Scheme != "https":
		fault("url", "is plain http; Zapier takes https only")
	}
}

// judgeZapier retries whatever was not taken, as Zapier advises, but for what cannot become better: a hook that is no more, a
// body that is too large, and a redirect. A reason has no part of the answer: it may have the secret URL in it.
func judgeZapier(a *Answer) Verdict {
	if a.fine() {
		return judgeHooked(a)
	}
	v := Verdict{Outcome: Retry, Status: a.Status, Reason: StatusText(a.Status)}
	switch {
	case a.Status == 404 || a.Status == 410:
		v.Outcome = Gone
		v.Reason += ": the Zap or its hook is no more; turn the Zap on, or set url to another"
		return v
	case a.Status == 413 || a.Status >= 300 && a.Status < 400:
		v.Outcome = Final
		return v
	}
	v.After = RetryAfter(a.Header("Retry-After"), a.Now)
	return v
}

// judgeHooked judges a 2xx: {"status":"success"}, or nothing that says otherwise.
func judgeHooked(a *Answer) Verdict {
	v := judgeReply(a)
	if v.Outcome != Delivered || !bytes.Contains(a.Body, []byte(`"status"`)) || string(event.Lookup(a.Body, "status")) == `"success"` {
		return v
	}
	var reply struct{ Status string }
	if json.Unmarshal(a.Body, &reply) == nil && reply.Status != "" && reply.Status != "success" {
		v = Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, `the hook's status is not "success"`)}
	}
	return v
}
