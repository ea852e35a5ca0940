package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/console/page"
)

// CheckToken says what is wrong with a token, if anything, in words that go on behind its name.
func CheckToken(token string) error {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("has a character that a header cannot carry; use letters, digits and signs of ASCII, without spaces")
	}
	return nil
}

// CheckReadToken says what is wrong with a token for reading beside the token, in words that go on behind its name.
func CheckReadToken(readToken, token string) error {
	switch {
	case readToken == "":
		return nil
	case token == "":
		return errors.New("is of no use without a token, since everybody may do everything; set that too")
	case readToken == token:
		return errors.New("is the token itself; give each its own")
	}
	return CheckToken(readToken)
}

// role is what somebody may do here.
type role uint8

const (
	nobody role = iota
	reader      // may look at everything but the program's inside, and change nothing
	admin
)

// caller is who sent a request.
type caller struct {
	role    role
	session bool   // it is known by its cookie
	csrf    string // what its forms must send; "" = nothing
}

// guard keeps strangers out: those without a token, and pages of other sites in the operator's own browser.
type guard struct {
	token, readToken string
	foreign          *http.CrossOriginProtection
	sessions         *sessions
	csrf             string // of forms that are sent without a session
}

func newGuard(token, readToken string, now func() time.Time) *guard {
	return &guard{token, readToken, http.NewCrossOriginProtection(),
		&sessions{now: now, open: map[[sha256.Size]byte]session{}}, secretText()}
}

// wrap puts the guard in front of next. Deliveries pass: the inspector looks at their signatures. So does what pages load.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := g.callerOf(r)
		switch {
		case g.token == "" && !local(r.Host):
			fail(w, http.StatusForbidden, "forbidden", "the console has no token, so it answers at localhost and at IP addresses only, "+
				"not at %q, which any page could point here: set [console] token", r.Host)
		case g.foreign.Check(unsafe(r)) != nil:
			fail(w, http.StatusForbidden, "forbidden", "a page of another site sent this request")
		case isDelivery(r) || isOpen(r):
			next.ServeHTTP(w, r)
		case c.role == nobody:
			g.challenge(w, r)
		case c.role == reader && !looks(r):
			fail(w, http.StatusForbidden, "forbidden", "the read_token lets nobody change anything or look into the program: use the [console] token")
		case !g.intends(w, r, c):
			fail(w, http.StatusForbidden, "csrf", "the request does not prove that it comes from a page of this console: load the page again; "+
				"programs send the token as \"Authorization: Bearer TOKEN\", or X-CSRF-Token with a session")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isOpen says whether a request is answered to everybody.
func isOpen(r *http.Request) bool {
	return r.URL.Path == "/login" || strings.HasPrefix(r.URL.Path, page.AssetPath)
}

// looks says whether a request is one that a reader may send.
func looks(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return !strings.HasPrefix(r.URL.Path, "/debug/")
	}
	return slices.Contains([]string{"/logout", "/explain", "/api/explain", "/catalog/try", "/api/catalog/try"}, r.URL.Path)
}

// callerOf says who sent a request. Who sends an Authorization is judged by that alone.
func (g *guard) callerOf(r *http.Request) caller {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	_, password, basic := r.BasicAuth()
	switch {
	case g.token == "":
		return caller{role: admin, csrf: g.csrf}
	case basic:
		return caller{role: g.roleOf(password), csrf: g.csrf}
	case strings.EqualFold(scheme, "Bearer"):
		return caller{role: g.roleOf(strings.TrimSpace(token))}
	case scheme != "":
		return caller{}
	}
	if s, ok := g.sessions.of(r); ok {
		return caller{s.role, true, s.csrf}
	}
	return caller{}
}

// roleOf is what a token lets its owner do. It compares in constant time, whatever the length.
func (g *guard) roleOf(token string) role {
	switch {
	case g.token != "" && equal(token, g.token):
		return admin
	case g.readToken != "" && equal(token, g.readToken):
		return reader
	}
	return nobody
}

func equal(a, b string) bool {
	digestA, digestB := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(digestA[:], digestB[:]) == 1
}

// who is a request's sender as pages know it.
func (g *guard) who(r *http.Request) page.Who {
	c := g.callerOf(r)
	return page.Who{Reader: c.role == reader, Signed: c.session, Token: c.csrf}
}

// intends says whether a request that changes something was meant by its sender. What a browser sends by itself, a cookie
// or a form, proves that by a token that only pages of this console know.
func (g *guard) intends(w http.ResponseWriter, r *http.Request, c caller) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || c.csrf == "" {
		return true
	}
	if !c.session && (!isForm(r) || strings.HasPrefix(r.URL.Path, "/api/")) { // the API takes no forms
		return true
	}
	given := r.Header.Get("X-CSRF-Token")
	if given == "" && isForm(r) {
		r.Body = http.MaxBytesReader(w, r.Body, requestMax)
		if r.ParseForm() != nil {
			return false
		}
		given = r.PostForm.Get("csrf")
	}
	return equal(given, c.csrf)
}

// isForm says whether a request has a body of a kind that a page of another site can send without being asked for more.
func isForm(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return true
	}
	return false
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

// hasToken says whether a request carries the token of an administrator.
func (g *guard) hasToken(r *http.Request) bool {
	c := g.callerOf(r)
	return c.role == admin && !c.session
}

// challenge asks for a token: programs are told so, browsers that want a page are led to the form.
func (g *guard) challenge(w http.ResponseWriter, r *http.Request) {
	looking := r.Method == http.MethodGet || r.Method == http.MethodHead
	login := "/login"
	if looking {
		login += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	switch {
	case r.Header.Get("HX-Request") == "true": // a script asks for a part of a page
		w.Header().Set("HX-Redirect", "/login")
	case !wantsPage(r):
		w.Header().Set("WWW-Authenticate", `Bearer realm="edgerelay console"`)
	case looking && r.Header.Get("Sec-Fetch-Site") == "cross-site":
		// A browser that comes by a link from elsewhere leaves its cookie out, also where it is redirected to. Where this
		// console's own page sends it, it brings it.
		w.Header().Set("Refresh", "0; url="+login)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, "<!doctype html><title>edgerelay</title><a href=%q>Sign in</a>\n", login)
		return
	default:
		http.Redirect(w, r, login, http.StatusSeeOther)
		return
	}
	fail(w, http.StatusUnauthorized, "unauthorized", "send the [console] token as \"Authorization: Bearer TOKEN\"; people log in at /login")
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
