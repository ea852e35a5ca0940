package live

import (
	"testing"
)

// catalog is what the shop's pages and features are called.
const catalog = `
[[page]]
id = "shop"
rules = ["//*/shop.html"]
[[page]]
id = "cart"
rules = ["//*/shop/cart"]
[[feature]]
id = "export"
selectors = ["#export"]
[[feature]]
id = "save"
selectors = [".toolbar > button[name=save]"]
page = "cart"
`

// watch is a visitor's tab on the shop, with the relay that the agent in it sends to and the receiver behind that.
type watch struct {
	*tab
	sink  *receiver
	relay *relay
}

// openShop opens the shop without starting the agent. more is more config, members of the app first.
func openShop(t *testing.T, more string) *watch {
	t.Helper()
	b := openTab(t, startSite(t).server.URL)
	sink := startReceiver(t)
	return &watch{b, sink, startRelay(t, sink, more+catalog)}
}

// start loads the shop and starts the agent in it, with options beside its key and host.
func (w *watch) start(t *testing.T, options string) {
	t.Helper()
	w.visit(t, "/shop.html")
	w.run(t, `await start({apiKey: %s, dataHost: %s, `+options+`})`, agentKey, "http://"+w.relay.address)
}

// startAda starts the agent for a visitor without an account, and waits until she has been seen.
func (w *watch) startAda(t *testing.T, options string) {
	t.Helper()
	w.start(t, `visitor: {id: 'ada'}, `+options)
	w.sink.expect(t, "visitorCreated ada@ Chrome", "pageLoaded ada@ shop", `visitorMetadataUpdated ada@ {"agent":{"language":"en_US"}}`)
}

// flush lets the agent send what it would keep for up to two minutes.
func (w *watch) flush(t *testing.T) {
	t.Helper()
	w.run(t, `pendo.flushNow()`)
}

func TestAgent(t *testing.T) {
	w := openShop(t, "")
	w.start(t, `visitor: {id: 'ada', role: 'admin'}, account: {id: 'acme', plan: 'gold'}`)
	w.sink.expect(t, "visitorCreated ada@acme Chrome", "accountCreated ada@acme", "pageLoaded ada@acme shop",
		`visitorMetadataUpdated ada@acme {"agent":{"language":"en_US","role":"admin"}}`, `accountMetadataUpdated ada@acme {"agent":{"plan":"gold"}}`)

	w.click(t, "#export")
	w.click(t, "[name=save]") // a feature of another page
	w.run(t, `pendo.track('Exported', {rows: 3, columns: ['a', 'b'], at: {region: null}})`)
	w.flush(t)
	w.sink.expect(t, "featureClicked ada@acme export", "featureClicked ada@acme",
		`trackEventReceived ada@acme "Exported" (web) {"at":{"region":null},"columns":["a","b"],"rows":3}`)

	w.run(t, `history.pushState({}, '', '/shop/cart')`)
	w.click(t, "[name=save]")
	w.flush(t)
	w.sink.expect(t, "pageLoaded ada@acme cart", "featureClicked ada@acme save")

	for range 2 { // the second time nothing changes
		w.run(t, `pendo.updateOptions({visitor: {id: 'ada', role: 'owner'}, account: {id: 'acme', plan: 'gold'}})`)
	}
	w.sink.expect(t, `visitorMetadataUpdated ada@acme {"agent":{"role":"owner"}}`)
	w.leave(t)
	w.sink.settleOnce(t, w.relay)
}

func TestAgentIdentify(t *testing.T) {
	w := openShop(t, "")
	w.start(t, ``)
	somebody := w.value(t, `pendo.getVisitorId()`) + "@"
	w.sink.expect(t, "visitorCreated "+somebody+" Chrome", "pageLoaded "+somebody+" shop",
		"visitorMetadataUpdated "+somebody+` {"agent":{"language":"en_US"}}`)
	w.run(t, `pendo.identify('grace', 'navy')`)
	w.sink.expect(t, "visitorCreated grace@navy Chrome", "accountCreated grace@navy")
	w.run(t, `pendo.identify({visitor: {id: 'grace', rank: 'admiral'}, account: {id: 'navy'}})`)
	w.sink.expect(t, `visitorMetadataUpdated grace@navy {"agent":{"language":"en_US","rank":"admiral"}}`)
	w.leave(t)
	w.sink.settleOnce(t, w.relay)
}

func TestAgentFrustration(t *testing.T) {
	w := openShop(t, "")
	w.startAda(t, ``)
	w.rest(t)
	w.click(t, "#dead")
	w.rest(t)
	w.click(t, "#broken")
	w.clickOften(t, "#export", 4)
	w.flush(t)
	w.sink.expect(t, "featureClicked ada@", "deadClick ada@ shop",
		"featureClicked ada@", `errorClick ada@ shop {"errorClickLog":"Uncaught Error: it broke"}`,
		"featureClicked ada@ export", "featureClicked ada@ export", "featureClicked ada@ export", "featureClicked ada@ export", "rageClick ada@ shop export")

	w.run(t, `history.pushState({}, '', '/shop/cart')`)
	w.sink.expect(t, "pageLoaded ada@ cart")
	w.run(t, `history.back()`)
	w.sink.expect(t, "pageLoaded ada@ shop", "uTurn ada@ shop")
	w.leave(t)
	w.sink.settleOnce(t, w.relay)
}
