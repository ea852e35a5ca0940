package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
)

// Sender delivers for one webhook. It is safe for concurrent use.
type Sender struct {
	hook    *hook.Webhook
	opt     *Options
	queue   Queue
	bell    *bell
	cargo   cargo
	head    []byte // of every event's request, see appendHead
	dialer  *dialer
	pace    *rate.Limiter // of events, or of requests when only the vendor has a pace; nil: unlimited
	health  *health
	consent *consent // nil: none is needed
	crew    *crew
	alarm   *alarm
	metrics *hookMetrics
	logger  *slog.Logger
	secrets []string // of the webhook, which nothing that is told of an attempt may show

	// Nothing new is begun when soft has ended; attempts under way are cut off when hard has.
	soft, hard       context.Context
	endSoft, endHard context.CancelFunc
	cutOff           atomic.Int32 // attempts that were
	unreadable       atomic.Bool  // the queue's last answer was an error

	forerunners []*Sender // that had the queue before, and had not ended when s took it over; the fleet's lock guards it

	berth   *berth   // nil: lanes make the requests themselves
	archive *archive // nil: batches do not become objects

	forsaken atomic.Bool // the webhook was deleted, with what its carrier kept

	gathering chan struct{} // of a sender of batches: held by the lane that takes entries
	batchMost atomic.Int32  // events in a batch, after one was split; 0: as many as the plan says

	probing  sync.Mutex // held over a probe's take
	retired  bool       // no probe may begin
	endProbe context.CancelFunc
	probes   sync.WaitGroup
}

func newSender(w *hook.Webhook, o *Options, m *hookMetrics) (*Sender, error) {
	s := &Sender{hook: w, opt: o, cargo: newCargo(w), metrics: m, logger: o.Logger.With("webhook", w.Name), secrets: w.Secrets()}
	if w.Plan != nil {
		s.head = appendHead(nil, w, o.UserAgent)
	}
	if _, err := newSigner(w); err != nil {
		return nil, err
	}
	s.soft, s.endSoft = context.WithCancel(context.Background())
	s.hard, s.endHard = context.WithCancel(context.Background())
	s.dialer = newDialer(s.hard, w, &o.network)
	s.health = newHealth(o)
	s.health.disableAfter = s.cargo.disableAfter(o)
	s.pace = newPace(w)
	if s.consent = newConsent(w); s.consent != nil && s.pace == nil {
		s.pace = unpaced(w)
	}
	s.crew = newCrew(w.InFlight, s.runLane)
	if s.batches() {
		s.crew.most = min(s.crew.most, batchLanes)
		s.gathering = make(chan struct{}, 1)
	}
	if w.Plan != nil && w.Plan.Carrier {
		s.berth = newBerth()
	}
	if w.Plan != nil && w.Plan.Archive {
		s.crew.most = 1
		s.archive = newArchive(o.Memory, w.Queue)
	}
	return s, nil
}

