// Package mail tells the owners of webhooks by mail what became of them: turned off, or working again.
//
// A Mailer takes messages at once and sends them later, one at a time, over SMTP. Nobody who leaves a message waits for a
// mail server, and nobody learns from Send what became of it: that is counted and logged.
//
//	mailer, err := mail.New(mail.Options{Server: "mail.example.com:587", From: "edgerelay@example.com", TLS: "starttls"})
//	mailer.TurnedOff(mail.News{To: owner, Webhook: "crm", Reason: "50 attempts in a row failed", Status: 502, At: now})
//	left := mailer.Close(ctx)
//
// A recipient gets at most one mail in an interval; what comes meanwhile is summed up in the next. What the server puts
// off is tried again, less and less often, for some hours. While the server itself cannot be used, all mail waits. What
// waits is in memory only: a webhook that is off is seen in the console too.
//
// The package knows SMTP and the wording of its mails. It knows webhooks by their names only, and nothing of why they were
// turned off. A Mailer is safe for concurrent use. A nil Mailer is the one of a relay without a mail server: it takes all
// messages and sends none.
package mail

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// What may wait at once. With the largest texts it is 8 MiB; a relay whose thousand webhooks all have owners of their
	// own can still tell each of them that the network is gone.
	messagesMax   = 1000
	recipientsMax = 1000

	addressMax = 320     // bytes: 64 for the local part, 255 for the domain, RFC 5321
	textMax    = 8 << 10 // bytes of one message
	intervalIf = 10 * time.Minute
	keepIf     = 4 * time.Hour // greylisting lets through after some minutes, and a mail server is back after a while
)

// defaultWaits are the pauses between attempts; the last of them repeats. Greylisting servers ask for one to five minutes.
var defaultWaits = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}

// Options are how mail is sent.
type Options struct {
	Server   string // host:port
	From     string // an address, with or without a name before it
	Username string // "" logs in as nobody
	Password string
	TLS      string // starttls, tls or none; none sends no password in clear to another machine

	ConsoleURL string        // where the recipients find the console; "" when that is not known
	Interval   time.Duration // between two mails to one recipient; default 10 min

	Registerer prometheus.Registerer // default: a registry that nobody reads
	Logger     *slog.Logger          // default: slog.Default

	network network
	waits   []time.Duration // between attempts; default defaultWaits
	keep    time.Duration   // how long a mail is tried; default keepIf
}

func (o *Options) ensureDefaults() {
	if o.Interval == 0 {
		o.Interval = intervalIf
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.waits == nil {
		o.waits = defaultWaits
	}
	if o.keep == 0 {
		o.keep = keepIf
	}
}

// Message is plain text to one recipient.
type Message struct {
	To      string // the bare address
	Subject string // one line; control characters in it become spaces
	Text    string // lines that end in \n; at most 8 KiB of it are sent
}

// Mailer sends mail. It is safe for concurrent use, and so is a nil one, which sends nothing.
type Mailer struct {
	opt     Options
	server  *server
	metrics *metrics
	logger  *slog.Logger

	wake  chan struct{}   // holds a token when there may be something to do
	ctx   context.Context // of the attempt under way; ends when Close gives up
	cut   context.CancelFunc
	ended chan struct{} // closed when the goroutine has

	mu struct {
		sync.Mutex
		boxes   map[string]*box // by address in lower case
		waiting int             // messages in all boxes
		full    bool            // the last message found no room
		closing bool
	}
}

// New makes a Mailer and starts its goroutine, which Close ends. It speaks to no server yet.
func New(o Options) (*Mailer, error) {
	o.ensureDefaults()
	s, err := newServer(&o)
	if err != nil {
		return nil, fmt.Errorf("make mailer: %w", err)
	}
	m := &Mailer{opt: o, server: s, logger: o.Logger, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	m.mu.boxes = map[string]*box{}
	m.metrics = newMetrics(o.Registerer, m.waiting)
	m.ctx, m.cut = context.WithCancel(context.Background())
	go m.run()
	return m, nil
}

// Send leaves a message to be sent and returns at once. What cannot be sent is logged and counted.
func (m *Mailer) Send(msg Message) {
	if m == nil {
		return
	}
	msg.Subject, msg.Text = line(msg.Subject, subjectMax), clip(msg.Text, textMax)
	if err := checkAddress(msg.To); err != nil {
		m.metrics.dropped.WithLabelValues("address").Inc()
		m.logger.Error("a mail has no address to go to", "error", err, "subject", msg.Subject,
			"next", "set the webhook's owner to one plain mail address")
		return
	}
	if !m.keep(msg) {
		return
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func checkAddress(to string) error {
	if len(to) > addressMax {
		return fmt.Errorf("the address is %d bytes long; it may have %d", len(to), addressMax)
	}
	if addr, err := mail.ParseAddress(to); err != nil || addr.Address != to {
		return fmt.Errorf("%q is not a mail address", to)
	}
	return nil
}

// keep puts a message into its recipient's box; false when there is no room for it, or the Mailer is closed.
func (m *Mailer) keep(msg Message) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, key := time.Now(), strings.ToLower(msg.To)
	b := m.mu.boxes[key]
	switch {
	case m.mu.closing:
		m.metrics.dropped.WithLabelValues("closed").Inc()
		return false
	case m.mu.waiting >= messagesMax, b == nil && !m.roomLocked(now):
		m.metrics.dropped.WithLabelValues("full").Inc()
		if !m.mu.full {
			m.logger.Error("too many mails wait, new ones are dropped until some have been sent", "waiting", m.mu.waiting,
				"next", "see earlier lines for why [smtp] server does not take them; the console lists webhooks that are off")
		}
		m.mu.full = true
		return false
	case b == nil:
		b = &box{to: msg.To}
		m.mu.boxes[key] = b
	}
	m.mu.full = false
	if b.put(msg, now) {
		m.mu.waiting++
	} else {
		m.metrics.dropped.WithLabelValues("summed").Inc()
	}
	return true
}

// roomLocked says that there may be one more recipient. It takes out the boxes that hold nothing and no longer hold
// anything back.
func (m *Mailer) roomLocked(now time.Time) bool {
	if len(m.mu.boxes) >= recipientsMax {
		maps.DeleteFunc(m.mu.boxes, func(_ string, b *box) bool { return b.empty() && !b.due.After(now) })
	}
	return len(m.mu.boxes) < recipientsMax
}

// Close takes no more messages and sends what waits, each mail once, the interval set aside. It returns when that is done
// or ctx has ended, and says how many messages were left unsent; the same again when it is called again.
func (m *Mailer) Close(ctx context.Context) (left int) {
	if m == nil {
		return 0
	}
	m.mu.Lock()
	m.mu.closing = true
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
	select {
	case <-m.ended:
	case <-ctx.Done():
		m.cut()
		<-m.ended
	}
	m.cut()
	return int(m.waiting())
}

func (m *Mailer) waiting() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return float64(m.mu.waiting)
}
