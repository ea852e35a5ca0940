package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
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
		Registerer: r.registry, Logger: r.logger,
	}
	r.config.Delivery.apply(&o)
	return o
}

// startSenders opens the webhooks' queues, as the last run left them, and begins to deliver.
func (r *Relay) startSenders() error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	if err := errors.Join(r.hooks.Start(), r.startUpstreams()); err != nil {
		return err
	}
	if left := r.log.Waiting(); len(left) > 0 {
		r.logger.Warn("webhooks that are no longer configured have undelivered events, which wait until the log's limits take them",
			"webhooks", len(left), "next", "configure them again under the same names, or leave it")
	}
	return nil
}

// selector asks the webhooks of the moment.
type selector struct{ hooks *registry.Registry }

func (s selector) Receivers(dst []wal.Receiver, notes []byte, e *event.Event, app string) ([]wal.Receiver, []byte) {
	return s.hooks.Set().Receivers(dst, notes, e, app)
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

// Run listens and works until ctx ends, then drains: listeners first, then the senders' requests under way, then the
// log. It prints one line per listener to out once both listen. A nil error means that all ended well.
func (r *Relay) Run(ctx context.Context, out io.Writer) error {
	err := r.serve(ctx, out)
	r.leaving.Store(true)
	r.logger.Info("stopping: no new events are taken")
	stop, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return errors.Join(err, r.close(stop))
}

func (r *Relay) serve(ctx context.Context, out io.Writer) error {
	listeners := [2]net.Listener{}
	for i, l := range []struct{ key, address string }{{"intake", r.config.Intake.Listen}, {"console", r.config.Console.Listen}} {
		ln, err := net.Listen("tcp", l.address)
		if err != nil {
			if listeners[0] != nil {
				err = errors.Join(err, listeners[0].Close())
			}
			return fmt.Errorf("listen for the %s: %w; end what uses that address, or change [%s] listen", l.key, err, l.key)
		}
		listeners[i] = ln
	}
	// The console first, because a webhook may lead to its inspector; then the senders, because intake's events need open
	// queues.
	failed := make(chan error, len(listeners))
	go func() { failed <- r.console.Serve(listeners[1]) }()
	if err := r.startSenders(); err != nil {
		return errors.Join(err, listeners[0].Close())
	}
	go func() { failed <- r.intake.Serve(listeners[0]) }()
	scheme := "http"
	if r.config.Intake.TLSCert != "" {
		scheme = "https"
	}
	fmt.Fprintf(out, "intake  listens on %s://%s\nconsole listens on http://%s\n", scheme, listeners[0].Addr(), listeners[1].Addr())
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	case <-r.log.Broken():
		return r.log.BrokenBy()
	}
}

// stopTime is how long a stop may take, less than the ten seconds after which container runtimes kill. Of it, intake gets
// intakeTime: requests that came in whole are answered within one commit, and a peer that says nothing is no fault. Mail
// gets mailTime: it only tells what the console shows too. Traces get traceTime: no event is in them.
const (
	stopTime   = 9 * time.Second
	intakeTime = 2 * time.Second
	mailTime   = 2 * time.Second
	traceTime  = time.Second
)

// close stops from the source downwards: intake, replays, senders, traces, mail, console, attempt log, log.
func (r *Relay) close(ctx context.Context) error {
	var faults []error
	r.endUpstreams()
	if r.intake != nil {
		soon, cancel := context.WithTimeout(ctx, intakeTime)
		defer cancel()
		if err := r.intake.Shutdown(soon); err != nil {
			r.logger.Warn("connections that sent no whole request are left behind", "reason", err)
		}
	}
	if r.replays != nil {
		r.replays.Close()
	}
	if r.fleet != nil {
		if cut := r.fleet.Stop(ctx); cut > 0 {
			r.logger.Warn("attempts were cut off, they are repeated after the next start", "attempts", cut)
		}
		r.reportLeft()
	}
	r.closeTracer(ctx)
	r.closeMailer(ctx)
	if r.tags != nil {
		r.tags.Close()
	}
	if r.console != nil {
		faults = append(faults, r.console.Shutdown(ctx))
	}
	if r.desk != nil {
		r.desk.Close()
	}
	if r.journal != nil {
		faults = append(faults, r.journal.Close())
	}
	return errors.Join(append(faults, r.log.Close())...)
}

func (r *Relay) closeMailer(ctx context.Context) {
	soon, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	if left := r.mailer.Close(soon); left > 0 {
		r.logger.Warn("mail to owners of webhooks was not sent", "messages", left, "next", "the console lists webhooks that are off")
	}
}

// reportLeft says what waits in the log for the next start.
func (r *Relay) reportLeft() {
	backlog, parked := int64(0), int64(0)
	for _, s := range r.fleet.Senders() {
		q := s.Queue().Stats()
		backlog += q.Backlog + int64(q.Flight)
		parked += q.Parked
	}
	r.logger.Info("stopped", "undelivered", backlog, "parked", parked)
}
