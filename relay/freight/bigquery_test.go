package freight

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/destination/fake"
)

// table is a fake warehouse behind a server of its own.
type table struct {
	vendor fake.Vendor
	logins *fake.Logins
	clock  *watch
	url    string
	plan   *destination.Plan
	open   func(o Options) Carrier
}

// serveTable starts a fake's server and says how carriers to it are made.
func serveTable(t *testing.T, kind string, vendor fake.Vendor, logins *fake.Logins, clock *watch, settings func(url string) map[string]string) *table {
	t.Helper()
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	s := &table{vendor: vendor, logins: logins, clock: clock, url: server.URL, plan: newPlan(t, kind, server.URL, settings(server.URL))}
	s.open = func(o Options) Carrier {
		o.Now = clock.now
		return newCarrier(t, s.plan, o)
	}
	return s
}

func newBigQueryTable(t *testing.T) (*table, *fake.BigQuery) {
	clock := newWatch()
	vendor := fake.NewBigQuery(clock.now)
	return serveTable(t, "bigquery", vendor, &vendor.Logins, clock, func(url string) map[string]string {
		return map[string]string{"credentials": vendor.Credentials(url), "dataset": "edge", "table": "events"}
	}), vendor
}

// check holds that so many events were taken, each once, and no rule broken.
func (s *table) check(t *testing.T, events int) {
	t.Helper()
	taken := s.vendor.Taken()
	if len(taken) != events {
		t.Errorf("%d events were taken, want %d", len(taken), events)
	}
	for id, times := range taken {
		if times != 1 {
			t.Errorf("%s was taken %d times", id, times)
		}
	}
	s.checkRules(t)
}

func (s *table) checkRules(t *testing.T) {
	t.Helper()
	if broken := append(s.vendor.Broken(), s.logins.Broken()...); len(broken) > 0 {
		t.Errorf("broken rules: %q", broken)
	}
}

func TestBigQuery(t *testing.T) {
	s, _ := newBigQueryTable(t)
	c := s.open(Options{UserAgent: "edgerelay/test"})
	ship(t, c, newParcel(s.plan, 1, 500, noon), destination.Delivered)
	ship(t, c, newParcel(s.plan, 5001, 1, noon), destination.Delivered)
	s.check(t, 501)
	if n := s.logins.Made(); n != 1 {
		t.Errorf("%d tokens for two parcels", n)
	}
}

// TestTokens: renewed before they expire, replaced at once when they are refused, fetched once for many.
func TestTokens(t *testing.T) {
	f := func(name string, s *table, life time.Duration) {
		t.Run(name, func(t *testing.T) {
			c := s.open(Options{})
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					if v := c.Ship(t.Context(), newParcel(s.plan, uint64(1+100*i), 2, noon)); v.Outcome != destination.Delivered {
						t.Error(v)
					}
				})
			}
			all.Wait()
			made := func(want int) {
				t.Helper()
				if n := s.logins.Made(); n != want {
					t.Errorf("%d tokens were fetched, want %d", n, want)
				}
			}
			made(1)
			s.clock.forward(life - time.Second)
			ship(t, c, newParcel(s.plan, 2001, 1, noon), destination.Delivered)
			made(1)
			s.clock.forward(2 * time.Second)
			ship(t, c, newParcel(s.plan, 3001, 1, noon), destination.Delivered)
			made(2)
			s.logins.Withdraw()
			ship(t, c, newParcel(s.plan, 4001, 1, noon), destination.Delivered)
			made(3)
			s.vendor.Play(fake.Answer(401, "{}"), fake.Answer(401, "{}"))
			if v := ship(t, c, newParcel(s.plan, 5001, 1, noon), destination.Off); v.Status != 401 {
				t.Error(v)
			}
			made(4)
			ship(t, c, newParcel(s.plan, 5001, 1, noon), destination.Delivered)
			s.check(t, 20)
		})
	}
	big, _ := newBigQueryTable(t)
	f("bigquery", big, 55*time.Minute)
	snow, _ := newSnowflakeTable(t)
	f("snowflake", snow, 50*time.Minute)
}

