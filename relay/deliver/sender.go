package deliver

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"edgerelay/relay/hook"
)

// Sender delivers for one webhook.
type Sender struct {
	hook    *hook.Webhook
	opt     *Options
	queue   Queue
	client  *client
	pace    *rate.Limiter // nil: unlimited
	health  *health
	metrics *hookMetrics
	logger  *slog.Logger

	// work holds at most one token: "there may be work that nobody looks for yet". A lane at rest takes it; a lane
	// that ends looks at it once more. So a wake that comes while the last lane ends is never lost.
	work    chan struct{}
	running atomic.Int32 // lanes
	resting atomic.Int32 // lanes that wait for work

	soft, hard       context.Context
	endSoft, endHard context.CancelFunc
	mu               sync.Mutex // guards lane starts against the stop, free lanes and the timer
	stopped          bool
	free             []*lane
	due              *time.Timer
	lanes            sync.WaitGroup
}

func newSender(w *hook.Webhook, o *Options, m *hookMetrics) (*Sender, error) {
	s := &Sender{hook: w, opt: o, metrics: m, work: make(chan struct{}, 1),
		logger: o.Logger.With("webhook", w.Name)}
	s.soft, s.endSoft = context.WithCancel(context.Background())
	s.hard, s.endHard = context.WithCancel(context.Background())
	s.client = newClient(w, s.hard)
	s.health = newHealth(o)
	if w.Rate > 0 {
		burst := w.Burst
		if burst == 0 {
			burst = max(1, int(math.Ceil(w.Rate)))
		}
		s.pace = rate.NewLimiter(rate.Limit(w.Rate), burst)
	}
	// A wake that comes before the sender starts leaves its token.
	queue, err := o.Open(w, s.Wake)
	if err != nil {
		return nil, err
	}
	s.queue = queue
	return s, nil
}

// Hook is the webhook that the sender delivers for.
func (s *Sender) Hook() *hook.Webhook { return s.hook }

// Queue is the sender's queue.
func (s *Sender) Queue() Queue { return s.queue }

func (s *Sender) start() {
	if !s.hook.Enabled {
		s.queue.Hold(true)
		return
	}
	if s.queue.Ready(s.opt.Now().UnixMilli()) {
		s.Wake()
		return
	}
	s.armDue()
}

// Wake tells the sender that its queue has work. It does not block.
func (s *Sender) Wake() {
	select {
	case s.work <- struct{}{}:
	default:
	}
	if s.running.Load() == 0 {
		s.startLane()
	}
}

// startLane starts one more lane, unless as many run as may be in flight.
func (s *Sender) startLane() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.queue == nil || int(s.running.Load()) >= s.hook.InFlight {
		return
	}
	l, err := s.laneLocked()
	if err != nil {
		s.logger.Error("webhook cannot sign", "error", err)
		return
	}
	s.running.Add(1)
	s.lanes.Add(1)
	go l.run()
}

// laneLocked is a lane from the free list, with its buffers, or a new one.
func (s *Sender) laneLocked() (*lane, error) {
	if n := len(s.free); n > 0 {
		l := s.free[n-1]
		s.free = s.free[:n-1]
		return l, nil
	}
	return newLane(s)
}

// laneEnds is called by a lane that found no work for a while. It answers false when there is some after all.
func (s *Sender) laneEnds(l *lane) bool {
	s.running.Add(-1)
	select {
	case <-s.work:
		s.running.Add(1)
		return false
	default:
	}
	s.retire(l)
	return true
}

// retire keeps an ended lane's buffers for the next one. The list is bounded by the number of lanes; a few are enough,
// because lanes end together.
func (s *Sender) retire(l *lane) {
	const keep = 2
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < keep && !s.stopped {
		s.free = append(s.free, l)
	}
	s.lanes.Done()
}

// encourage is called by a lane that has just taken work: if there is more, one more lane looks for it.
func (s *Sender) encourage() {
	if int(s.running.Load()) >= s.hook.InFlight && s.resting.Load() == 0 || !s.queue.Ready(s.opt.Now().UnixMilli()) {
		return
	}
	if s.resting.Load() > 0 {
		select {
		case s.work <- struct{}{}:
		default:
		}
		return
	}
	s.startLane()
}

// armDue sets the timer to the next parked delivery.
func (s *Sender) armDue() {
	due := s.queue.NextDue()
	if due == math.MaxInt64 {
		return
	}
	wait := max(time.Duration(due-s.opt.Now().UnixMilli())*time.Millisecond, time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	if s.due == nil {
		s.due = time.AfterFunc(wait, s.Wake)
		return
	}
	s.due.Reset(wait)
}

// disable turns the webhook off until it is started anew: nothing is handed out, events are held in the log.
func (s *Sender) disable(reason string) {
	if !s.health.disable(reason) {
		return
	}
	s.queue.Hold(true)
	s.metrics.disabled.Set(1)
	s.logger.Error("webhook is turned off, its events are held in the log", "reason", reason,
		"next", "mend the receiver, then start edgerelay again")
}

// State is what the sender is doing.
type State struct {
	Name   string `json:"state"` // off, delivering, idle, failing or disabled
	Reason string `json:"reason,omitempty"`
	Lanes  int    `json:"lanes"`
}

// State is a picture of the moment.
func (s *Sender) State() State {
	st := State{Name: "idle", Lanes: int(s.running.Load())}
	disabled, reason, streak := s.health.state()
	switch {
	case !s.hook.Enabled:
		st.Name = "off"
	case disabled:
		st.Name, st.Reason = "disabled", reason
	case streak >= brakeAfter:
		st.Name, st.Reason = "failing", reason
	case st.Lanes > int(s.resting.Load()):
		st.Name = "delivering"
	}
	return st
}

func (s *Sender) stopSoft() {
	s.mu.Lock()
	s.stopped = true
	if s.due != nil {
		s.due.Stop()
	}
	s.mu.Unlock()
	s.endSoft()
}

// wait returns when all lanes have ended. When ctx ends first, it cuts their attempts off and says how many there were.
func (s *Sender) wait(ctx context.Context) (cut int) {
	ended := make(chan struct{})
	go func() {
		s.lanes.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		cut = int(s.running.Load())
		s.endHard()
		s.client.cut()
		<-ended
	}
	s.endHard()
	s.client.close()
	return cut
}
