package bench

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/bench/child"
)

// agentPayload is a batch of one event in the encoding of Pendo's agent.
func agentPayload(n int) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = fmt.Fprintf(z, `[{"type":"load","browser_time":%d,"visitor_id":"v%d","url":"https://app.example.com/","frameId":"f","sequence":%d}]`,
		time.Now().UnixMilli(), n%7, n)
	_ = z.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// upstreamServer is the service behind the relay. It counts what it is sent, by payload.
type upstreamServer struct {
	mu   sync.Mutex
	took map[string]int
}

func (u *upstreamServer) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	payload := r.URL.Query().Get("jzb")
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		payload = strings.TrimSuffix(strings.TrimPrefix(string(body), `{"events":"`), `"}`)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.took[payload]++
}

func (u *upstreamServer) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.took)
}

// TestUpstreamGetsEachBatchOnceAfterCrashes kills the real program twice while the upstream is away and the agent sends, and
// sends again what it got no answer to. When the upstream is back, it gets every batch, once.
func TestUpstreamGetsEachBatchOnceAfterCrashes(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, dir := ln.Addr().String(), t.TempDir()
	if err := ln.Close(); err != nil { // nobody is there for now
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.toml")
	config := fmt.Sprintf("[intake]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[log]\ndir = %q\n[delivery]\nbackoff = \"50ms\"\nbackoff_max = \"200ms\"\n"+
		"[[app]]\nname = \"shop\"\nkey = \"KEY\"\nupstream = \"http://%s\"\n", filepath.Join(dir, "data"), address)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	const round = 40
	for crash := range 3 {
		c, err := child.Start(t.Context(), program, 2, "serve", "--config", path)
		if err != nil {
			t.Fatal(err)
		}
		for n := range round {
			payload := agentPayload(crash*round + n)
			want[payload] = 1
			sendBatch(t, c.Intake, payload, n)
		}
		for payload := range want {
			sendBatch(t, c.Intake, payload, 1) // as an agent that was cut off before the answers came
		}
		if crash < 2 {
			c.Kill()
			continue
		}
		upstream := &upstreamServer{took: map[string]int{}}
		if ln, err = net.Listen("tcp", address); err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: upstream, ReadHeaderTimeout: 10 * time.Second}
		served := make(chan error, 1)
		go func() { served <- server.Serve(ln) }()
		for wait := 0; upstream.count() < len(want) && wait < 6000; wait++ {
			time.Sleep(5 * time.Millisecond)
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		_ = server.Close()
		<-served
		for payload := range want {
			if n := upstream.took[payload]; n != 1 {
				t.Errorf("the upstream got %s %d times", payload, n)
			}
			delete(upstream.took, payload)
		}
		for payload, n := range upstream.took {
			t.Errorf("the upstream got %q %d times, which nobody sent", payload, n)
		}
	}
}

// sendBatch sends a payload in one of the ways of the agent.
func sendBatch(t *testing.T, address, payload string, n int) {
	t.Helper()
	target := fmt.Sprintf("http://%s/data/ptm.gif/KEY?v=2.291.4_prod&ct=%d", address, time.Now().UnixMilli())
	method, body := http.MethodGet, ""
	if n%3 == 0 {
		method, body = http.MethodPost, `{"events":"`+payload+`"}`
	} else {
		target += "&jzb=" + payload
	}
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if image, err := io.ReadAll(got.Body); err != nil || got.StatusCode != 200 || !bytes.HasPrefix(image, []byte("GIF89a")) {
		t.Fatalf("%d %q %v", got.StatusCode, image, err)
	}
}
