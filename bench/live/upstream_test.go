package live

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestUpstream takes the service behind the relay down. The agent must not notice, and the service must get all that it
// missed when it is back, each request as the browser sent it.
func TestUpstream(t *testing.T) {
	pendo := startService(t)
	w := openShop(t, fmt.Sprintf("upstream = %q\n", pendo.url()))
	// sent is the requests whose answers the browser has noted, more than so many: it does so a little after the answer.
	sent := func(more int) (requests []string) {
		for deadline := time.Now().Add(time.Minute); len(requests) <= more; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the agent sent no more than %q", requests)
			}
			all := w.value(t, `performance.getEntriesByType('resource').map(e => e.name).filter(name => name.includes('/data/ptm.gif/')).join(' ')`)
			requests = strings.Fields(strings.ReplaceAll(all, "http://"+w.relay.address, ""))
		}
		return requests
	}
	w.startAda(t, ``)
	first := sent(0)
	for _, request := range first {
		pendo.expect(t, request)
	}
	pendo.stop()
	w.run(t, `history.pushState({}, '', '/shop/cart')`) // for which the agent asks for guides
	w.click(t, "#export")
	w.flush(t)
	w.sink.expect(t, "pageLoaded ada@ cart", "featureClicked ada@ export")
	pendo.start(t)
	for _, request := range sent(len(first)) {
		pendo.expect(t, request)
	}
	w.leave(t)
	w.sink.settleOnce(t, w.relay)
	for request, n := range pendo.taken {
		if n > 1 {
			t.Errorf("was passed on %d times: %s", n, request)
		}
	}
}
