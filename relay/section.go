package relay

import (
	"math"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/spell"
	"edgerelay/relay/strict"
)

func (c *Log) read(t *strict.Table) {
	t.Text("dir", &c.Dir)
	if c.Dir == "" {
		t.Fault("dir", "is empty; name the folder that keeps the events")
	}
	t.DurationOr("always", "sync", &c.Sync, time.Millisecond, time.Minute)
	t.Duration("retain", &c.Retain, time.Second, math.MaxInt64)
	t.Size("size_max", &c.SizeMax, 1<<20, math.MaxInt64)
	t.Size("memory", &c.Memory, 1<<20, math.MaxInt64)
	t.Text("compression", &c.Compression)
	oneOf(t, "compression", c.Compression, "none", "s2", "zstd")
}

func (c *Delivery) read(t *strict.Table) {
	t.Duration("timeout", &c.Timeout, time.Millisecond, hook.TimeoutMax)
	t.Int("retries", &c.Retries, 0, hook.RetriesMax)
	t.Duration("backoff", &c.Backoff, time.Millisecond, hook.WaitMax)
	t.Duration("backoff_max", &c.BackoffMax, time.Millisecond, hook.WaitMax)
	if c.BackoffMax < c.Backoff {
		t.Fault("backoff_max", "%s is shorter than backoff, %s; make it at least as long",
			strict.FormatDuration(c.BackoffMax), strict.FormatDuration(c.Backoff))
	}
	t.Int("in_flight", &c.InFlight, 1, hook.InFlightMax)
	t.Durations("schedule", &c.Schedule, 0, hook.WaitMax)
	if len(c.Schedule) > hook.ScheduleMax {
		t.Fault("schedule", "has %d waits; it may have %d", len(c.Schedule), hook.ScheduleMax)
	}
	after := t.Table("disable_after")
	after.Int("failures", &c.DisableAfter.Failures, 0, math.MaxInt32)
	after.Duration("within", &c.DisableAfter.Within, time.Second, 24*time.Hour)
	t.Bool("allow_private", &c.AllowPrivate)
	t.Bool("allow_http", &c.AllowHTTP)
	t.Number("log_successes", &c.LogSuccesses, 0, 1)
	t.Size("log_size", &c.LogSize, 1<<20, math.MaxInt64)
	t.Text("user_agent", &c.UserAgent)
	if strings.Trim(c.UserAgent, " ") == "" || strings.ContainsFunc(c.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fault("user_agent", "must be one line of plain ASCII text; leave it out for %q", "edgerelay/"+Version)
	}
}

// read answers whether mail is meant: whether any of it is there, right or wrong.
func (c *SMTP) read(t *strict.Table) (meant bool) {
	t.Text("server", &c.Server)
	t.Text("from", &c.From)
	t.Text("username", &c.Username)
	t.Text("password", &c.Password)
	t.Text("tls", &c.TLS)
	oneOf(t, "tls", c.TLS, "starttls", "tls", "none")
	if t.Blank("server") && t.Blank("from") && t.Blank("username") && t.Blank("password") {
		return false
	}
	host, port, err := net.SplitHostPort(c.Server)
	n, errPort := strconv.ParseUint(port, 10, 16)
	switch {
	case c.Server == "":
		t.Fault("server", `is missing; set it like "mail.example.com:587", or leave all of smtp empty for no mail`)
	case err != nil || errPort != nil || n == 0 || host == "":
		t.Fault("server", `%q is not a host and port; write it like "mail.example.com:587"`, c.Server)
	}
	if addr, err := mail.ParseAddress(c.From); err != nil || addr.Address == "" {
		t.Fault("from", `must be the sender's mail address, like "edgerelay@example.com"`)
	}
	if !t.Blank("password") && t.Blank("username") {
		t.Fault("username", "is missing beside password; set both or neither")
	}
	return true
}

// oneOf checks a text that has few right values.
func oneOf(t *strict.Table, key, value string, right ...string) {
	if !slices.Contains(right, value) {
		t.Fault(key, "unknown value %q; %s", value, spell.Hint(value, right))
	}
}
