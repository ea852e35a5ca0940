package bench

import (
	"net"
	"testing"
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
