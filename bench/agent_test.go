package bench

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"edgerelay/bench/child"
)

// TestAgentLineSaysTheSameTwice looks at what becomes of one request in each of the dialects that the line agent compares.
func TestAgentLineSaysTheSameTwice(t *testing.T) {
	sink := startSink(t, "bench-secret")
	dir := t.TempDir()
	config := fmt.Sprintf("[intake]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[log]\ndir = %q\n"+
		"[[app]]\nname = \"bench\"\nkey = \"bench\"\n[[webhook]]\nname = \"sink\"\nurl = \"http://%s/hook\"\nsecret = \"bench-secret\"\n"+
		"enabled = true\nallow_private = true\nevents = [\"pageLoaded:reports\", \"featureClicked:save\", \"trackEventReceived\"]\n%s",
		filepath.Join(dir, "data"), sink.address, agentCatalog())
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := child.Start(t.Context(), program, 2, "serve", "--config", path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", c.Intake)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := &worker{conn: conn, in: bufio.NewReader(conn)}
	for _, compose := range []func(*worker){(*worker).agentRequest, (*worker).sameRequest} {
		w.compose = compose
		if err := w.request(); err != nil {
			t.Fatal(err)
		}
	}
	got := collect(sink, time.Second)
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"pageLoaded": 2, "featureClicked": 2, "trackEventReceived Element Clicked": 2}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
