package live

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// troubles keeps, over all pages of the tab, what the content security policy stopped and what scripts did not expect.
const troubles = `for (const [kind, tell] of [['securitypolicyviolation', e => e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample], ['error', e => e.message], ['unhandledrejection', e => String(e.reason)]])
  addEventListener(kind, e => sessionStorage.setItem('trouble', (sessionStorage.getItem('trouble') || '') + location.pathname + ': ' + tell(e) + '\n'))`

// TestConsole lives through a webhook's life at the console: it is made, tried out, turned on; a receiver breaks, the
// webhook is turned off, reviewed and turned on again; what was given up is replayed.
func TestConsole(t *testing.T) {
	need(t, browser)
	d := startDesk(t)
	b := openTab(t, "http://"+d.process.Console)
	b.before(t, troubles)

	b.visit(t, "/webhooks")
	b.see(t, "h1", "Sign in")
	b.fill(t, "#token", consoleToken)
	b.click(t, "form.login button")
	b.see(t, "main", "No webhooks yet")
	b.click(t, "main .first")

	b.choose(t)
	b.make(t, d.to.server.URL)
	d.track(t, "Plan Changed", "ada")
	d.to.expect(t, "ada")
	b.click(t, `.tabs a[href$="/log"]`)
	b.see(t, "#attempts", "trackEventReceived")
	b.click(t, ".attempt summary")
	b.see(t, ".attempt .detail", "Reply: 200", "X-Pendo-Signature", "Where the time went", `"ok": true`)

	d.to.breakDown(true)
	var lost, held []string
	for i := range 15 {
		visitor := fmt.Sprintf("visitor-%d", i)
		d.track(t, "Plan Changed", visitor)
		if i < 12 {
			lost = append(lost, visitor)
		} else {
			held = append(held, visitor)
		}
	}
	b.visit(t, "/webhook/CRM")
	b.see(t, "#figures", "It is failing")
	b.see(t, "#figures", "It was turned off", "12 attempts in a row failed")

	b.turnOn(t, d)
	d.to.expect(t, held...)
	b.revive(t)
	d.to.expect(t, lost...)
	b.see(t, "#jobs", "done")
	b.visit(t, "/webhook/CRM/dead")
	b.see(t, "main", "No dead letters")

	b.follow(t, d)
	b.look(t)
	if trouble := b.value(t, `sessionStorage.getItem('trouble') || ''`); trouble != "" {
		t.Errorf("on the pages:\n%s", trouble)
	}
	d.stop(t)
	d.to.settle(t)
}

// see waits until an element shows all of some texts.
func (b *tab) see(t *testing.T, selector string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		b.reach(t, fmt.Sprintf(`(document.querySelector(%s)?.innerText || '').includes(%s)`, quoted(t, selector), quoted(t, text)))
	}
}

// reach waits until an expression is true, on whatever page the tab is by then.
func (b *tab) reach(t *testing.T, expression string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		// An error is that of a page that gives way to the next one.
		if is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression)); err == nil && is {
			return
		}
	}
	t.Fatalf("never: %s", expression)
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	literal, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(literal)
}

// choose goes through some types of the form, each of which has fields of its own, and keeps what was filled in.
func (b *tab) choose(t *testing.T) {
	t.Helper()
	b.see(t, "h1", "New webhook")
	b.fill(t, "#f-name", "kept")
	b.click(t, `input[value="pageLoaded"]`)
	for _, chosen := range []struct{ kind, sees string }{{"s3", "Bucket"}, {"bigquery", "Credentials"}, {"segment", "Source's write key"}, {"slack", "Digest"}, {"url", "Secret"}} {
		b.run(t, fmt.Sprintf(`const type = document.querySelector('#type'); type.value = %s; type.dispatchEvent(new Event('change', {bubbles: true}))`, quoted(t, chosen.kind)))
		b.see(t, "#destination", chosen.sees)
		signs := fmt.Sprint(chosen.kind == "url")
		b.reach(t, `String(!!document.querySelector('#shape [name=format]')) === '`+signs+`' && String(!document.querySelector('#batches [name=batch_age]')) === '`+signs+`'`)
		b.reach(t, `!document.querySelector('.htmx-added, .htmx-swapping, .htmx-settling, .htmx-request')`) // nobody is faster
	}
	b.reach(t, `document.querySelector('#f-name').value === 'kept' && document.querySelector('input[value="pageLoaded"]').checked`)
	b.click(t, `input[value="pageLoaded"]`)
	b.run(t, `document.querySelector('#f-name').value = ''`)
}

