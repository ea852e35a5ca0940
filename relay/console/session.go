package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	sessionsMax = 100
	sessionTime = 12 * time.Hour // from the login on, however much it is used
)

// session is one browser that logged in. It is not changed.
type session struct {
	role  role
	csrf  string // what the forms of its pages send
	until time.Time
}

// sessions are those who logged in. They are forgotten when the relay ends. Safe for concurrent use.
type sessions struct {
	now func() time.Time

	mu   sync.Mutex
	open map[[sha256.Size]byte]session // by the digest of what the cookie holds: a dump of the memory lets nobody in
}

// secretText is 256 bits that nobody can guess.
func secretText() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// begin makes a session and returns what its cookie holds. When there are too many, the oldest ends.
func (s *sessions) begin(role role) (key string) {
	key = secretText()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest [sha256.Size]byte
	first := now.Add(2 * sessionTime)
	for id, other := range s.open {
		switch {
		case !now.Before(other.until):
			delete(s.open, id)
		case other.until.Before(first):
			oldest, first = id, other.until
		}
	}
	if len(s.open) >= sessionsMax {
		delete(s.open, oldest)
	}
	s.open[sha256.Sum256([]byte(key))] = session{role, secretText(), now.Add(sessionTime)}
	return key
}

// of is the session of a request's cookie.
func (s *sessions) of(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[sha256.Sum256([]byte(cookie.Value))]
	return found, ok && s.now().Before(found.until)
}

// end ends the session of a request's cookie.
func (s *sessions) end(r *http.Request) {
	if cookie, err := r.Cookie(cookieName(r)); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, sha256.Sum256([]byte(cookie.Value)))
	}
}

// cookieName tells apart the relays of one host: cookies do not know ports.
func cookieName(r *http.Request) string {
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		return "edgerelay_session_" + port
	}
	return "edgerelay_session"
}

// setCookie gives a browser the key of its session; "" takes it away.
func setCookie(w http.ResponseWriter, r *http.Request, key string) {
	age := int(sessionTime / time.Second)
	if key == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: key, Path: "/", MaxAge: age, HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"})
}
