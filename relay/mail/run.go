package mail

import (
	"maps"
	"slices"
	"time"
)

// round is what the goroutine remembers of the server from attempt to attempt.
type round struct {
	faults int       // in a row that were the server's
	pause  time.Time // no attempt before
}

// run sends what is due until the Mailer is closed, then all that waits.
func (m *Mailer) run() {
	defer close(m.ended)
	var r round
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := time.Now()
		b, closing := m.next()
		if closing {
			m.flush(&r)
			return
		}
		wait := time.Hour // for nothing; somebody wakes it
		if b != nil {
			wait = max(b.due.Sub(now), r.pause.Sub(now))
		}
		if wait <= 0 {
			m.attempt(b, &r)
			continue
		}
		timer.Reset(wait)
		select {
		case <-m.wake:
		case <-timer.C:
		}
	}
}

// next is the box whose turn comes first; nil when none holds anything.
func (m *Mailer) next() (first *box, closing bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.mu.boxes {
		if !b.empty() && (first == nil || b.due.Before(first.due)) {
			first = b
		}
	}
	return first, m.mu.closing
}

// flush sends what waits, one attempt for each letter, until the server fails or Close gives up. Nobody adds to the boxes
// any more.
func (m *Mailer) flush(r *round) {
	m.mu.Lock()
	left := slices.Collect(maps.Values(m.mu.boxes))
	m.mu.Unlock()
	for _, b := range left {
		for what := sent; what == sent && !b.empty(); { // two letters when something came after the one on its way
			if what = m.attempt(b, r); what == serverFault || m.ctx.Err() != nil {
				return
			}
		}
	}
}

// attempt sends a box's letter once, and sees to what came of it. Only the goroutine of run calls it, which alone takes
// things out of boxes.
func (m *Mailer) attempt(b *box, r *round) outcome {
	m.mu.Lock()
	l := b.write(m.opt.From, time.Now())
	m.mu.Unlock()
	f := m.server.send(m.ctx, l)
	if f == nil {
		f = &fault{outcome: sent}
	}
	m.metrics.attempts.WithLabelValues(f.outcome.String()).Inc()
	now := time.Now()
	m.mind(r, f, now)
	old := now.Sub(l.since) >= m.opt.keep && m.ctx.Err() == nil
	switch {
	case f.outcome == sent:
		m.metrics.sent.Inc()
	case f.outcome == refused:
		m.giveUp(l, f, "refused")
	case old:
		m.giveUp(l, f, "expired")
	default:
		m.postpone(b, f, r, now)
		return f.outcome
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.waiting -= l.messages
	b.letter, b.due = nil, now.Add(m.opt.Interval)
	return f.outcome
}

func (m *Mailer) giveUp(l *letter, f *fault, reason string) {
	m.metrics.dropped.WithLabelValues(reason).Add(float64(l.messages))
	m.logger.Error("mail is given up", "to", l.to, "subject", l.subject, "reason", reason, "error", f.cause, "next", f.next)
}

// mind notes whether the server can be used, and says so when that changes.
func (m *Mailer) mind(r *round, f *fault, now time.Time) {
	if f.outcome != serverFault {
		if r.faults > 0 {
			m.logger.Info("the mail server can be used again")
		}
		*r = round{}
		return
	}
	if r.faults == 0 && m.ctx.Err() == nil {
		m.logger.Warn("the mail server cannot be used, mail waits and is tried again", "server", m.opt.Server, "error", f.cause, "next", f.next)
	}
	r.pause = now.Add(m.wait(r.faults))
	r.faults++
}

// postpone sets when a letter is tried again. One that met a fault of the server goes behind those of others, so that a
// letter over which a server stumbles holds up none of them for long.
func (m *Mailer) postpone(b *box, f *fault, r *round, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.outcome == serverFault {
		b.due = r.pause
		return
	}
	if b.attempts == 0 {
		m.logger.Warn("mail was put off by the server and is tried again", "to", b.to, "subject", b.letter.subject, "error", f.cause)
	}
	b.due = now.Add(m.wait(b.attempts))
	b.attempts++
}

// wait is the pause after so many faults before this one.
func (m *Mailer) wait(faults int) time.Duration {
	return m.opt.waits[min(faults, len(m.opt.waits)-1)]
}