// make fills in the form of a new webhook, tries it out, saves it and turns it on.
func (b *tab) make(t *testing.T, url string) {
	t.Helper()
	b.see(t, "h1", "New webhook")
	b.click(t, "#save")
	b.see(t, `[role="alert"]`, "Nothing was saved")
	b.reach(t, `document.activeElement.id === 'f-name'`)
	b.fill(t, "#f-name", "CRM")
	b.fill(t, "#f-url", "nowhere")
	b.fill(t, "#f-secret", secret)
	b.click(t, `input[value="trackEventReceived"]`)
	b.click(t, `.category:has([value="trackEventReceived"]) summary`)
	b.fill(t, "#ids-track", "Plan Changed")
	b.see(t, `.category:has([value="trackEventReceived"]) summary`, "1 of the track events")
	b.run(t, `const ids = document.querySelector('#ids-track'); ids.value = ''; ids.dispatchEvent(new Event('input', {bubbles: true}))`)
	b.see(t, `.category:has([value="trackEventReceived"]) summary`, "All track events")
	b.click(t, "details.sheet > summary")
	b.fill(t, "#f-retries", "0")
	b.click(t, "#test")
	b.see(t, "#trial", "Nothing was sent", "is not an http or https URL")
	b.run(t, `document.querySelector('#f-url').value = ''`)
	b.fill(t, "#f-url", url)
	b.click(t, "#test")
	b.see(t, "#trial", "delivered, after", "POST / HTTP/1.1", "X-Pendo-Signature: sha256=", `"event": "trackEventReceived"`, `{"ok":true}`)
	b.click(t, "#save")
	b.see(t, "h1", "CRM")
	b.see(t, "main", "Off", "trackEventReceived")
	b.click(t, ".toggle")
	b.reach(t, `document.querySelector('.toggle')?.getAttribute('aria-checked') === 'true'`)
}

// turnOn mends the receiver, looks through the errors, and has what was held delivered.
func (b *tab) turnOn(t *testing.T, d *desk) {
	t.Helper()
	d.to.breakDown(false)
	b.click(t, "#review")
	b.see(t, "main", "Errors of the last 14 days", "500", "given up", "3 events that were held")
	b.click(t, "#turn-on")
	b.see(t, `[role="alert"]`, "look through the errors above, then tick the box")
	b.click(t, ".attempt summary")
	b.see(t, ".attempt .detail", "the database is <down>")
	b.click(t, "#reviewed")
	b.click(t, "#turn-on")
	b.reach(t, `location.pathname === '/webhook/CRM' && document.querySelector('.toggle')?.getAttribute('aria-checked') === 'true'`)
}

// revive replays the dead letters: one of them, then all.
func (b *tab) revive(t *testing.T) {
	t.Helper()
	b.click(t, `.tabs a[href$="/dead"]`)
	b.see(t, "main", "Replay all 12")
	b.click(t, ".row summary .event")
	b.click(t, ".row[open] button[name=one]")
	b.see(t, "#jobs", "one dead letter", "done")
	b.visit(t, "/webhook/CRM/dead")
	b.click(t, "#all")
	b.see(t, "#jobs", "all dead letters")
}

// follow sees events come in, and asks who gets one.
func (b *tab) follow(t *testing.T, d *desk) {
	t.Helper()
	b.visit(t, "/live")
	b.see(t, "#live", "Live")
	d.track(t, "Seen Live", "grace")
	b.see(t, "#rows .row", "Seen Live", "grace")
	b.click(t, "#pause")
	d.track(t, "Seen Later", "hopper")
	b.see(t, "#live", "1 new")
	b.click(t, "#pause")
	b.see(t, "#rows .row", "Seen Later")
	b.visit(t, "/live/deliveries")
	b.see(t, "#live", "Live")
	d.track(t, "Delivered Live", "edith")
	b.see(t, "#rows .row", "CRM", "delivered", "200")
	b.visit(t, "/explain")
	b.run(t, `document.querySelector('#event').value = '{"event":"track.event","visitorId":"ada"}'`)
	b.click(t, "form.sheet button")
	b.see(t, "#found", "1 of 1 webhooks get it", "selects it by trackEventReceived")
}

// look takes a picture of each page, in light and dark, on a phone and on a wide screen, and checks that it fits. Run the
// test with -artifacts to keep the pictures.
func (b *tab) look(t *testing.T) {
	t.Helper()
	dir := t.ArtifactDir()
	paths := strings.Fields("/ /webhooks /webhooks/new /webhooks/new?type=s3 /webhooks/new?type=bigquery /webhooks/new?type=slack /webhooks/new?type=segment /webhook/CRM /webhook/CRM/log /webhook/CRM/dead /webhook/CRM/replay /webhook/CRM/edit /webhook/CRM/delete /live /live/deliveries /errors /catalog/pages /catalog/guides/new /catalog/try /explain /inspect")
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{390, 1440} {
			b.dress(t, scheme, width)
			for _, path := range paths {
				b.visit(t, path)
				if over := b.value(t, `String(document.documentElement.scrollWidth - document.documentElement.clientWidth)`); over != "0" {
					t.Errorf("%s at %d pixels is %s too wide", path, width, over)
				}
				picture, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
				if err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%s-%s-%d.png", strings.NewReplacer("/", "-", "?type=", "-").Replace(strings.Trim(path, "/")), scheme, width)
				if err := os.WriteFile(filepath.Join(dir, name), picture.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// dress sets the size of the tab and the colours that its user prefers.
func (b *tab) dress(t *testing.T, scheme string, width int64) {
	t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 760})
	if err != nil {
		t.Fatal(err)
	}
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		t.Fatal(err)
	}
}
