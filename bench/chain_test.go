package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/bench/child"
	"edgerelay/relay/event"
	"edgerelay/relay/sign"
)

// mailbox is a receiver that keeps bodies, each with how often it came.
type mailbox struct {
	sync.Mutex
	*httptest.Server
	bodies map[string]int
}

func newMailbox(t *testing.T, secret string) *mailbox {
	t.Helper()
	m := &mailbox{bodies: map[string]int{}}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if _, err := sign.Verify(r.Header.Get, body, []string{secret}, time.Now()); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		m.Lock()
		defer m.Unlock()
		m.bodies[string(body)]++
	}))
	t.Cleanup(m.Close)
	return m
}

// wait waits until so many different bodies have come, and then a moment for more.
func (m *mailbox) wait(t *testing.T, count int) map[string]int {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		m.Lock()
		there := len(m.bodies)
		m.Unlock()
		if there >= count {
			break
		}
	}
	time.Sleep(300 * time.Millisecond)
	m.Lock()
	defer m.Unlock()
	return maps.Clone(m.bodies)
}

// TestRelaysInAChain sends a sample of every kind to a relay that has a webhook to a receiver and one to a second relay,
// which has one to a receiver of its own: both receivers get the same bytes, once, signed by different secrets.
func TestRelaysInAChain(t *testing.T) {
	first, second := newMailbox(t, "first secret"), newMailbox(t, "second secret")
	listen := freeAddress(t)
	behind := startRelay(t, "127.0.0.1:0", "between", hookTo("sink", second.URL, "second secret"))
	config := writeRelay(t, listen, "samples", hookTo("sink", first.URL, "first secret")+
		hookTo("next", "http://"+behind.Intake+"/in/pendo/KEY", "between"))
	front, err := child.Start(t.Context(), program, 2, "serve", "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := carryOut(t, t.TempDir(), "send", "--config", config)
	if lines := strings.Split(strings.TrimSpace(stdout), "\n"); code != 0 || stderr != "" || len(lines) != len(event.Kinds()) {
		t.Errorf("send exits with %d and %q and prints\n%s", code, stderr, stdout)
	}
	for line := range strings.Lines(stdout) {
		if !strings.Contains(line, " → 200 {") {
			t.Errorf("send prints %q", line)
		}
	}
	count := len(event.Kinds()) + 2 // an identify and a group tell of somebody new, and of metadata
	want, got := first.wait(t, count), second.wait(t, count)
	if !maps.Equal(got, want) || len(want) != count {
		t.Errorf("through two relays came\n%s\nthrough one\n%s", listed(got), listed(want))
	}
	checkKinds(t, want)
	for _, c := range []*child.Process{front, behind} {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}
}

// checkKinds looks for every kind among the bodies, each of which came once.
func checkKinds(t *testing.T, bodies map[string]int) {
	t.Helper()
	seen := map[string]bool{"visitorUnsubscribed": false}
	for body, times := range bodies {
		var b struct{ Event, EventType string }
		if err := json.Unmarshal([]byte(body), &b); err != nil || times != 1 {
			t.Errorf("%d times %s: %v", times, body, err)
		}
		seen[b.Event] = true
		if b.EventType == "unsubscribe" {
			seen["visitorUnsubscribed"] = true
		}
	}
	for _, kind := range event.Kinds() {
		if !seen[kind.String()] {
			t.Errorf("no %v came", kind)
		}
	}
}

func listed(bodies map[string]int) string {
	return strings.Join(slices.Sorted(maps.Keys(bodies)), "\n")
}

func hookTo(name, url, secret string) string {
	return fmt.Sprintf("[[webhook]]\nname = %q\nurl = %q\nsecret = %q\nenabled = true\nallow_private = true\nevents = [\"*\"]\n", name, url, secret)
}

// writeRelay writes a config with one app, which has that secret and is called by it.
func writeRelay(t *testing.T, listen, secret, webhooks string) (path string) {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf("[intake]\nlisten = %q\n[console]\nlisten = \"127.0.0.1:0\"\n[log]\ndir = %q\n"+
		"[[app]]\nname = %q\nkey = \"KEY\"\nintegration_keys = [\"INT\"]\nwebhook_secret = %q\n%s", listen, filepath.Join(dir, "data"), secret, secret, webhooks)
	path = filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func startRelay(t *testing.T, listen, secret, webhooks string) *child.Process {
	t.Helper()
	c, err := child.Start(t.Context(), program, 2, "serve", "--config", writeRelay(t, listen, secret, webhooks))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// freeAddress is one that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
