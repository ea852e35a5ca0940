package live

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/bench/child"
	"edgerelay/relay/sign"
)

const (
	consoleToken = "console-token"
	serverKey    = "IK_desk"
)

// desk is a relay as a product manager finds it: with an app, without a webhook.
type desk struct {
	process *child.Process
	to      *crm
}

// startDesk starts the program with a console that asks for a token and a rule that turns a webhook off after 12 failures:
// with the growing pauses between them, that takes some seconds.
func startDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.toml")
	text := fmt.Sprintf(`
[intake]
listen = "127.0.0.1:0"
[console]
listen = "127.0.0.1:0"
token = %q
[log]
dir = %q
[delivery]
backoff = "100ms"
disable_after = { failures = 12, within = "5m" }
log_successes = 1
allow_private = true
[[app]]
name = "shop"
key = "AK_desk"
integration_keys = [%q]
`, consoleToken, filepath.Join(dir, "data"), serverKey)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(t.Context(), program, 2, "serve", "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return &desk{p, startCRM(t)}
}

// stop ends the program as an operator would.
func (d *desk) stop(t *testing.T) {
	t.Helper()
	if err := d.process.Stop(); err != nil {
		t.Fatal(err)
	}
	if code := d.process.ExitCode(); code != 0 {
		t.Errorf("the program ended with exit code %d:\n%s", code, d.process.Output())
	}
}

// track sends a track event by the server API, and waits until it is on disk.
func (d *desk) track(t *testing.T, name, visitor string) {
	t.Helper()
	body := fmt.Sprintf(`{"type":"track","event":%q,"visitorId":%q,"accountId":"acme","timestamp":%d,"properties":{"plan":"pro"}}`, name, visitor, time.Now().UnixMilli())
	request, err := http.NewRequest(http.MethodPost, "http://"+d.process.Intake+"/data/track", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-pendo-integration-key", serverKey)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		t.Fatalf("track: %s", reply.Status)
	}
}

// crm is the receiver: it checks signatures, and can be broken.
type crm struct {
	server *httptest.Server

	mu     sync.Mutex
	broken bool
	taken  map[string]int // deliveries by the visitor that they are about
	faults []string
}

func startCRM(t *testing.T) *crm {
	t.Helper()
	c := &crm{taken: map[string]int{}}
	c.server = httptest.NewServer(c)
	t.Cleanup(c.server.Close)
	return c
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		_, err = sign.Verify(r.Header.Get, body, []string{secret}, time.Now())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.faults = append(c.faults, err.Error())
	case c.broken:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"error":"the database is <down>"}`)
	default:
		_, after, _ := strings.Cut(string(body), `"visitorId":"`)
		visitor, _, _ := strings.Cut(after, `"`)
		c.taken[visitor]++
		fmt.Fprint(w, `{"ok":true}`)
	}
}

func (c *crm) breakDown(broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = broken
}

// expect waits until the events of visitors have been delivered, each once.
func (c *crm) expect(t *testing.T, visitors ...string) {
	t.Helper()
	missing := func() (list []string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, visitor := range visitors {
			if c.taken[visitor] == 0 {
				list = append(list, visitor)
			}
		}
		return list
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if missing() == nil {
			return
		}
	}
	t.Fatalf("never delivered: %q; faults %q", missing(), c.faults)
}

// settle checks that nothing came twice or unsigned.
func (c *crm) settle(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for visitor, n := range c.taken {
		if n != 1 {
			t.Errorf("the event of %s was delivered %d times", visitor, n)
		}
	}
	for _, fault := range c.faults {
		t.Error(fault)
	}
}
