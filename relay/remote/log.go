package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type logCommand struct {
	Name   string `arg:"" help:"The webhook's name."`
	Status string `help:"A status such as 503, a class such as 5xx, failed, dead or delivered."`
	Since  string `placeholder:"TIME" help:"From then on: a time, or how long ago, such as 2h."`
	Until  string `placeholder:"TIME" help:"Up to then."`
	Limit  int    `default:"50" help:"How many."`
	Long   bool   `help:"Print headers, timing and reply too."`
}

// attempt is an entry of the log.
type attempt struct {
	Time     time.Time
	Outcome  string
	Status   int
	Reason   string
	Event    string
	UniqueID string `json:"unique_id"`
	Attempt  int
	Timing   *struct {
		DNS, Connect, TLS, Total float64
		FirstByte                float64 `json:"first_byte"`
		Reused                   bool
	}
	Request, Reply []struct{ Name, Value string }
	Body           string
}

// Run prints the log.
func (s *logCommand) Run(ctx context.Context, c *Console) error {
	query, err := s.query(time.Now())
	if err != nil {
		return err
	}
	answer, err := c.call(ctx, http.MethodGet, webhookPath(s.Name, "/log"), query, nil)
	if err != nil {
		return err
	}
	return show(c, answer, func(v struct {
		Attempts []attempt
		Cursor   string
	}) error {
		if len(v.Attempts) == 0 {
			_, err := fmt.Fprintln(c.Out, "There is nothing in the log. Failed attempts are kept for 14 days, of the others a share (log_successes).")
			return err
		}
		if s.Long {
			return printLong(c, v.Attempts)
		}
		t := newTable(c.Out, "time", "outcome", "status", "ms", "try", "event", "unique id", "reason")
		for _, a := range v.Attempts {
			t.row(a.Time.Local().Format(time.DateTime), a.Outcome, number(a.Status), a.took(), number(a.Attempt), a.Event, a.UniqueID, a.Reason)
		}
		return t.end()
	})
}

func (s *logCommand) query(now time.Time) (url.Values, error) {
	query := url.Values{"limit": {strconv.Itoa(s.Limit)}}
	if s.Status != "" {
		query.Set("status", s.Status)
	}
	for key, text := range map[string]string{"from": s.Since, "to": s.Until} {
		at, err := moment(text, now)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			query.Set(key, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return query, nil
}

// moment is a time, or how long ago; zero for "".
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	for _, form := range []string{time.RFC3339Nano, time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, UsageError{fmt.Sprintf("%q is no time; write it like 2026-11-21T10:00:00Z, 2026-11-21 10:00 or 2h", text)}
}

func number(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func (a *attempt) took() string {
	if a.Timing == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f", a.Timing.Total)
}

func printLong(c *Console, attempts []attempt) error {
	var b strings.Builder
	for i := range attempts {
		a := &attempts[i]
		fmt.Fprintf(&b, "%s  %s  %s  attempt %s of %s %s\n", a.Time.Local().Format(time.DateTime), a.Outcome, number(a.Status), number(a.Attempt), clean(a.Event), a.UniqueID)
		if a.Reason != "" {
			fmt.Fprintf(&b, "  %s\n", clean(a.Reason))
		}
		if t := a.Timing; t != nil {
			fmt.Fprintf(&b, "  dns %.1f, connect %.1f, tls %.1f, first byte %.1f, total %.1f ms\n", t.DNS, t.Connect, t.TLS, t.FirstByte, t.Total)
		}
		for _, h := range a.Request {
			fmt.Fprintf(&b, "  > %s: %s\n", clean(h.Name), clean(h.Value))
		}
		for _, h := range a.Reply {
			fmt.Fprintf(&b, "  < %s: %s\n", clean(h.Name), clean(h.Value))
		}
		if a.Body != "" {
			fmt.Fprintf(&b, "  < %s\n", clean(a.Body))
		}
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(c.Out, b.String())
	return err
}
