package deliver

import (
	"bufio"
	"context"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/destination"
	"edgerelay/relay/journal"
	"edgerelay/relay/sign"
	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// lane is one request at a time of a sender, on a connection of its own. Everything in it is reused from delivery to
// delivery and touched by its goroutine only.
type lane struct {
	sender *Sender
	signer *sign.Signer // nil: not signed
	linger *time.Timer
	turn   bool // it holds the turn of a failing webhook

	entry wal.Entry // in hand
	composer
	id   [40]byte // the uniqueId's hex digits
	uri  []byte   // as a template made it
	wire []byte   // the whole request

	batch   []wal.Entry // in hand, of a sender of batches
	store   arena       // of what in the batch does not alias the log
	endings []wal.Ending
	aside   []wal.Entry // of an archive: copies, which are no part of a batch
	alone   bool        // of an archive: the batch is such a copy

	request upstream.Request // what an upstream gets in place of an event

	conn     *conn // nil: none open
	reader   *bufio.Reader
	response fasthttp.Response

	answer destination.Answer // of judge
	course course             // of the attempt under way
	told   journal.Attempt    // scratch of tell
}

func newLane(s *Sender, signer *sign.Signer) *lane {
	l := &lane{sender: s, signer: signer, linger: time.NewTimer(s.opt.Linger)}
	if s.hook != nil {
		l.plan, l.mask = s.hook.Plan, s.hook.Mask
	}
	l.answer.Header = func(name string) string { return string(l.response.Header.Peek(name)) }
	l.answer.Item = l.item
	l.linger.Stop()
	return l
}

// run takes and delivers until there has been nothing to do for a while, or the sender halts.
func (l *lane) run() {
	s := l.sender
	defer l.hangUp()
	now := time.Now()
	for {
		if s.soft.Err() != nil {
			s.crew.leave()
			s.bell.ring() // whoever has the queue now may not know of what this lane put back or let go
			return
		}
		wall := s.opt.wall(now)
		var ok bool
		var err error
		l.entry, ok, err = s.queue.Take(wall.UnixMilli())
		switch {
		case err != nil:
			l.puzzled(err)
			now = time.Now()
		case ok:
			s.encourage(wall)
			now = l.handle(now)
		case !l.rest() && s.crew.leave():
			return
		default:
			now = time.Now()
		}
	}
}

// puzzled waits a while after the queue could not be read.
func (l *lane) puzzled(err error) {
	l.puzzledOnce(err)
	sleep(l.sender.soft, time.Second)
}

// puzzledOnce logs that the queue cannot be read: once, not every second.
func (l *lane) puzzledOnce(err error) {
	s := l.sender
	if !s.unreadable.Swap(true) {
		s.logger.Error("next delivery cannot be read, trying again every second", "error", err)
	}
}

// rest waits for work, at most the linger time; it answers false when none came.
func (l *lane) rest() bool {
	s := l.sender
	l.entry = wal.Entry{} // lets go of the log's memory
	l.event.Reset()
	l.scratch.Release()
	l.request.Reset()
	s.alarm.set()
	l.linger.Reset(s.opt.Linger)
	defer l.linger.Stop()
	return s.crew.rest(s.soft, l.linger)
}

// handle takes the entry in hand to its end, or puts it back when the sender halts before its turn has come. It takes and
// returns the machine's time, which costs less to pass on than to ask for.
func (l *lane) handle(now time.Time) time.Time {
	s := l.sender
	if s.unreadable.Load() && s.unreadable.Swap(false) {
		s.logger.Info("deliveries can be read again")
	}
	if !l.waitTurn(1) {
		s.queue.Return(&l.entry)
		return now
	}
	return l.deliver()
}

// waitTurn waits for the health's brake, for the receiver's consent where that is needed, and for the webhook's pace, for a
// request of n events; it answers false when the sender halts before all of them let the lane through.
func (l *lane) waitTurn(n int) bool {
	s := l.sender
	for {
		turn, ok := s.health.pass(s.soft)
		if !ok {
			return false
		}
		if s.consent.missing() && !l.waitConsent(turn) {
			if s.soft.Err() != nil {
				return false
			}
			continue
		}
		if !s.keepPace(n) {
			s.health.leave(turn)
			return false
		}
		// While it waited for the pace the webhook may have begun to fail; then it stands in line like the others.
		if turn || !s.health.failing() {
			l.turn = turn
			return true
		}
	}
}

// keepPace waits until n events may go, or one request where only the vendor has a say. It answers false when the sender
// halts first.
func (s *Sender) keepPace(n int) bool {
	if s.pace == nil {
		return true
	}
	if s.hook.Rate == 0 {
		n = 1
	}
	for n > 0 {
		some := min(n, s.pace.Burst())
		if s.pace.WaitN(s.soft, some) != nil {
			return false
		}
		n -= some
	}
	return true
}

// sleep waits for d or the end of ctx, and says whether it was d.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
