package fake

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Key is an RSA key for all fakes of a test, made at its first use. It is never changed.
var Key = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// PEM is a key as users have it in a file.
func PEM(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// grantJWT is the grant of RFC 7523.
const grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// Logins hands out tokens, each good for an hour. Its Desk has a script and books of its own, for the requests that ask
// for tokens.
type Logins struct {
	Desk
	mu   sync.Mutex
	now  func() time.Time
	good map[string]time.Time // token → its end
	made int
}

// verify is whether the text was signed with the key, is for now, and lives no longer than an hour; its claims.
func (l *Logins) verify(text string, key *rsa.PublicKey) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(l.now), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if _, err := parser.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		return nil, err
	}
	from, _ := claims.GetIssuedAt()
	to, _ := claims.GetExpirationTime()
	if from == nil || to.Sub(from.Time) > time.Hour {
		return nil, fmt.Errorf("it lives longer than an hour")
	}
	return claims, nil
}

// issue makes a token.
func (l *Logins) issue() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	text := fmt.Sprintf("token-%d", l.made)
	if l.good == nil {
		l.good = map[string]time.Time{}
	}
	l.good[text] = l.now().Add(time.Hour)
	return text
}

// knows says whether a request has a token that is good.
func (l *Logins) knows(r *http.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	end, ok := l.good[text]
	return ok && l.now().Before(end)
}

// Withdraw makes all tokens bad that were handed out so far.
func (l *Logins) Withdraw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.good)
}

// Made is how many tokens were handed out.
func (l *Logins) Made() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.made
}
