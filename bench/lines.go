package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// lines are all measurements, in the order in which they are run.
func lines() []line {
	return []line{
		{name: "intake", about: "one event a request, answered after its fsync",
			reference: "a bare fasthttp server that answers 202", measure: measureIntake, against: referenceBare},
		{name: "relay", about: "one event a request, durable, delivered as a signed POST",
			reference: "parse, channel, sign, POST; nothing is kept", measure: measureRelay, against: referenceVolatile},
		{name: "batch", about: "100 events a request, answered after their fsync",
			reference: "intake of one event a request", measure: measureBatch, against: measureIntake},
		{name: "agent", about: "three events of Pendo's agent in a GET, matched, answered after their fsync",
			reference: "the same three in one /v1/batch", measure: measureAgent, against: referenceSame},
		{name: "drain", about: "a backlog read from disk after a restart, delivered",
			reference: "relay, live", measure: measureDrain, against: measureRelay},
		{name: "thousand", about: "1,000 webhooks of which one wants the event",
			reference: "relay with that one webhook", measure: measureThousand, against: measureRelay},
		{name: "hung", about: "nine webhooks beside one that never answers; times are from sending an event to its delivery, at half the rate of relay with nine",
			reference: "the same nine alone", measure: measureHung, against: measureNine},
		{name: "console", about: "intake with 1,000 webhooks while ten operators look at a page a second each; times are the console's answers at 10,000 events/s",
			reference: "the same, nobody looks", measure: measureConsole, against: measureUnwatched},
		{name: "memory", about: "ten million undelivered events for a receiver that is down; rss_mib is the most memory ever resident",
			reference: "none", measure: measureMemory, optIn: true},
	}
}

func measureIntake(ctx context.Context, r *round) (Figure, error) {
	c, err := r.relay(ctx, nil, "")
	if err != nil {
		return Figure{}, err
	}
	f, err := r.intake(ctx, c, 1)
	return f, errors.Join(err, c.Stop())
}

func measureBatch(ctx context.Context, r *round) (Figure, error) {
	c, err := r.relay(ctx, nil, "")
	if err != nil {
		return Figure{}, err
	}
	batched := *r
	batched.Connections = max(r.Connections/16, 1) // 16 connections of 100 events are 1,600 events at once
	f, err := batched.intake(ctx, c, 100)
	return f, errors.Join(err, c.Stop())
}

func referenceBare(ctx context.Context, r *round) (Figure, error) {
	c, err := r.reference(ctx, partBare, "")
	if err != nil {
		return Figure{}, err
	}
	f, err := r.intake(ctx, c, 1)
	return f, errors.Join(err, c.Stop())
}

func measureRelay(ctx context.Context, r *round) (Figure, error) {
	return r.relayTo(ctx, 1, func(to *receiver) []webhook {
		return []webhook{{name: "one", url: to.url("/")}}
	})
}

func measureThousand(ctx context.Context, r *round) (Figure, error) {
	return r.relayTo(ctx, 1, func(to *receiver) []webhook {
		hooks := []webhook{{name: "one", url: to.url("/")}}
		for i := range 999 {
			hooks = append(hooks, webhook{name: fmt.Sprintf("other-%d", i), url: to.url("/other"),
				events: fmt.Sprintf("trackEventReceived:other %d", i)})
		}
		return hooks
	})
}

// relayTo measures the relay with webhooks of which factor get each event.
func (r *round) relayTo(ctx context.Context, factor int, hooks func(*receiver) []webhook) (Figure, error) {
	to, err := startReceiver()
	if err != nil {
		return Figure{}, err
	}
	defer to.stop()
	c, err := r.relay(ctx, hooks(to), "")
	if err != nil {
		return Figure{}, err
	}
	f, err := r.through(ctx, c, to, factor)
	return f, errors.Join(err, c.Stop())
}

func referenceVolatile(ctx context.Context, r *round) (Figure, error) {
	to, err := startReceiver()
	if err != nil {
		return Figure{}, err
	}
	defer to.stop()
	c, err := r.reference(ctx, partVolatile, to.url("/"))
	if err != nil {
		return Figure{}, err
	}
	f, err := r.through(ctx, c, to, 1)
	return f, errors.Join(err, c.Stop())
}

// downAddress is a port of loopback where nobody listens: a receiver that is down.
const downAddress = "http://127.0.0.1:9/"

