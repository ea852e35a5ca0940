package bench

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestKillWhileIdleRepeatsNothing kills a relay that has delivered everything and takes nothing in, so that no commit
// carries its cursors to the disk for it.
func TestKillWhileIdleRepeatsNothing(t *testing.T) {
	hook := tortured{name: "steady", config: `events = ["trackEventReceived"]`, wants: func(int) bool { return true }}
	o := &torture{TortureOptions: TortureOptions{Program: program, Seed: 1}, dir: t.TempDir(), hooks: []tortured{hook}}
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	defer o.witness.stop()
	c, err := o.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const events = 300
	for i := range events {
		path, body := tortureRequest([]int{i}, 1, rand.New(rand.NewPCG(1, 1)))
		if !post(t.Context(), http.DefaultClient, "http://"+o.intake+path, body) {
			t.Fatalf("event %d was not accepted:\n%s", i, c.Output())
		}
	}
	taken := func() (first, repeats int) {
		o.witness.mu.Lock()
		defer o.witness.mu.Unlock()
		s := o.witness.hooks["steady"]
		for _, n := range s.repeats {
			repeats += n
		}
		return len(s.first), repeats
	}
	for first, _ := taken(); first < events; first, _ = taken() {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Second) // ten times what the log takes to save its cursors
	for kill := range 2 {
		c.Kill()
		if c, err = o.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // for what would come again
		if _, repeats := taken(); repeats > 0 {
			t.Errorf("kill %d: %d of %d deliveries were repeated", kill+1, repeats, events)
		}
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
}
