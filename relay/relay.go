package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"edgerelay/relay/catalog"
	"edgerelay/relay/console"
	"edgerelay/relay/deliver"
	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/intake"
	"edgerelay/relay/journal"
	"edgerelay/relay/mail"
	"edgerelay/relay/people"
	"edgerelay/relay/registry"
	"edgerelay/relay/replay"
	"edgerelay/relay/tagging"
	"edgerelay/relay/trace"
	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// Relay is the running program: the log, the two halves that meet in it, and the operator's window. It is assembled by
// Open, works during Run, and is done when Run returns.
type Relay struct {
	config   *Config // replaced by Reload
	begun    *Config // with which it was opened
	logger   *slog.Logger
	registry *prometheus.Registry

	log     *wal.Log
	journal *journal.Journal
	tap     *desk.Tap
	hooks   *registry.Registry
	people  *people.Book
	tags    *tagging.Store
	learned *catalog.Learned // of guides, from what passes
	fleet   *deliver.Fleet
	named   atomic.Pointer[deliver.Fleet] // the same, for the log, which is at work before it
	mailer  *mail.Mailer                  // nil without [smtp] server
	tracer  *trace.Tracer                 // nil without [telemetry] otlp
	intake  *intake.Server
	replays *replay.Runner
	desk    *desk.Desk
	console *console.Server
	started time.Time
	leaving atomic.Bool // draining: ready no more

	upstreams map[string]appUpstream // by app
	asked     *upstream.Metrics
	via       string // names this process to upstreams

	reloading sync.Mutex
	screen    atomic.Pointer[screen] // of the config in force, once it was asked for
}

