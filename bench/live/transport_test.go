package live

import (
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// The agent chooses between images, fetch, XMLHttpRequest and beacons by the size of a batch, the options, and whether the
// page is going away.

// TestAgentUnload leaves the page with events that have not been sent: small ones, which go out as GET, and large ones, as POST.
func TestAgentUnload(t *testing.T) {
	w := openShop(t, "")
	w.startAda(t, ``)
	w.click(t, "#export")
	w.run(t, `pendo.track('Left')`)
	w.leave(t)
	w.sink.expect(t, "featureClicked ada@ export", `trackEventReceived ada@ "Left" (web)`)

	w.start(t, `visitor: {id: 'ada'}`)
	w.sink.expect(t, "pageLoaded ada@ shop")
	w.run(t, `pendo.track('Left', {why: %s})`, noise(4000))
	w.leave(t)
	w.sink.expect(t, fmt.Sprintf(`trackEventReceived ada@ "Left" (web) {"why":%q}`, noise(4000)))
	w.sink.settleOnce(t, w.relay)
}

// TestAgentBeacon leaves the page in a browser whose fetch knows no keepalive, as Firefox's for long did not.
func TestAgentBeacon(t *testing.T) {
	w := openShop(t, "")
	w.before(t, `delete Request.prototype.keepalive
const beacon = navigator.sendBeacon
navigator.sendBeacon = function (...args) {
  localStorage.beacons = Number(localStorage.beacons || 0) + 1
  return beacon.apply(navigator, args)
}`)
	w.startAda(t, ``)
	w.click(t, "#export")
	w.run(t, `pendo.track('Left')`)
	w.leave(t)
	w.sink.expect(t, "featureClicked ada@ export", `trackEventReceived ada@ "Left" (web)`)
	w.visit(t, "/shop.html")
	if n := w.value(t, `localStorage.beacons || ''`); n != "2" {
		t.Errorf("the agent sent %q beacons, want 2", n)
	}
	w.sink.settleOnce(t, w.relay)
}

// TestAgentPost sends by POST only, through a path in front of the relay's own and with a slash too many.
func TestAgentPost(t *testing.T) {
	w := openShop(t, "")
	w.startAda(t, fmt.Sprintf(`sendEventsWithPostOnly: true, dataHost: 'http://%s/analytics/'`, w.relay.address))
	w.click(t, "#export")
	w.flush(t)
	w.sink.expect(t, "featureClicked ada@ export")
	w.leave(t)
	w.sink.settleOnce(t, w.relay)
}

// TestAgentToken signs who the visitor is. Who comes without a valid token is not believed.
func TestAgentToken(t *testing.T) {
	const key = "a-key-between-the-site-and-the-relay"
	w := openShop(t, fmt.Sprintf("signing_key = %q\n", key))
	token := func(key, visitor string) string {
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"visitor": object{"id": visitor, "role": "admin"}}).SignedString([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	signed := `config: {enableSignedMetadata: true}, jwt: '%s', signingKeyName: 'live'`
	sent := `performance.getEntriesByType('resource').some(entry => entry.name.includes('/data/ptm.gif/'))`
	for _, forged := range []string{token("another-key", "mallory"), strings.Replace(token(key, "ada"), ".", ".e", 1)} {
		w.start(t, fmt.Sprintf(signed, forged))
		w.await(t, sent)
	}
	w.start(t, `visitor: {id: 'mallory'}`)
	w.await(t, sent)
	w.start(t, fmt.Sprintf(signed, token(key, "ada")))
	w.sink.expect(t, "visitorCreated ada@ Chrome", "pageLoaded ada@ shop", `visitorMetadataUpdated ada@ {"agent":{"language":"en_US","role":"admin"}}`)
	w.run(t, `pendo.track('Signed', {why: %s})`, noise(4000)) // a batch of that size has its token in the body
	w.flush(t)
	w.sink.expect(t, fmt.Sprintf(`trackEventReceived ada@ "Signed" (web) {"why":%q}`, noise(4000)))
	w.leave(t)
	w.sink.settleOnce(t, w.relay)
}

// noise is text that does not compress.
func noise(n int) string {
	var b strings.Builder
	for i := uint32(1); b.Len() < n; i++ {
		fmt.Fprintf(&b, "%07x ", i*2654435761>>4)
	}
	return b.String()[:n]
}
