package freight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/destination"
)

// watch is a clock that tests set forward. Safe for concurrent use.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func newWatch() *watch { return &watch{at: noon} }

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watch) forward(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// TestPurse: one token for many, until it is about to expire or was refused.
func TestPurse(t *testing.T) {
	clock, fetched := newWatch(), 0
	p := newPurse(clock.now, func(context.Context) (token, error) {
		fetched++
		return token{text: fmt.Sprint(fetched), renew: clock.now().Add(time.Hour)}, nil
	})
	f := func(refused, want string) {
		t.Helper()
		if got, err := p.get(t.Context(), refused); err != nil || got.text != want {
			t.Errorf("token %q, %v, want %q", got.text, err, want)
		}
	}
	f("", "1")
	clock.forward(time.Hour - time.Millisecond)
	f("", "1")
	clock.forward(time.Millisecond)
	f("", "2")
	f("2", "3")
	f("2", "3") // somebody else has replaced it meanwhile
	f("", "3")
}

// TestPurseFetchesOnce: who comes while a token is fetched waits for it, and no longer than its context lasts.
func TestPurseFetchesOnce(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	fetched := 0
	p := newPurse(time.Now, func(context.Context) (token, error) {
		fetched++
		close(begun)
		<-finish
		return token{text: "t", renew: time.Now().Add(time.Hour)}, nil
	})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := p.get(t.Context(), ""); err != nil || got.text != "t" {
				t.Errorf("token %q, %v", got.text, err)
			}
		})
	}
	<-begun
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.get(ended, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that ended: %v", err)
	}
	close(finish)
	all.Wait()
	if fetched != 1 {
		t.Errorf("fetched %d times", fetched)
	}
}

// TestPurseKeepsNoFailure: the next one tries again, and the old token is not used in its place.
func TestPurseKeepsNoFailure(t *testing.T) {
	fail := errors.New("no")
	p := newPurse(time.Now, func(context.Context) (token, error) { return token{text: "t", renew: time.Now().Add(time.Hour)}, fail })
	if got, err := p.get(t.Context(), ""); !errors.Is(err, fail) || got.text != "" {
		t.Errorf("token %q, %v", got.text, err)
	}
	fail = nil
	if got, err := p.get(t.Context(), ""); err != nil || got.text != "t" {
		t.Errorf("token %q, %v", got.text, err)
	}
}