// TestTokenTroubles: what the token servers answer decides whether to wait or to turn the webhook off.
func TestTokenTroubles(t *testing.T) {
	f := func(s *table) {
		c := s.open(Options{})
		p := newParcel(s.plan, 1, 3, noon)
		one := func(want destination.Outcome, reason string, script ...fake.Step) {
			t.Helper()
			s.logins.Play(script...)
			if v := ship(t, c, p, want); !strings.Contains(v.Reason, reason) || strings.Contains(v.Reason, "token-") {
				t.Errorf("the reason %q, want %q", v.Reason, reason)
			}
		}
		one(destination.Retry, "503", fake.Answer(503, "", "Retry-After", "9"))
		one(destination.Retry, "429", fake.Answer(429, ""))
		one(destination.Off, "invalid_grant", fake.Answer(400, `{"error":"invalid_grant","error_description":"account not found"}`))
		one(destination.Off, "302", fake.Answer(302, "", "Location", s.url+"/elsewhere"))
		one(destination.Retry, "documented", fake.Answer(200, `<html>sign in</html>`))
		one(destination.Retry, "documented", fake.Answer(200, `{"access_token":`))
		one(destination.Retry, "documented", fake.Answer(200, ``))
		one(destination.Retry, "documented", fake.Answer(200, strings.Repeat(" ", 1<<20)))
		one(destination.Retry, "EOF", fake.HangUp)
		one(destination.Retry, "404", fake.Answer(404, ""))
		p.Number = 3
		one(destination.Off, "404", fake.Answer(404, ""))
		if n := s.vendor.Requests(); n != 0 {
			t.Errorf("%d requests without a token", n)
		}
		one(destination.Delivered, "")
		s.check(t, 3)
	}
	big, _ := newBigQueryTable(t)
	f(big)
	snow, _ := newSnowflakeTable(t)
	f(snow)
}

// TestBigQueryScript: through failures of every kind nothing is lost, and nothing is there twice, for the fake remembers
// insertIds as BigQuery does for a minute.
func TestBigQueryScript(t *testing.T) {
	s, _ := newBigQueryTable(t)
	c := s.open(Options{})
	s.vendor.Play(fake.Answer(500, ""), fake.TakeAndHangUp, fake.Answer(403, `{"error":{"errors":[{"reason":"rateLimitExceeded"}],"message":"slow"}}`),
		fake.HangUp, fake.Answer(200, "<html>"), fake.Answer(307, "", "Location", s.url+"/token"), fake.Fine)
	p := newParcel(s.plan, 1, 100, noon)
	for _, want := range []destination.Outcome{destination.Retry, destination.Retry, destination.Retry, destination.Retry, destination.Retry, destination.Final, destination.Delivered} {
		ship(t, c, p, want)
		p.Number++
	}
	s.check(t, 100)
}

func TestBigQueryPartly(t *testing.T) {
	s, vendor := newBigQueryTable(t)
	rows := 0
	vendor.Refuse = func(map[string]any) string {
		rows++
		switch {
		case rows <= 10 && rows%2 == 0:
			return "invalid"
		case rows == 1:
			return "timeout"
		}
		return ""
	}
	v := ship(t, s.open(Options{}), newParcel(s.plan, 1, 500, noon), destination.Delivered)
	var counts [destination.Off + 1]int
	for _, r := range v.Each {
		counts[r.Outcome]++
	}
	if len(v.Each) != 500 || counts[destination.Final] != 5 || counts[destination.Retry] != 1 || v.Each[0].Outcome != destination.Retry || v.Each[1].Outcome != destination.Final {
		t.Errorf("rulings %v", counts)
	}
	s.check(t, 494)
}

