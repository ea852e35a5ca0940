package deliver

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/hook"
)

// A carrier's connections reach private addresses only when the webhook may; its events are held until it is mended.
func TestCarrierDoesNotReachPrivateAddresses(t *testing.T) {
	off := make(chan string, 1)
	g := newRig(t, "http://127.0.0.1:1/", func(o *Options, w *hook.Webhook) {
		o.offPause = time.Millisecond
		o.Backoff, o.BackoffMax = time.Millisecond, time.Millisecond
		o.Disabled = func(_ *hook.Webhook, reason string) { off <- reason }
		kind, _ := destination.ByName("s3")
		plan, faults := kind.Make(destination.Settings{Webhook: "crm", URL: "http://127.0.0.1:1",
			More: map[string]string{"bucket": "bucket", "access_key": "a", "secret_key": "b"}})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		plan.Batch.Age = time.Millisecond
		w.Plan, w.Target, w.AllowPrivate = plan, plan.URL, false
		o.Dir = t.TempDir()
	})
	g.send(t, "v", "1")
	if reason := <-off; !strings.Contains(reason, "private address 127.0.0.1:1") {
		t.Errorf("turned off for %q", reason)
	}
	if s := g.queue.Stats(); s.Dead != 0 {
		t.Errorf("%+v", s)
	}
}

func TestPrivateAddressIsTold(t *testing.T) {
	var private interface{ PrivateAddress() string }
	if err := error(&net.OpError{Op: "dial", Err: &privateError{"10.0.0.1:80"}}); !errors.As(err, &private) || private.PrivateAddress() != "10.0.0.1:80" {
		t.Error(err)
	}
}