// newPace is the webhook's own pace in events, or else the vendor's in requests; nil when neither has one.
func newPace(w *hook.Webhook) *rate.Limiter {
	perSecond, burst := w.Rate, w.Burst
	if perSecond == 0 && w.Plan != nil {
		perSecond, burst = w.Plan.Rate, w.Plan.Burst
	}
	if perSecond == 0 {
		return nil
	}
	if burst == 0 {
		burst = max(1, int(math.Ceil(perSecond)))
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

// openQueue opens the webhook's queue. Wakes from then on leave their token until the start.
func (s *Sender) openQueue() (err error) {
	s.bell = &bell{}
	s.bell.sender.Store(s)
	if s.queue, err = s.opt.Open(s.hook, s.bell.ring); err != nil {
		return err
	}
	s.newAlarm()
	return nil
}

// takeOver takes the queue of a sender that was halted. Its lanes end their attempts in the same queue, which hands each
// entry out once, to whichever sender asks.
func (s *Sender) takeOver(old *Sender) {
	s.queue, s.bell = old.queue, old.bell
	for _, f := range append(slices.Clone(old.forerunners), old) { // old itself may never have begun, and have others before it
		if !f.ended() {
			s.forerunners = append(s.forerunners, f)
		}
	}
	old.forerunners = nil
	s.newAlarm()
	s.bell.sender.Store(s)
	s.queue.Hold(false)
}

func (s *Sender) newAlarm() { s.alarm = &alarm{next: s.queue.NextDue, now: s.opt.now, ring: s.Wake} }

// bell is what a queue's wakes and parked deliveries go by, whichever sender has the queue at the time.
type bell struct{ sender atomic.Pointer[Sender] }

func (b *bell) ring() { b.sender.Load().Wake() }

// setAlarm says that something was parked.
func (b *bell) setAlarm() { b.sender.Load().alarm.set() }

// newSigner is a signer for one lane, nil when the webhook's deliveries are not signed.
func newSigner(w *hook.Webhook) (*sign.Signer, error) {
	if len(w.Schemes) == 0 {
		return nil, nil
	}
	return sign.New(w.Schemes, w.Secret, w.SecretPrevious)
}

// Hook is the webhook that the sender delivers for.
func (s *Sender) Hook() *hook.Webhook { return s.hook }

// Queue is the sender's queue.
func (s *Sender) Queue() Queue { return s.queue }

// start begins to deliver, unless the webhook is off, or disabled for a reason.
func (s *Sender) start(disabled string) {
	if !s.hook.Enabled || disabled != "" {
		s.queue.Hold(true)
		if disabled != "" {
			s.health.disable(disabled)
			s.metrics.disabled.Set(1)
		}
		if s.hook.Enabled && s.mayProbe(disabled) {
			s.startProbe()
		}
		return
	}
	s.metrics.disabled.Set(0)
	s.openCarrier()
	s.crew.start()
	if s.queue.Ready(s.opt.now().UnixMilli()) {
		s.Wake()
		return
	}
	s.alarm.set()
}

// Wake tells the sender that its queue may have work. It does not block.
func (s *Sender) Wake() { s.crew.wake() }

// runLane is the life of one lane.
func (s *Sender) runLane() {
	signer, err := newSigner(s.hook)
	if err != nil {
		panic(fmt.Sprintf("deliver: webhook %q could sign at its start and now cannot: %v", s.hook.Name, err))
	}
	l := newLane(s, signer)
	if s.batches() {
		l.runBatches()
		return
	}
	l.run()
}

// encourage is called by a lane that has just taken work: if there is more, one more lane looks for it.
func (s *Sender) encourage(now time.Time) {
	if !s.crew.busy() && s.queue.Ready(now.UnixMilli()) {
		s.crew.wake()
	}
}

// disable turns the webhook off until it is turned on again: nothing more is begun, events are held in the log.
func (s *Sender) disable(reason string) {
	if !s.health.disable(reason) {
		return
	}
	if s.soft.Err() != nil {
		return // it was replaced meanwhile: what became of the old settings says nothing about the new ones
	}
	s.queue.Hold(true)
	s.halt()
	s.metrics.disabled.Set(1)
	s.logger.Error("webhook is turned off, its events are held in the log", "reason", reason,
		"next", "mend the receiver, look through the webhook's log, then turn it on again")
	if s.mayProbe(reason) {
		s.startProbe()
	}
	s.opt.Disabled(s.hook, reason)
}

// halt ends all waiting: lanes put back what they have not begun, and end.
func (s *Sender) halt() {
	s.crew.dismiss()
	s.endSoft()
	s.alarm.end()
}

// retire ends the sender for good: it is replaced, removed or stopped.
func (s *Sender) retire() {
	s.haltProbe()
	s.halt()
}

// State is what the sender is doing.
type State struct {
	Name   string `json:"state"` // off, delivering, idle, failing or disabled
	Reason string `json:"reason,omitempty"`
	Lanes  int    `json:"lanes"`
}

// State is a picture of the moment.
func (s *Sender) State() State {
	st := State{Name: "idle", Lanes: int(s.crew.running.Load())}
	disabled, reason, streak := s.health.state()
	switch {
	case !s.hook.Enabled:
		st.Name = "off"
	case disabled:
		st.Name, st.Reason = "disabled", reason
	case streak >= brakeAfter:
		st.Name, st.Reason = "failing", reason
	case st.Lanes > int(s.crew.resting.Load()):
		st.Name = "delivering"
	}
	return st
}

// ended says that no lane runs any more, after halt, and lets go of what the sender held.
func (s *Sender) ended() bool {
	if s.crew.running.Load() > 0 || s.berth != nil && s.berth.begun && !isClosed(s.berth.closed) {
		return false
	}
	s.endHard()
	return true
}

// wait returns when all lanes have ended, after halt. When ctx ends first, it cuts their attempts off and says how many
// there were.
func (s *Sender) wait(ctx context.Context) (cut int) {
	ended := make(chan struct{})
	go func() {
		s.crew.wait()
		s.probes.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		s.endHard()
		s.dialer.cut()
		<-ended
	}
	s.endHard()
	return int(s.cutOff.Load())
}