// Open puts a relay together on its data folder: the log first, then what takes requests. Nothing listens or is sent
// yet.
func Open(c *Config, logger *slog.Logger) (*Relay, error) {
	r := &Relay{config: c, begun: c, logger: logger, registry: prometheus.NewRegistry(), started: time.Now(), learned: catalog.NewLearned(0),
		via: rand.Text()}
	r.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	log, err := wal.Open(wal.Options{
		Dir: c.Log.Dir, SyncInterval: c.Log.Sync, Retain: c.Log.Retain, SizeMax: c.Log.SizeMax, Memory: c.Log.Memory,
		Compression: c.Log.Compression, DedupeWindow: c.Intake.DedupeWindow, Name: r.queueName, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	r.log = log
	r.registry.MustRegister(newLogCollector(log, c.Log.SizeMax))
	if err := r.assemble(); err != nil {
		return nil, errors.Join(err, r.close(context.Background()))
	}
	return r, nil
}

func (r *Relay) assemble() error {
	err := r.openJournal()
	if err != nil {
		return err
	}
	if r.mailer, err = newMailer(r.config, r.registry, r.logger); err != nil {
		return err
	}
	if r.tracer, err = newTracer(&r.config.Telemetry, r.registry, r.logger); err != nil {
		return err
	}
	r.newFleet()
	if err := r.openRegistry(); err != nil {
		return err
	}
	r.people = people.Open(people.Options{State: r.log, CacheBytes: int(r.config.Log.Memory / 4)})
	r.asked = upstream.NewMetrics(r.registry)
	if r.upstreams, err = r.planUpstreams(r.config); err != nil {
		return err
	}
	if err := r.openIntake(); err != nil {
		return err
	}
	if err := r.openTagging(); err != nil {
		return err
	}
	if err := r.openReplays(); err != nil {
		return err
	}
	r.openDesk()
	return r.openConsole()
}

func (r *Relay) newFleet() {
	r.fleet = deliver.NewFleet(r.fleetOptions())
	r.named.Store(r.fleet)
}

// fleetOptions are what senders go by; the registry, which senders tell how their webhooks fare, comes after them.
func (r *Relay) fleetOptions() deliver.Options {
	o := deliver.Options{
		Open: func(w *hook.Webhook, wake func()) (deliver.Queue, error) {
			return r.log.Queue(w.Queue, wal.QueueOptions{Wake: wake, Ordered: w.ByVisitor, Yields: w.Patience > 0})
		},
		Disabled:   func(w *hook.Webhook, reason string) { r.hooks.TurnedOff(w, reason) },
		Recovered:  func(w *hook.Webhook) { r.hooks.Recovered(w) },
		Journal:    r.tap,
		Tracer:     r.tracer,
		Memory:     r.log,
		Dir:        filepath.Join(r.config.Log.Dir, "freight"),
		Mail:       mailFile(r.mailer),
		Registerer: r.registry, Logger: r.logger,
	}
	r.config.Delivery.apply(&o)
	return o
}

// startSenders opens the webhooks' queues, as the last run left them, and begins to deliver.
func (r *Relay) startSenders() error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	if err := r.fleet.Sweep(); err != nil {
		r.logger.Error("what deleted webhooks had collected is still there", "error", err, "next", "see that the relay's user may write there; the next start tries again")
	}
	if err := errors.Join(r.hooks.Start(), r.startUpstreams()); err != nil {
		return err
	}
	if left := r.log.Waiting(); len(left) > 0 {
		r.logger.Warn("webhooks that are no longer configured have undelivered events, which wait until the log's limits take them",
			"webhooks", len(left), "next", "configure them again under the same names, or leave it")
	}
	r.tellStranded()
	return nil
}

// selector asks the webhooks of the moment.
type selector struct{ hooks *registry.Registry }

func (s selector) Receivers(dst []wal.Receiver, notes []byte, e *event.Event, app string, view *people.View) ([]wal.Receiver, []byte) {
	return s.hooks.Set().Receivers(dst, notes, e, app, view)
}

func (r *Relay) openIntake() (err error) {
	c := &r.config.Intake
	apps, err := r.config.intakeApps(r.upstreams)
	if err != nil {
		return err
	}
	r.intake, err = intake.New(intake.Options{
		Apps: apps, Log: r.log, Selector: selector{r.hooks}, People: r.people,
		BodyMax: int(c.BodyMax), CORSOrigins: c.CORSOrigins, TrustedProxies: c.TrustedProxies,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, Via: r.via, Tracer: r.tracer, Metrics: r.registry, Logger: r.logger,
		ConnectionsMax: connectionsMax(descriptorsMax()),
	})
	return err
}

// connectionsMax leaves half of the descriptors to the log's files and to the senders, so that nobody who opens
// connections can keep the log from opening a file. 0 is intake's own default, which is also the most.
func connectionsMax(descriptors int) int {
	if descriptors <= 0 || descriptors/2 >= 10_000 {
		return 0
	}
	return max(descriptors/2, 8)
}

// intakeApps turns the config's apps into what intake works with.
func (c *Config) intakeApps(upstreams map[string]appUpstream) ([]intake.App, error) {
	var apps []intake.App
	for _, a := range c.Apps {
		exclude, err := people.NewExclusions(a.Exclude.Visitors, a.Exclude.Accounts)
		if err != nil {
			return nil, fmt.Errorf("app %q: %w", a.Name, err)
		}
		app := intake.App{Name: a.Name, Keys: slices.Clone(a.ExtraKeys), IntegrationKeys: a.IntegrationKeys,
			ID: a.ID, Platform: a.Platform, SubscriptionID: a.Subscription.ID, SubscriptionName: a.Subscription.Name,
			SegmentTrack: a.SegmentTrack, Exclude: exclude, SigningKey: a.SigningKey,
			WebhookSecrets: []string{a.WebhookSecret, a.WebhookSecretPrevious}}
		if u := upstreams[a.Name]; u.live != nil {
			app.Upstream, app.Live = u.hook.Queue, u.live
		}
		if a.Key != "" {
			app.Keys = append(app.Keys, a.Key)
		}
		apps = append(apps, app)
	}
	return apps, nil
}

func (r *Relay) openConsole() (err error) {
	r.console, err = console.New(console.Options{
		Gatherer: r.registry, Ready: r.ready, Health: r.health, Stats: func() any { return r.stats() },
		Desk: r.desk, Secrets: r.secrets, Token: r.config.Console.Token, ReadToken: r.config.Console.ReadToken, Version: Version, Logger: r.logger,
	})
	return err
}

// secrets are the webhooks' secrets by name, for the inspector to check what comes in.
func (r *Relay) secrets() map[string][]string {
	secrets := map[string][]string{}
	for _, w := range r.hooks.Set().All() {
		for _, s := range []string{w.Secret, w.SecretPrevious} {
			if s != "" {
				secrets[w.Name] = append(secrets[w.Name], s)
			}
		}
	}
	return secrets
}

// health is a fault that only an operator can mend; ready one that may pass by itself.
func (r *Relay) health() error { return r.log.BrokenBy() }

func (r *Relay) ready() error {
	if r.leaving.Load() {
		return errors.New("the relay is draining, it takes no new events")
	}
	if reason := r.log.Full(); reason != "" {
		return errors.New(reason)
	}
	return r.log.BrokenBy()
}
