package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// operators are people who look at the console: each asks for one page a second, in turn.
type operators struct {
	count int
	mu    sync.Mutex
	times []time.Duration
	fault error
}

// consolePages are what they look at: pages as browsers ask for them, and what programs ask the admin API. Metrics are not
// among them, which flatters the line: with a thousand webhooks a scrape is 3.7 MB, and two a second cost intake a fifth of
// its rate (README "How fast"). Scrapers come every fifteen seconds or so.
var consolePages = []string{"/", "/webhooks", "/api/webhooks", "/api/stats"}

// watch looks until ctx ends.
func (o *operators) watch(ctx context.Context, console string) {
	var wg sync.WaitGroup
	for i := range o.count {
		wg.Go(func() {
			for n := i; ; n++ {
				begin := time.Now()
				err := lookAt(ctx, "http://"+console+consolePages[n%len(consolePages)])
				if ctx.Err() != nil {
					return
				}
				o.note(time.Since(begin), err)
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Second - time.Since(begin)):
				}
			}
		})
	}
	wg.Wait()
}

func (o *operators) note(took time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.times = append(o.times, took)
	if o.fault == nil {
		o.fault = err
	}
}

func lookAt(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("look at %s: %s", url, resp.Status)
	}
	return nil
}

// quietHooks are a thousand webhooks that want nothing of what comes.
func quietHooks() []webhook {
	var hooks []webhook
	for i := range 1000 {
		hooks = append(hooks, webhook{name: fmt.Sprintf("other-%d", i), url: downAddress, events: fmt.Sprintf("trackEventReceived:other %d", i)})
	}
	return hooks
}

// consoleRate is the load, in events a second, under which the console's answers are timed.
const consoleRate = 10_000

func measureConsole(ctx context.Context, r *round) (Figure, error)   { return r.watched(ctx, 10) }
func measureUnwatched(ctx context.Context, r *round) (Figure, error) { return r.watched(ctx, 0) }

// watched measures intake at full load among a thousand webhooks while operators look on, and then how fast they are
// answered at consoleRate.
func (r *round) watched(ctx context.Context, count int) (Figure, error) {
	c, err := r.relay(ctx, quietHooks(), "")
	if err != nil {
		return Figure{}, err
	}
	full := operators{count: count}
	var f Figure
	err = during(ctx, func(ctx context.Context) { full.watch(ctx, c.Console) }, func() (err error) {
		f, err = r.intake(ctx, c, 1)
		return err
	})
	timed := operators{count: count}
	if err == nil && count > 0 {
		err = during(ctx, func(ctx context.Context) { timed.watch(ctx, c.Console) }, func() error {
			_, err := load{address: c.Intake, connections: 64, batch: 1, rate: consoleRate, duration: r.Duration}.run(ctx)
			return err
		})
	}
	f.P50, f.P99 = percentiles(timed.times)
	return f, errors.Join(err, full.fault, timed.fault, c.Stop())
}

// during runs one thing for as long as another takes.
func during(ctx context.Context, beside func(context.Context), do func() error) error {
	ctx, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		beside(ctx)
	}()
	err := do()
	end()
	<-done
	return err
}
