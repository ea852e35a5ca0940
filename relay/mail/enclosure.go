package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// enclosureTimeout is attemptTimeout for what carries a file: 16 MB take two minutes of a line of 1 Mbit/s.
const enclosureTimeout = 5 * time.Minute

// Enclosure is plain text with a file.
type Enclosure struct {
	ID      string   // the same on every attempt; letters, digits, dots and hyphens
	To      []string // bare addresses without commas; all of them get one mail, or nobody does
	Subject string   // one line; control characters in it become spaces
	Text    string   // lines that end in \n; at most 8 KiB of it are sent
	Name    string   // the file's
	Type    string   // its MIME type
	Content io.ReadSeeker
}

// ErrRefused is wrapped by the error of a mail that the server will not take however often it is sent: its sender, a
// recipient, or its size. Somebody has to change something. Other errors pass.
var ErrRefused = errors.New("the mail server refuses the mail")

// Deliver sends a file now and returns when the server has said that it has it, or why not. It counts as an attempt, holds
// no other mail up, and nothing of it is kept: who wants it sent tries again. It ends soon after ctx does.
func (m *Mailer) Deliver(ctx context.Context, e *Enclosure) error {
	for _, to := range e.To {
		if err := checkAddress(to); err != nil || strings.ContainsRune(to, ',') {
			return fmt.Errorf("send %s: %w: %q is not an address to send to", e.Name, ErrRefused, to)
		}
	}
	l := newLetter(m.opt.From, time.Now())
	l.id = e.ID + l.id[strings.IndexByte(l.id, '@'):]
	l.to, l.subject, l.text, l.enclosure = strings.Join(e.To, ","), line(e.Subject, subjectMax), clip(e.Text, textMax), e
	f := m.server.send(ctx, l)
	if f == nil {
		m.metrics.attempts.WithLabelValues(sent.String()).Inc()
		m.metrics.sent.Inc()
		return nil
	}
	m.metrics.attempts.WithLabelValues(f.outcome.String()).Inc()
	if f.outcome == refused {
		return fmt.Errorf("send %s: %w: %w; %s", e.Name, ErrRefused, f.cause, f.next)
	}
	return fmt.Errorf("send %s: %w; %s", e.Name, f.cause, f.next)
}
