package relay

import (
	"math"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/strict"
)

// readWebhooks reads and compiles the webhooks. Their rules are hook's, so that the file and the admin API have the same;
// here only types are checked, and hook's faults are given their lines. mail says that [smtp] is there.
func (c *Config) readWebhooks(root *strict.Table, apps *appNames, mail bool) {
	names := map[string]bool{}
	for _, t := range root.Tables("webhook", "name") {
		spec := c.Delivery.spec()
		readSpec(t, &spec)
		fillUnread(t, &spec)
		if t.Has("retries") && !t.Has("schedule") {
			spec.Schedule = nil // its own retries win over a schedule that it only inherits
		}
		if spec.Name != "" && names[spec.Name] {
			t.Fault("name", "%q is the name of an earlier webhook; give each its own", spec.Name)
		}
		names[spec.Name] = true
		w, faults := hook.Compile(spec, apps.has)
		for _, f := range faults {
			t.Fault(f.Field, "%s", f.Text)
		}
		if spec.Enabled && spec.Type == "mail" && !mail {
			t.Fault("type", `"mail" needs a mail server; set [smtp] server and from`)
		}
		c.Webhooks = append(c.Webhooks, w)
	}
}

// spec is a webhook with nothing but what it inherits.
func (c *Delivery) spec() hook.Spec {
	return hook.Spec{InFlight: c.InFlight, Timeout: c.Timeout, Retries: c.Retries, Schedule: c.Schedule,
		AllowPrivate: c.AllowPrivate, AllowHTTP: c.AllowHTTP}
}

func readSpec(t *strict.Table, s *hook.Spec) {
	t.Text("name", &s.Name)
	t.Text("type", &s.Type)
	t.Text("url", &s.URL)
	t.Text("write_key", &s.WriteKey)
	t.Text("access_token", &s.AccessToken)
	t.Text("region", &s.Region)
	t.Pairs("settings", &s.Settings)
	t.Text("method", &s.Method)
	t.Text("body", &s.Body)
	t.Text("secret", &s.Secret)
	t.Text("secret_previous", &s.SecretPrevious)
	t.TextOrTexts("signature", &s.Signature)
	t.Bool("enabled", &s.Enabled)
	t.Text("app", &s.App)
	t.Texts("events", &s.Events)
	t.Text("where", &s.Where)
	t.Texts("drop", &s.Drop)
	t.Texts("hash", &s.Hash)
	t.Text("hash_key", &s.HashKey)
	t.Texts("properties", &s.Properties)
	t.Text("format", &s.Format)
	t.Text("order", &s.Order)
	t.Number("rate", &s.Rate, 0, math.Inf(1))
	t.Int("burst", &s.Burst, 0, math.MaxInt32)
	t.Int("in_flight", &s.InFlight, 1, hook.InFlightMax)
	t.Int("batch_events", &s.BatchEvents, 0, math.MaxInt32)
	t.Size("batch_bytes", &s.BatchBytes, 0, 1<<30)
	t.Duration("batch_age", &s.BatchAge, 0, hook.BatchAgeMax)
	t.Duration("timeout", &s.Timeout, time.Millisecond, hook.TimeoutMax)
	t.Int("retries", &s.Retries, 0, hook.RetriesMax)
	t.Durations("schedule", &s.Schedule, 0, hook.WaitMax)
	t.Bool("probe", &s.Probe)
	t.Text("owner", &s.Owner)
	t.Pairs("headers", &s.Headers)
	t.Bool("allow_private", &s.AllowPrivate)
	t.Bool("allow_http", &s.AllowHTTP)
}

// fillUnread puts something in place of what is there and could not be read, which is a fault already: a setting that
// another one needs beside it is not missing then. What Compile says of the stand-ins themselves, Fault leaves out.
func fillUnread(t *strict.Table, s *hook.Spec) {
	const unread = "unread"
	for key, at := range map[string]*string{"write_key": &s.WriteKey, "access_token": &s.AccessToken, "secret": &s.Secret, "hash_key": &s.HashKey} {
		if t.Unread(key) {
			*at = unread
		}
	}
	for name := range s.Settings {
		if t.Unread("settings." + name) {
			s.Settings[name] = unread
		}
	}
	if t.Unread("type") {
		s.Type = hook.UnreadType
	}
	if t.Unread("url") {
		s.URL = "https://unread.example/"
	}
	if t.Unread("hash") {
		s.Hash = []string{unread}
	}
	if t.Unread("rate") {
		s.Rate = 1
	}
}
