package freight

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/destination"
	"edgerelay/relay/destination/fake"
)

func newSnowflakeTable(t *testing.T) (*table, *fake.Snowflake) {
	clock := newWatch()
	vendor := fake.NewSnowflake(clock.now)
	return serveTable(t, "snowflake", vendor, &vendor.Logins, clock, func(string) map[string]string {
		return map[string]string{"account": "myorg-acme", "user": "edge_relay", "private_key": vendor.PrivateKey(), "database": "ANALYTICS", "table": "EVENTS"}
	}), vendor
}

func TestSnowflake(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s, vendor := newSnowflakeTable(t)
		vendor.Plain = plain
		c := s.open(Options{UserAgent: "edgerelay/test"})
		ship(t, c, newParcel(s.plan, 1, 2000, noon), destination.Delivered)
		ship(t, c, newParcel(s.plan, 9001, 1, noon), destination.Delivered)
		s.check(t, 2001)
		if n := s.logins.Made(); n != 1 {
			t.Errorf("%d tokens for two parcels", n)
		}
	}
}

// TestSnowflakeScript: through failures of every kind nothing is lost. What was taken and never answered is there twice,
// under one requestId whose retryCount says so; the fake holds that.
func TestSnowflakeScript(t *testing.T) {
	s, _ := newSnowflakeTable(t)
	c := s.open(Options{})
	s.vendor.Play(fake.Answer(503, ""), fake.TakeAndHangUp, fake.Answer(429, `{"code":"THROTTLED","message":"slow"}`), fake.HangUp,
		fake.Answer(200, "<html>"), fake.Answer(200, `{"code":"ERR","message":"no"}`), fake.Answer(307, "", "Location", s.url+"/oauth/token"), fake.Fine)
	p := newParcel(s.plan, 1, 100, noon)
	for _, want := range []destination.Outcome{destination.Retry, destination.Retry, destination.Retry, destination.Retry, destination.Retry,
		destination.Retry, destination.Final, destination.Delivered} {
		ship(t, c, p, want)
		p.Number++
	}
	taken := s.vendor.Taken()
	if len(taken) != 100 {
		t.Errorf("%d events were taken", len(taken))
	}
	for id, times := range taken {
		if times != 2 {
			t.Errorf("%s was taken %d times, want 2", id, times)
		}
	}
	s.checkRules(t)
}

// TestSnowflakeRequestID: the same for the same rows, also of another process, and another one for all else.
func TestSnowflakeRequestID(t *testing.T) {
	s, _ := newSnowflakeTable(t)
	id := func(webhook string, p *Parcel) string {
		t.Helper()
		c, err := newSnowflake(s.plan, Options{Webhook: webhook, Now: s.clock.now})
		if err != nil {
			t.Fatal(err)
		}
		return c.(*snowflake).requestID(p)
	}
	p := newParcel(s.plan, 1, 3, noon)
	want := id("rows", p)
	again := newParcel(s.plan, 1, 3, noon)
	again.Number = 7
	if got := id("rows", again); got != want || len(got) != 36 {
		t.Errorf("%s, then %s", want, got)
	}
	replayed := *p
	replayed.First, replayed.Last = 101, 107
	for i, got := range []string{id("others", p), id("rows", newParcel(s.plan, 1, 2, noon)), id("rows", &replayed)} {
		if got == want {
			t.Errorf("request %d has the same id", i)
		}
	}
}

// TestSnowflakeFullParcel: what is as large as the plan allows and cannot be compressed is still not too large.
func TestSnowflakeFullParcel(t *testing.T) {
	s, _ := newSnowflakeTable(t)
	p := newParcel(s.plan, 1, 1, noon)
	var noise strings.Builder
	for i := uint64(88172645463325252); noise.Len() < s.plan.Batch.Bytes-len(p.Body)-100; {
		i ^= i << 13
		i ^= i >> 7
		i ^= i << 17
		fmt.Fprintf(&noise, "%c%c%c%c", 0x30+i&0x3f, 0x30+i>>8&0x3f, 0x30+i>>16&0x3f, 0x30+i>>24&0x3f)
	}
	text := strings.ReplaceAll(noise.String(), `\`, "~")
	p.Body = []byte(strings.Replace(string(p.Body), `"app":"`, `"app":"`+text, 1))
	if len(p.Body) > s.plan.Batch.Bytes || len(p.Body) < s.plan.Batch.Bytes-200 {
		t.Fatalf("%d bytes", len(p.Body))
	}
	ship(t, s.open(Options{}), p, destination.Delivered)
	s.check(t, 1)
}

// TestSnowflakeHost: rows go to the host that the account names, with the scheme of the webhook's url; an answer that is no
// host is not asked.
func TestSnowflakeHost(t *testing.T) {
	s, _ := newSnowflakeTable(t)
	w := &weather{to: strings.TrimPrefix(s.url, "http://")}
	c := s.open(Options{Dial: w.dial})
	s.logins.Play(fake.Answer(200, `{"hostname":"in_gest.example"}`), fake.Answer(200, `{"token":"scoped"}`))
	s.vendor.Play(fake.Answer(200, `{"message":"OK"}`))
	ship(t, c, newParcel(s.plan, 1, 1, noon), destination.Delivered)
	if dials := w.dialed(); dials[len(dials)-1] != "in-gest.example:80" {
		t.Errorf("dialed %q", dials)
	}
	evil := s.open(Options{})
	s.logins.Play(fake.Answer(200, `{"hostname":"evil.example/x?"}`))
	if v := ship(t, evil, newParcel(s.plan, 1, 1, noon), destination.Retry); !strings.Contains(v.Reason, "the host that takes rows") {
		t.Error(v)
	}
}

func TestAccountName(t *testing.T) {
	f := func(account, want string) {
		t.Helper()
		if got := accountName(account); got != want {
			t.Errorf("%s: %s, want %s", account, got, want)
		}
	}
	f("myorg-account1", "MYORG-ACCOUNT1")
	f("MyOrg-My_Account", "MYORG-MY_ACCOUNT")
	f("xy12345.us-east-1", "XY12345")
	f("xy12345.us-central1.gcp", "XY12345")
	f("acme-abc123.global", "ACME")
}
