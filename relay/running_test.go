package relay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// running is a relay at work in the test's process, on a config file that the test may change.
type running struct {
	*Relay
	t       testing.TB
	file    string
	dir     string
	intake  string // base URLs
	console string
	stop    func()
	logger  *slog.Logger // nil: nobody reads it
}

const runningListeners = "[intake]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n"

// run starts a relay; the config gets its listeners and its data folder.
func run(t testing.TB, config string) *running {
	t.Helper()
	r := &running{t: t, dir: t.TempDir()}
	r.file = filepath.Join(r.dir, "config.toml")
	r.write(config)
	r.start()
	return r
}

// write replaces the config file.
func (r *running) write(config string) {
	r.t.Helper()
	text := runningListeners + fmt.Sprintf("[log]\ndir = %q\n", filepath.Join(r.dir, "data")) + config
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// start starts it, again after stop.
func (r *running) start() {
	r.t.Helper()
	config, _, err := Find(r.file, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	if r.Relay, err = Open(config, r.logger); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	lines, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, out) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(r.stop)
	said := bufio.NewScanner(lines)
	for _, url := range []*string{&r.intake, &r.console} {
		if !said.Scan() {
			r.t.Fatal("the relay does not listen: ", <-done)
		}
		_, *url, _ = strings.Cut(said.Text(), " listens on ")
	}
}

// track sends a track event under a key.
func (r *running) track(key, name string) {
	r.t.Helper()
	body := fmt.Sprintf(`{"type":"track","event":%q,"visitorId":"v","accountId":"a","timestamp":%d}`, name, time.Now().UnixMilli())
	req, err := http.NewRequest(http.MethodPost, r.intake+"/data/track", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("x-pendo-integration-key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		r.t.Fatalf("track: %s %s", resp.Status, text)
	}
}

// target is a receiver that remembers.
type target struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	bodies []string
}

func newTarget(t *testing.T) *target {
	g := &target{t: t}
	g.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.bodies = append(g.bodies, string(body))
	}))
	t.Cleanup(g.Close)
	return g
}

// wait waits until a body with a text has come, and returns how many such have.
func (g *target) wait(text string) int {
	g.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if n := g.count(text); n > 0 {
			return n
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("nothing with %q came", text)
		}
	}
}

func (g *target) count(text string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range g.bodies {
		if strings.Contains(b, text) {
			n++
		}
	}
	return n
}