// TestBigQueryManyErrors: the errors of 500 rows are longer than other replies may be, and are read to the end.
func TestBigQueryManyErrors(t *testing.T) {
	s, vendor := newBigQueryTable(t)
	vendor.Refuse = func(map[string]any) string { return "invalid" }
	c := s.open(Options{})
	v := ship(t, c, newParcel(s.plan, 1, 500, noon), destination.Final)
	for i, r := range v.Each {
		if r.Outcome != destination.Final {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
	s.vendor.Play(fake.Answer(200, `{"insertErrors":[{"index":4,"errors":[{"reason":"invalid"}]}`+strings.Repeat(" ", 2<<20)+`]}`))
	v = ship(t, c, newParcel(s.plan, 1, 500, noon), destination.Retry)
	if v.Each[4].Outcome != destination.Final || v.Each[5].Outcome != destination.Retry {
		t.Errorf("rulings of a reply that was cut: %+v", v.Each[:6])
	}
}

// TestMissingTable: a table that is not there gets time, then the webhook is turned off and its events wait.
func TestMissingTable(t *testing.T) {
	f := func(s *table, name string) {
		other := *s.plan.URL
		other.Path = strings.Replace(other.Path, name, "missing", 1)
		s.plan.URL = &other
		c := s.open(Options{})
		p := newParcel(s.plan, 1, 3, noon)
		for range 2 {
			if v := ship(t, c, p, destination.Retry); v.Status != 404 || v.After < time.Minute {
				t.Errorf("attempt %d: %+v", p.Number, v)
			}
			p.Number++
		}
		if v := ship(t, c, p, destination.Off); v.Status != 404 || !strings.Contains(v.Reason, "create what is missing") {
			t.Errorf("attempt 3: %+v", v)
		}
	}
	big, _ := newBigQueryTable(t)
	f(big, "events")
	snow, _ := newSnowflakeTable(t)
	f(snow, "EVENTS")
}

// TestWarehouseDials: every connection, those for tokens too, is made by Options.Dial; what it refuses is not reached.
func TestWarehouseDials(t *testing.T) {
	f := func(s *table) {
		w := &weather{}
		c, p := s.open(Options{Dial: w.dial}), newParcel(s.plan, 1, 3, noon)
		ship(t, c, p, destination.Delivered)
		host := strings.TrimPrefix(s.url, "http://")
		if len(w.dialed()) == 0 {
			t.Error("no connection went through Dial")
		}
		for _, address := range w.dialed() {
			if address != host {
				t.Errorf("a connection to %s", address)
			}
		}
		for _, cut := range [][2]int{{100, 0}, {0, -1}, {0, 20}} {
			w.next(cut[0], cut[1])
			p.Number++
			ship(t, c, p, destination.Retry)
		}
		s.checkRules(t)
	}
	big, _ := newBigQueryTable(t)
	f(big)
	snow, _ := newSnowflakeTable(t)
	f(snow)
}

// TestWarehouseEnds: an attempt ends with its context, and the parcel's memory is the caller's again.
func TestWarehouseEnds(t *testing.T) {
	f := func(s *table) {
		c := s.open(Options{})
		p := newParcel(s.plan, 1, 100, noon)
		ship(t, c, p, destination.Delivered)
		reached := make(chan struct{})
		hold := func(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
			_, _ = io.Copy(io.Discard, r.Body) // a server sees the end of a connection when it reads on it
			close(reached)
			<-r.Context().Done()
		}
		s.vendor.Play(hold)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-reached; cancel() }()
		if v := c.Ship(ctx, p); v.Outcome != destination.Retry || !v.Ours {
			t.Errorf("canceled: %+v", v)
		}
		clear(p.Body)

		late, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		reached = make(chan struct{})
		s.vendor.Play(hold)
		if v := c.Ship(late, newParcel(s.plan, 1, 1, noon)); v.Outcome != destination.Retry || v.Status != 408 {
			t.Errorf("too late: %+v", v)
		}
	}
	big, _ := newBigQueryTable(t)
	f(big)
	snow, _ := newSnowflakeTable(t)
	f(snow)
}

// TestEarlyAnswer: a server that answers before it has read the request does not get to see what its memory is used for next.
func TestEarlyAnswer(t *testing.T) {
	s, _ := newBigQueryTable(t)
	c := s.open(Options{})
	ship(t, c, newParcel(s.plan, 1, 1, noon), destination.Delivered)
	early := func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(413)
		_ = http.NewResponseController(w).Flush()
	}
	big := newParcel(s.plan, 1, 500, noon)
	big.Body = append(big.Body, strings.Repeat(" ", 8<<20)...)
	for range 5 {
		s.vendor.Play(early)
		if v := c.Ship(t.Context(), big); v.Outcome != destination.Split && v.Outcome != destination.Retry {
			t.Errorf("%+v", v)
		}
		clear(big.Body) // the race detector sees who still reads it
	}
}

// TestUnreachable: names that do not exist and ports where nobody listens.
func TestUnreachable(t *testing.T) {
	s, vendor := newBigQueryTable(t)
	plan := newPlan(t, "bigquery", "http://127.0.0.1:1", map[string]string{"credentials": vendor.Credentials(s.url), "dataset": "edge", "table": "events"})
	v := ship(t, newCarrier(t, plan, Options{Now: s.clock.now}), newParcel(plan, 1, 1, noon), destination.Retry)
	if v.Status != 0 || v.Ours || !strings.Contains(v.Reason, "refused") {
		t.Errorf("%+v", v)
	}
	closed := newCarrier(t, s.plan, Options{Now: s.clock.now, Dial: (&weather{to: "127.0.0.1:1"}).dial})
	if v := ship(t, closed, newParcel(s.plan, 1, 1, noon), destination.Retry); v.Status != 0 {
		t.Errorf("no way to the token server: %+v", v)
	}
}

func TestNewTellsFaults(t *testing.T) {
	for _, kind := range []string{"bigquery", "snowflake"} {
		_, err := New(&destination.Plan{Type: kind, Settings: destination.Settings{More: map[string]string{"credentials": "secret", "private_key": "secret"}}}, Options{Webhook: "rows"})
		if text := fmt.Sprint(err); err == nil || !strings.Contains(text, `make the carrier of webhook "rows": settings.`) || strings.Contains(text, "secret") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
