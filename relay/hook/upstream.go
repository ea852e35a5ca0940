package hook

import (
	"math"
	"net/url"
	"time"
)

// upstreamPrefix begins the names of upstreams. No webhook has one of these names: they hold a slash.
const upstreamPrefix = "upstream/"

// UpstreamName is the name of an app's upstream among the webhooks: of its queue, and in metrics and logs.
func UpstreamName(app string) string { return upstreamPrefix + app }

// Upstream makes what stands for the upstream of an app where deliveries are made: a destination like a webhook, without
// selection, format and secret, because it gets requests as they came in. Each is tried until it is patience old. It has no
// queue number yet. Where it leads is for the config file to say, private or not; no request can change it. via is a name of
// this relay that no other has.
func Upstream(app string, target *url.URL, via string, inFlight int, timeout, patience time.Duration) *Webhook {
	return &Webhook{Spec: Spec{Name: UpstreamName(app), Type: "url", URL: target.String(), App: app, Enabled: true,
		InFlight: inFlight, Timeout: timeout, Retries: math.MaxInt, AllowPrivate: true, AllowHTTP: true},
		Target: target, Patience: patience, Via: via}
}
