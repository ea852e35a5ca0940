package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"edgerelay/relay/console/page"
)

// loginMax is the most bytes of the login's form.
const loginMax = 16 << 10

// loginView is the page at /login.
type loginView struct {
	page.Frame
	Next  string // path to go on to
	Wrong string // why the last try did not succeed
}

// loginPage shows the form, to who needs it.
func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	next := localPath(r.URL.Query().Get("next"))
	if s.guard.callerOf(r).role != nobody {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	s.showLogin(w, r, http.StatusOK, next, "")
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, status int, next, wrong string) {
	s.pages.Show(w, status, "login", loginView{s.pages.Frame(r, "login"), next, wrong})
}

// login begins a session for who has a token.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, loginMax)
	if err := r.ParseForm(); err != nil {
		fail(w, http.StatusBadRequest, "bad_request", "read the form: %v", err)
		return
	}
	next := localPath(r.PostForm.Get("next"))
	if s.opts.Token == "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	if wait := s.gate.try(r); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(wait)))
		s.showLogin(w, r, http.StatusTooManyRequests, next, fmt.Sprintf("There were too many tries. Wait %d seconds, then try again.", seconds(wait)))
		return
	}
	role := s.guard.roleOf(strings.TrimSpace(r.PostForm.Get("token")))
	if role == nobody {
		s.opts.Logger.Warn("somebody tried to log in to the console with a wrong token", "from", r.RemoteAddr)
		s.showLogin(w, r, http.StatusUnauthorized, next, "That is not the token. It stands in the config file, under [console].")
		return
	}
	s.guard.sessions.end(r) // of before
	setCookie(w, r, s.guard.sessions.begin(role))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// logout ends the session.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.guard.sessions.end(r)
	setCookie(w, r, "")
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// localPath is a path of this console, / when it would lead elsewhere.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsFunc(next, func(r rune) bool { return r == '\\' || r < ' ' }) || u.Path == "/login" || u.Path == "/logout" {
		return "/"
	}
	return next
}
