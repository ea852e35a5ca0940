package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// What browsers are told about all endpoints alike. The headers are those that the SDKs were seen to ask for,
// and those that a page's own tracing puts on all that it sends: it would lose its events otherwise.
const (
	corsHeaders     = "authorization, content-type, content-encoding, x-retry-count, anonymousid, sentat, x-pendo-integration-key, traceparent, tracestate"
	corsMethods     = "GET, POST, OPTIONS"
	corsMoreMethods = "GET, POST, PUT, PATCH, OPTIONS"
	corsMaxAge      = "86400" // seconds; browsers cut it down to what they allow, two hours in Chrome
)

// What stands in every reply, in the form that costs least.
var (
	corsExposeName = []byte("Access-Control-Expose-Headers")
	corsExpose     = []byte("Retry-After, X-RateLimit-Reset")
	corsOriginName = []byte("Access-Control-Allow-Origin")
	corsAny        = []byte("*")
)

// cors says which pages may read replies. It is immutable.
type cors struct {
	any     bool
	origins []string
	suffix  [][2]string // scheme and domain of "https://*.example.com": "https://", ".example.com"
}

func newCORS(origins []string) (c cors, err error) {
	var faults []error
	for _, origin := range origins {
		scheme, host, ok := strings.Cut(origin, "://")
		domain, wild := strings.CutPrefix(host, "*.")
		switch {
		case origin == "*":
			c.any = true
		case !ok || host == "" || strings.ContainsAny(domain, "*/ "):
			faults = append(faults, fmt.Errorf(`CORS origin %q is none; write it like "https://example.com"`, origin))
		case wild:
			c.suffix = append(c.suffix, [2]string{strings.ToLower(scheme) + "://", "." + strings.ToLower(domain)})
		default:
			c.origins = append(c.origins, strings.ToLower(origin))
		}
	}
	return c, errors.Join(faults...)
}

// apply sets the headers that every reply has. Where any page may read, nothing depends on who asks. Otherwise an
// allowed origin is named, and may send credentials, which "*" would forbid.
func (c *cors) apply(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.SetCanonical(corsExposeName, corsExpose)
	if c.any {
		h.SetCanonical(corsOriginName, corsAny)
		return
	}
	h.Add("Vary", "Origin") // beside what the answer varies by itself
	if origin := ctx.Request.Header.Peek("Origin"); c.allows(string(origin)) {
		h.SetBytesV("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

func (c *cors) allows(origin string) bool {
	return slices.Contains(c.origins, origin) || slices.ContainsFunc(c.suffix, func(s [2]string) bool {
		return len(origin) > len(s[0])+len(s[1]) && strings.HasPrefix(origin, s[0]) && strings.HasSuffix(origin, s[1])
	})
}

// preflight answers a browser that asks what it may send to an endpoint of these methods.
func preflight(ctx *fasthttp.RequestCtx, methods method) {
	h := &ctx.Response.Header
	allowed := corsMethods
	if methods&(put|patch) != 0 {
		allowed = corsMoreMethods
	}
	h.Set("Access-Control-Allow-Methods", allowed)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	ctx.SetStatusCode(fasthttp.StatusNoContent)
}
