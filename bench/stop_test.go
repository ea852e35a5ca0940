package bench

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"edgerelay/bench/child"
)

// TestSilentConnectionDoesNotSpoilTheStop opens a connection that never says anything, as browsers and health checks do,
// and ends the relay: it must end well.
func TestSilentConnectionDoesNotSpoilTheStop(t *testing.T) {
	o := &torture{TortureOptions: TortureOptions{Program: program, Seed: 1}, dir: t.TempDir(),
		hooks: []tortured{{name: "steady", config: `events = ["*"]`, wants: func(int) bool { return true }}}}
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	defer o.witness.stop()
	c, err := o.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", o.intake)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if code := c.ExitCode(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, c.Output())
	}
}

// TestHangUpDoesNotCutTheDrain asks for a reload while the relay drains: the attempt under way ends all the same.
func TestHangUpDoesNotCutTheDrain(t *testing.T) {
	came, answer := make(chan struct{}), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		came <- struct{}{}
		<-answer
	}))
	defer receiver.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.toml")
	text := fmt.Sprintf("[intake]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[log]\ndir = %q\n[[app]]\nname = \"a\"\nkey = \"k\"\nintegration_keys = [\"i\"]\n"+
		"[[webhook]]\nname = \"w\"\nurl = %q\nenabled = true\nallow_private = true\nevents = [\"trackEventReceived\"]\n", filepath.Join(dir, "data"), receiver.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := child.Start(t.Context(), program, 2, "serve", "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Kill()
	resp, err := http.Post("http://"+c.Intake+"/v1/track", "application/json", strings.NewReader(`{"writeKey":"k","userId":"u","event":"e","messageId":"m"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	<-came
	if err := c.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for draining := false; !draining; { // the intake answers nobody any more
		conn, err := net.Dial("tcp", c.Intake)
		if draining = err != nil; !draining {
			_ = conn.Close()
		}
	}
	if err := c.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	close(answer)
	<-c.Ended
	if code := c.ExitCode(); code != 0 || !strings.Contains(c.Output(), "undelivered=0 parked=0") {
		t.Errorf("exit code %d:\n%s", code, c.Output())
	}
}
