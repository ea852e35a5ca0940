package live

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"

	"edgerelay/bench/child"
)

// The keys of the app that all clients send to.
const (
	agentKey = "11111111-2222-4333-8444-555555555555"
	writeKey = "WK_live"
)

// relay is the program under test. It keeps its address and its data over a kill.
type relay struct {
	process *child.Process
	config  string
	address string // of intake, host:port
}

// startRelay starts the program with an app that has both keys, and a webhook to a receiver that gets all events. more is
// more config: members of the app first, then tables.
func startRelay(t *testing.T, to *receiver, more string) *relay {
	t.Helper()
	dir := t.TempDir()
	r := &relay{config: filepath.Join(dir, "config.toml"), address: freeAddress(t)}
	config := fmt.Sprintf(`
[intake]
listen = %q
[console]
listen = "127.0.0.1:0"
[log]
dir = %q
[delivery]
backoff = "100ms"
[[webhook]]
name = "receiver"
url = %q
secret = %q
enabled = true
allow_private = true
events = ["*"]
[[app]]
name = "shop"
key = %q
extra_keys = [%q]
%s`, r.address, filepath.Join(dir, "data"), to.server.URL, secret, agentKey, writeKey, more)
	if err := os.WriteFile(r.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	t.Cleanup(func() { r.process.Kill() })
	return r
}

// freeAddress finds a port below those that systems give to outgoing connections, so that none of these takes it while
// the program is down.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err != nil {
			continue
		}
		if err := ln.Close(); err != nil {
			t.Fatal(err)
		}
		return ln.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

func (r *relay) start(t *testing.T) {
	t.Helper()
	p, err := child.Start(t.Context(), program, 2, "serve", "--config", r.config)
	if err != nil {
		t.Fatal(err)
	}
	r.process = p
}

// stop ends the program as an operator would: what it took in has been delivered then.
func (r *relay) stop(t *testing.T) {
	t.Helper()
	if err := r.process.Stop(); err != nil {
		t.Fatal(err)
	}
	if code := r.process.ExitCode(); code != 0 {
		t.Errorf("the program ended with exit code %d:\n%s", code, r.process.Output())
	}
}