func TestReadReply(t *testing.T) {
	f := func(status int, body string, want destination.Outcome, after time.Duration, reason string) {
		t.Helper()
		h := http.Header{"Retry-After": {"7"}}
		_, err := readReply(&destination.Answer{Status: status, Header: h.Get, Body: []byte(body)}, "a token")
		var known *refusal
		if !errors.As(err, &known) {
			t.Fatalf("%d: %v", status, err)
		}
		if v := known.verdict; v.Outcome != want || v.Status != status || v.After != after || v.Reason != reason {
			t.Errorf("%d: %+v, want %s after %s: %s", status, v, want, after, reason)
		}
	}
	const check = "; check the key, what it may do, and this machine's clock"
	f(400, `{"error":"invalid_grant","error_description":"Invalid JWT\nSignature."}`, destination.Off, 0, "cannot get a token: 400 Bad Request: invalid_grant Invalid JWT Signature."+check)
	f(401, `{"code":"390144","message":"JWT token is invalid."}`, destination.Off, 0, "cannot get a token: 401 Unauthorized: 390144 JWT token is invalid."+check)
	f(403, `<html>`, destination.Off, 0, "cannot get a token: 403 Forbidden"+check)
	f(410, ``, destination.Off, 0, "cannot get a token: 410 Gone"+check)
	f(302, ``, destination.Off, 0, "cannot get a token: 302 Found"+check)
	f(204, ``, destination.Off, 0, "cannot get a token: 204 No Content"+check)
	f(404, ``, destination.Retry, time.Minute, "cannot get a token: 404 Not Found")
	f(429, ``, destination.Retry, 7*time.Second, "cannot get a token: 429 Too Many Requests")
	f(503, `{"error":{"code":503}}`, destination.Retry, 7*time.Second, `cannot get a token: 503 Service Unavailable: {"code":503}`)
	if body, err := readReply(&destination.Answer{Status: 200, Body: []byte("x")}, "a token"); err != nil || string(body) != "x" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestReadGoogleToken(t *testing.T) {
	f := func(body, text string, life time.Duration) {
		t.Helper()
		got, lives, ok := readGoogleToken([]byte(body))
		if got != text || lives != life || ok != (text != "") {
			t.Errorf("%s: %q %s %t", body, got, lives, ok)
		}
	}
	f(`{"access_token":"ya29.a_B-c","expires_in":3599,"token_type":"Bearer"}`, "ya29.a_B-c", 3599*time.Second)
	f(`{"access_token":"t","expires_in":9223372036854775807}`, "t", 24*time.Hour)
	for _, body := range []string{``, `t`, `[]`, `{}`, `{"access_token":"t"}`, `{"access_token":"t","expires_in":-1}`, `{"access_token":"t","expires_in":"3599"}`,
		`{"access_token":"","expires_in":1}`, `{"access_token":"a b","expires_in":1}`, `{"access_token":"a\r\nX-Evil: 1","expires_in":1}`,
		`{"access_token":"é","expires_in":1}`, `{"access_token":"` + strings.Repeat("x", tokenMax+1) + `","expires_in":1}`, `{"access_token":"t","expi`} {
		f(body, "", 0)
	}
}

func TestReadHost(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if got, ok := readHost([]byte(body)); got != want || ok != (want != "") {
			t.Errorf("%s: %q %t, want %q", body, got, ok, want)
		}
	}
	f(`{"hostname":"a1.ingest.snowflakecomputing.com"}`, "a1.ingest.snowflakecomputing.com")
	f("a1.ingest.snowflakecomputing.com\n", "a1.ingest.snowflakecomputing.com")
	f(`"my_org.ingest.snowflakecomputing.com"`, "my-org.ingest.snowflakecomputing.com")
	f(`{"hostname":"127.0.0.1:8080"}`, "127.0.0.1:8080")
	for _, body := range []string{``, ` `, `{}`, `{"hostname":7}`, `{"hostname":""}`, `{"hostname":"a/b"}`, `{"hostname":"u@h"}`, `{"hostname":"h?x"}`, `{"hostname":"h#x"}`,
		`https://a.example`, `<html>`, `a b`, `"a`, `[]`, `a:b:c`, `a:99x`, `:443`, `a:`, strings.Repeat("a", 300), "a\x00b", `a%2eb`, `[::1]`} {
		f(body, "")
	}
}

// FuzzTokenReplies: whatever comes in place of tokens and hosts, headers and addresses can be made of what is read.
func FuzzTokenReplies(f *testing.F) {
	f.Add([]byte(`{"access_token":"t","expires_in":3599}`))
	f.Add([]byte(`{"hostname":"a.example","token":"x"}`))
	f.Add([]byte(`{"error":"invalid_grant","error_description":"d"}`))
	f.Add([]byte(`"quoted"`))
	f.Add([]byte(`host_name.example:443`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if text, life, ok := readGoogleToken(body); ok && (!json.Valid(body) || !fitToken(text) || life <= 0 || life > 24*time.Hour) {
			t.Fatalf("token %q for %s", text, life)
		}
		if host, ok := readHost(body); ok {
			r, err := http.NewRequest(http.MethodGet, "https://"+host+"/v2", nil)
			if err != nil || r.URL.Host != host || r.URL.Path != "/v2" || r.URL.User != nil {
				t.Fatalf("host %q: %v", host, err)
			}
		}
		if text, ok := readText(body, "token"); ok && text == "" {
			t.Fatal("an empty text")
		}
		if said := tokenError(body); len(said) > reasonMax {
			t.Fatalf("a reason of %d bytes", len(said))
		}
	})
}