// measureDrain fills the log while the receiver is down, starts the program anew with the receiver up, and times the
// backlog's way out. The new process has nothing of it in memory.
func measureDrain(ctx context.Context, r *round) (Figure, error) {
	to, err := startReceiver()
	if err != nil {
		return Figure{}, err
	}
	defer to.stop()
	hooks := []webhook{{name: "one", url: downAddress}}
	c, err := r.relay(ctx, hooks, "[delivery]\nretries = 1000\n")
	if err != nil {
		return Figure{}, err
	}
	got, err := load{address: c.Intake, connections: 16, batch: 100, events: r.Events}.run(ctx)
	if err = errors.Join(err, c.Stop()); err != nil {
		return Figure{}, err
	}
	hooks[0].url = to.url("/")
	begin := time.Now()
	if c, err = r.relay(ctx, hooks, "[delivery]\nretries = 1000\n"); err != nil {
		return Figure{}, err
	}
	// The few that were tried while the receiver was down wait for their back-off, which is not what is measured.
	most := got.events - 100
	err = to.await(ctx, most)
	f := figure(c, most, time.Since(begin), c.CPU(), 0, 0)
	return f, errors.Join(err, c.Stop())
}

// hungShare of the rate that nine webhooks reach at full load is the load under which latencies are compared: at full
// load they would show the queue, not the neighbour.
const hungShare = 0.5

func nineHooks(to *receiver) []webhook {
	var hooks []webhook
	for i := range 9 {
		hooks = append(hooks, webhook{name: fmt.Sprintf("healthy-%d", i), url: to.url("/")})
	}
	return hooks
}

func measureNine(ctx context.Context, r *round) (Figure, error) {
	full, err := r.relayTo(ctx, 9, nineHooks)
	if err != nil {
		return Figure{}, err
	}
	paced, err := r.paced(ctx, full.Rate*hungShare, nineHooks)
	paced.Rate, paced.CPU = full.Rate, full.CPU
	paced.Count = int(full.Rate * hungShare)
	return paced, err
}

func measureHung(ctx context.Context, r *round) (Figure, error) {
	ten := func(to *receiver) []webhook {
		return append(nineHooks(to), webhook{name: "hung", url: to.url("/hung")})
	}
	full, err := r.relayTo(ctx, 9, ten)
	if err != nil {
		return Figure{}, err
	}
	paced, err := r.paced(ctx, float64(r.other.Count), ten)
	paced.Rate, paced.CPU = full.Rate, full.CPU
	return paced, err
}

// paced measures delivery times at a given rate of events.
func (r *round) paced(ctx context.Context, rate float64, hooks func(*receiver) []webhook) (Figure, error) {
	alone := *r
	return alone.onceMore(ctx, func(ctx context.Context, r *round) (Figure, error) {
		to, err := startReceiver()
		if err != nil {
			return Figure{}, err
		}
		defer to.stop()
		c, err := r.relay(ctx, hooks(to), "")
		if err != nil {
			return Figure{}, err
		}
		l := load{address: c.Intake, connections: 64, batch: 1, rate: rate}
		l.duration = r.Duration / 4
		warm, err := l.run(ctx)
		if err == nil {
			to.sample.Store(true)
			l.duration = r.Duration
			var got loaded
			got, err = l.run(ctx)
			err = errors.Join(err, to.await(ctx, 9*(warm.events+got.events)))
		}
		p50, p99 := to.percentiles()
		return Figure{P50: p50, P99: p99}, errors.Join(err, c.Stop())
	})
}

func (r *round) onceMore(ctx context.Context, measure func(context.Context, *round) (Figure, error)) (Figure, error) {
	return r.once(ctx, measure)
}

// measureMemory fills the log with ten million events for a receiver that is down, and looks at the highest memory.
func measureMemory(ctx context.Context, r *round) (Figure, error) {
	c, err := r.relay(ctx, []webhook{{name: "down", url: downAddress}}, "memory = \"64MiB\"\n")
	if err != nil {
		return Figure{}, err
	}
	before := c.CPU()
	got, err := load{address: c.Intake, connections: 16, batch: 100, events: 10_000_000}.run(ctx)
	if err != nil {
		return Figure{}, errors.Join(err, c.Stop())
	}
	f := figure(c, got.events, got.took, c.CPU()-before, got.p50, got.p99)
	return f, c.Stop()
}
