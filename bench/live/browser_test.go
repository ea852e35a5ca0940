package live

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// chromium is the browser of all tests, started by the first that needs it.
var chromium shared

type shared struct {
	once  sync.Once
	ctx   context.Context
	ended func()
	err   error
}

// start starts the browser with a new profile. It resolves no name, so that nothing leaves the machine.
func (s *shared) start(path string) {
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("lang", "en-US"), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"))
	allocator, end := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, cancel := chromedp.NewContext(allocator)
	s.ctx, s.ended = ctx, func() { cancel(); end() }
	s.err = chromedp.Do(ctx)
}

// stop ends the browser, if it was started, and waits for it.
func (s *shared) stop() {
	if s.ended != nil {
		s.ended()
	}
}

// tab is a page as its user has it in front of them. Each has cookies and storage of its own.
type tab struct {
	ctx context.Context
	url string // of the site
}

// openTab opens an empty tab for the site at a URL.
func openTab(t *testing.T, url string) *tab {
	t.Helper()
	path := need(t, browser)
	chromium.once.Do(func() { chromium.start(path) })
	if chromium.err != nil {
		t.Fatalf("start Chromium: %v", chromium.err)
	}
	ctx, cancel := context.WithTimeout(chromium.ctx, 8*patience)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	b := &tab{ctx: ctx, url: url}
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context of its first steps
		t.Fatalf("open a tab: %v", err)
	}
	b.listen(t)
	return b
}

// scenery tells what the page fetched and when, and what it looks like.
const scenery = `performance.getEntriesByType('resource').map(e => Math.round(e.startTime) + ' +' + Math.round(e.duration) + ' ms ' + e.responseStatus + ' ' + e.name.slice(0, 100)).join('\n') +
  '\n' + document.body.innerHTML`

// listen keeps what the page writes to its console, and shows it when the test fails, with the page.
func (b *tab) listen(t *testing.T) {
	t.Helper()
	var said []string
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(b.ctx)
	messages := chromedp.Console(ctx)
	wg.Go(func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			said = append(said, m.String())
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		if t.Failed() {
			t.Logf("the browser's console:\n%s", strings.Join(said, "\n"))
			t.Logf("the page:\n%s", b.value(t, scenery))
		}
	})
}

// do carries steps out, and says what was tried when one fails.
func (b *tab) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// visit loads a page of the site.
func (b *tab) visit(t *testing.T, path string) {
	t.Helper()
	b.do(t, "visit "+path, chromedp.Navigate(b.url+path))
}

// leave unloads the page.
func (b *tab) leave(t *testing.T) {
	t.Helper()
	b.do(t, "leave", chromedp.Navigate("about:blank"))
}

// before runs a script in each page before its own.
func (b *tab) before(t *testing.T, script string) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		t.Fatalf("prepare pages: %v", err)
	}
}

// run evaluates a script in the page, and returns when its promise, if it is one, is kept.
func (b *tab) run(t *testing.T, script string, args ...any) {
	t.Helper()
	for i, arg := range args {
		text, err := json.Marshal(arg)
		if err != nil {
			t.Fatal(err)
		}
		args[i] = text
	}
	script = fmt.Sprintf(script, args...)
	b.do(t, script, chromedp.Evaluate[chromedp.Void]("(async () => { "+script+" })()", chromedp.EvalAwaitPromise))
}

// steady is where the middle of an element is, once that lies where it lay a frame ago and nothing covers it.
const steady = `(async () => {
  for (let before = '';;) {
    await new Promise(requestAnimationFrame)
    const element = document.querySelector(%s)
    if (!element) continue
    element.scrollIntoView({ block: 'nearest' })
    const { x, y, width, height } = element.getBoundingClientRect()
    const middle = [x + width / 2, y + height / 2]
    const now = [x, y, width, height].join()
    if (now === before && element.contains(document.elementFromPoint(...middle))) return middle
    before = now
  }
})()`

// click clicks the middle of an element as soon as its user could.
func (b *tab) click(t *testing.T, selector string) {
	t.Helper()
	b.clickOften(t, selector, 1)
}

// clickOften clicks the same place as fast as it goes.
func (b *tab) clickOften(t *testing.T, selector string, times int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	middle, err := chromedp.Run(ctx, chromedp.Evaluate[[2]float64](fmt.Sprintf(steady, printed(selector)), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("find %s: %v", selector, err)
	}
	for range times {
		b.do(t, "click "+selector, chromedp.MouseClickXY(middle[0], middle[1]))
	}
}

// fill types into a field.
func (b *tab) fill(t *testing.T, selector, text string) {
	t.Helper()
	b.do(t, "fill "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// rest lets the agent's clock run: it looks back on clicks and changes of the page for half a second.
func (b *tab) rest(t *testing.T) {
	t.Helper()
	b.run(t, `await new Promise(done => setTimeout(done, 1000))`)
}

// await waits until an expression is true in the page.
func (b *tab) await(t *testing.T, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(10*time.Millisecond))); err != nil {
		t.Fatalf("wait for %s: %v", expression, err)
	}
}

// value is what a script says in the page, a string.
func (b *tab) value(t *testing.T, script string) string {
	t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return text
}
