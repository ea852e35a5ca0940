package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

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
