package live

import (
	"fmt"
	"strings"
	"testing"
)

// TestUpstream takes the service behind the relay down. The agent must not notice, and the service must get all that it
// missed when it is back, each request as the browser sent it.
func TestUpstream(t *testing.T) {
	pendo := startService(t)
	w := openShop(t, fmt.Sprintf("upstream = %q\n", pendo.url()))
	sent := func() []string {
		all := w.value(t, `performance.getEntriesByType('resource').map(e => e.name).filter(name => name.includes('/data/ptm.gif/')).join(' ')`)
		return strings.Fields(strings.ReplaceAll(all, "http://"+w.relay.address, ""))
	}
	w.startAda(t, ``)
	first := sent()
	if len(first) == 0 {
		t.Fatal("the agent sent nothing")
	}
	for _, request := range first {
		pendo.expect(t, request)
	}
	pendo.stop()
	w.run(t, `history.pushState({}, '', '/shop/cart')`) // for which the agent asks for guides
	w.click(t, "#export")
	w.flush(t)
	w.sink.expect(t, "pageLoaded ada@ cart", "featureClicked ada@ export")
	pendo.start(t)
	all := sent()
	if len(all) <= len(first) {
		t.Fatalf("the agent sent nothing more than %q", first)
	}
	for _, request := range all {
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
