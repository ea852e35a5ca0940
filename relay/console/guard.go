package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"edgerelay/relay/console/page"
)

// CheckToken says what is wrong with a token, if anything, in words that go on behind its name.
func CheckToken(token string) error {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("has a character that a header cannot carry; use letters, digits and signs of ASCII, without spaces")
	}
	return nil
}

// guard keeps strangers out: those without the token, and pages of other sites in the operator's own browser.
type guard struct {
	token   string
	digest  [sha256.Size]byte
	foreign *http.CrossOriginProtection
}

func newGuard(token string) *guard {
	return &guard{token, sha256.Sum256([]byte(token)), http.NewCrossOriginProtection()}
}

// wrap puts the guard in front of next. Deliveries pass: the inspector looks at their signatures.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case g.token == "" && !local(r.Host):
			fail(w, http.StatusForbidden, "forbidden", "the console has no token, so it answers at localhost and at IP addresses only, "+
				"not at %q, which any page could point here: set [console] token", r.Host)
		case g.foreign.Check(unsafe(r)) != nil:
			fail(w, http.StatusForbidden, "forbidden", "a page of another site sent this request")
		case !isDelivery(r) && !isAsset(r) && !g.allows(r):
			g.challenge(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// costly are the beginnings of paths where a GET takes time or shows a lot, and that no link of another site needs to lead
// to: an image of a page elsewhere could start a profile.
var costly = []string{"/debug/pprof/", "/metrics", "/api/"}

// unsafe is a request as it is judged by where it came from: a costly GET like one that changes something.
func unsafe(r *http.Request) *http.Request {
	if !slices.ContainsFunc(costly, func(begin string) bool { return strings.HasPrefix(r.URL.Path, begin) }) {
		return r
	}
	judged := *r
	judged.Method = http.MethodPost
	return &judged
}

// isDelivery says whether a request is one that the inspector receives.
func isDelivery(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == "/inspect" || strings.HasPrefix(r.URL.Path, "/inspect/"))
}

// isAsset says whether a request is for what the pages load, the page for signing in too.
func isAsset(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, page.AssetPath)
}

// allows says whether a request has the token, or needs none.
func (g *guard) allows(r *http.Request) bool { return g.token == "" || g.hasToken(r) }

// hasToken compares in constant time, whatever the length.
func (g *guard) hasToken(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if _, password, ok := r.BasicAuth(); ok {
		token = password
	} else if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	digest := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return g.token != "" && subtle.ConstantTimeCompare(digest[:], g.digest[:]) == 1
}

// challenge asks for the token. Programs know Bearer; browsers pass over it to Basic and ask their user.
func (g *guard) challenge(w http.ResponseWriter) {
	const realm = ` realm="edgerelay console"`
	w.Header().Add("WWW-Authenticate", "Bearer"+realm)
	w.Header().Add("WWW-Authenticate", "Basic"+realm+`, charset="UTF-8"`)
	fail(w, http.StatusUnauthorized, "unauthorized",
		"send the [console] token as \"Authorization: Bearer TOKEN\"; a browser asks for it as the password, any user name will do")
}

// local says whether a Host header can only mean this machine as the sender sees it. A name could belong to anybody, who
// could point it here and let a page read the console (DNS rebinding).
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	_, err := netip.ParseAddr(host)
	return err == nil || host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// secured sets the headers that tell browsers to do no more than the pages need.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
