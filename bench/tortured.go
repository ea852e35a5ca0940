package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tortured is a webhook of the proof with what its receiver does to it.
type tortured struct {
	name   string
	kind   string // the webhook's type: "" is url, file has a shelf in place of a receiver, others send batches
	config string // beside name, type, address and secret
	wants  func(n int) bool
	fault  float64       // share of requests that are answered badly
	delay  time.Duration // before an answer, at most
}

func torturedHooks() []tortured {
	all := func(int) bool { return true }
	return []tortured{
		{name: "steady", config: `events = ["*"]`, wants: all},
		{name: "flaky", config: "events = [\"trackEventReceived\"]\nretries = 1000", wants: all, fault: .2},
		{name: "slow", config: "events = [\"trackEventReceived\"]\nretries = 1000", wants: all, delay: 20 * time.Millisecond},
		{name: "ordered", config: "events = [\"trackEventReceived\"]\nretries = 1000\norder = \"visitor\"", wants: all, fault: .05},
		{name: "choosy", config: "events = [\"trackEventReceived:kind-3\"]\nretries = 1000", wants: func(n int) bool { return kindOf(n) == 3 }, fault: .05},
		{name: "batches", kind: "mixpanel", config: "events = [\"trackEventReceived\"]\nretries = 1000\nbatch_age = \"20ms\"",
			wants: func(n int) bool { return !refused(n) }, fault: .2},
		{name: "lined-up", kind: "segment", config: "events = [\"trackEventReceived\"]\nretries = 1000\norder = \"visitor\"", wants: all, fault: .02},
		{name: "archive", kind: "file", config: "events = [\"trackEventReceived\"]\nbatch_age = \"200ms\"\nbatch_bytes = \"64KiB\"", wants: all},
	}
}

// kindOf spreads events over ten track types.
func kindOf(n int) int { return n % 10 }

const (
	// inFlight is the relay's default of requests at once to one webhook, and batchesInFlight of those that hold batches.
	inFlight        = 16
	batchesInFlight = 4
	// batchMost is the most events that the configuration lets a batch have.
	batchMost = 120
)

// inFlight is how many events may be on their way at once.
func (h tortured) inFlight() int {
	if h.kind != "" {
		return batchesInFlight * batchMost
	}
	return inFlight
}

// address is the webhook's type and where it delivers to.
func (t *torture) address(h tortured) string {
	switch h.kind {
	case "":
		return fmt.Sprintf("url = %q\nsecret = %q", t.witness.url(h.name), witnessSecret)
	case "file":
		return fmt.Sprintf("type = \"file\"\nsettings = { path = %q }", filepath.Join(t.dir, h.name))
	}
	return fmt.Sprintf("type = %q\nwrite_key = \"torture\"\nurl = %q", h.kind, t.witness.url(h.name))
}

// configure writes the config, with sizes of batches that differ from time to time.
func (t *torture) configure() error {
	var b strings.Builder
	fmt.Fprintf(&b, "[intake]\nlisten = %q\n[console]\nlisten = \"127.0.0.1:0\"\n[log]\ndir = %q\n", t.intake, filepath.Join(t.dir, "data"))
	b.WriteString("[delivery]\nbackoff = \"50ms\"\nbackoff_max = \"500ms\"\ndisable_after = { failures = 0, within = \"15m\" }\n")
	b.WriteString("[[app]]\nname = \"bench\"\nkey = \"bench\"\n")
	for _, h := range t.hooks {
		fmt.Fprintf(&b, "[[webhook]]\nname = %q\n%s\nenabled = true\nallow_private = true\n%s\n", h.name, t.address(h), h.config)
		if h.kind != "" {
			fmt.Fprintf(&b, "batch_events = %d\n", 20+t.random.IntN(batchMost-20))
		}
	}
	return os.WriteFile(t.config, []byte(b.String()), 0o600)
}
