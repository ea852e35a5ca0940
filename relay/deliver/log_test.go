package deliver

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
)

// TestLogTellsOfChanges: one line for each change of state, none for what repeats, and no secret in any.
func TestLogTellsOfChanges(t *testing.T) {
	var lines bytes.Buffer
	var downFrom, downTo time.Time
	answer := func(int, http.Header) int {
		switch now := time.Now(); {
		case now.Before(downFrom):
			return 200
		case now.Before(downTo):
			return 502
		case now.Before(downTo.Add(time.Hour)):
			return 200
		}
		return 410
	}
	change := func(o *Options, w *hook.Webhook) {
		w.InFlight, w.Retries, w.Rate, w.Burst = 4, 100, 1, 1
		w.Schemes, w.Secret = []sign.Scheme{sign.Pendo}, "s3cret"
		o.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
	}
	inBubble(t, change, answer, func(b *bubble) {
		downFrom = time.Now().Add(time.Minute)
		downTo = downFrom.Add(2 * time.Minute)
		b.queue.add(120)
		b.sleep(time.Hour)
		b.queue.add(1)
		b.sleep(time.Hour)
		b.queue.add(3)
		b.sleep(time.Hour)
		want := []string{
			`level=WARN msg="webhook is failing, one attempt at a time until it answers" webhook=crm reason="502 Bad Gateway"`,
			`level=INFO msg="webhook delivers again" webhook=crm`,
			`level=ERROR msg="webhook is turned off, its events are held in the log" webhook=crm ` +
				`reason="the receiver answered 410 Gone" next="mend the receiver, look through the webhook's log, then turn it on again"`,
		}
		if got := strings.Split(strings.TrimSpace(lines.String()), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
