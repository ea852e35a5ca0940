package hook

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"edgerelay/relay/destination"
	"edgerelay/relay/spell"
)

// destination checks the type and its settings, and works out the plan of deliveries; nil when the type is unknown.
func (c *checker) destination() *destination.Plan {
	s := c.spec
	if s.URL != "" {
		c.target()
	}
	if c.kind == nil {
		c.add("type", "unknown type %q; %s", s.Type, spell.Hint(s.Type, destination.Names()))
		return nil
	}
	if s.Type != "custom" {
		c.useless(`belongs to the type "custom"; leave it out or change the type`, use{"method", s.Method != ""}, use{"body", s.Body != ""})
	}
	plan, faults := c.kind.Make(destination.Settings{Webhook: s.Name, URL: s.URL, Format: s.Format, WriteKey: s.WriteKey,
		AccessToken: s.AccessToken, Region: s.Region, More: s.Settings, Method: s.Method, Body: s.Body,
		Headers: s.Headers})
	for _, f := range faults {
		if !slices.ContainsFunc(c.faults, func(known Fault) bool { return known.Field == f.Field }) {
			c.add(f.Field, "%s", f.Text)
		}
	}
	if plan.URL.Path == "" {
		plan.URL.Path = "/"
	}
	if s.Probe && plan.Carrier {
		c.add("probe", "is not there for the type %s: it would write to the destination; leave it out, and turn the webhook on again when it was turned off", s.Type)
	}
	c.batch(plan)
	return plan
}

// use is a setting, and whether it is made use of.
type use struct {
	field string
	is    bool
}

// useless notes the settings that mean nothing to the type.
func (c *checker) useless(text string, settings ...use) {
	for _, s := range settings {
		if s.is {
			c.add(s.field, "%s", text)
		}
	}
}

// batch lays the user's limits over the type's.
func (c *checker) batch(plan *destination.Plan) {
	s, b := c.spec, &plan.Batch
	if b.Count <= 1 {
		c.useless("is of no use to a webhook of type "+s.Type+", which gets one event a request; leave it out",
			use{"batch_events", s.BatchEvents > 1 || s.BatchEvents < 0}, use{"batch_bytes", s.BatchBytes != 0}, use{"batch_age", s.BatchAge != 0})
		return
	}
	switch {
	case s.BatchEvents < 0 || s.BatchEvents > b.Count:
		c.add("batch_events", "%d is out of range; %s takes 1 to %d events in a request", s.BatchEvents, c.kind.Title, b.Count)
	case s.BatchEvents > 0:
		b.Count = s.BatchEvents
	}
	switch {
	case s.BatchBytes < 0 || b.Bytes > 0 && s.BatchBytes > int64(b.Bytes):
		c.add("batch_bytes", "is out of range; requests to %s hold at most %d bytes", c.kind.Title, b.Bytes)
	case s.BatchBytes > 0:
		b.Bytes = int(s.BatchBytes)
	}
	switch {
	case s.BatchAge < 0 || s.BatchAge > BatchAgeMax:
		c.add("batch_age", "%v is out of range; it must be from 0s to %v", s.BatchAge, BatchAgeMax)
	case s.BatchAge > 0:
		b.Age = s.BatchAge
	}
}

// target checks a URL that the user set. Hosts that are names are looked up, and their addresses checked, when a connection
// is made.
func (c *checker) target() {
	text, place := c.spec.URL, false
	if c.spec.Type == "custom" || c.kind == nil {
		text, _, place = strings.Cut(text, "{{") // scheme and host stand before the first place, or the template is refused
	}
	u, err := url.Parse(text)
	if place && c.kind != nil && err == nil && u.Host == "" {
		return // the template says where the place may not be
	}
	if err != nil || u.Opaque != "" || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.add("url", `is not an http or https URL; write it like "https://example.com/hook"`)
		return
	}
	host := u.Hostname()
	switch port, err := strconv.Atoi(u.Port()); {
	case host == "" || !ascii(host):
		c.add("url", "has no host that can be looked up; write a name in its ASCII form, or an address")
	case u.Port() != "" && (err != nil || port < 1 || port > 65535):
		c.add("url", "has the port %s; ports are 1 to 65535", u.Port())
	}
	if u.User != nil {
		c.add("url", `holds a user name; leave it out and set headers = { Authorization = "Basic …" }`)
	}
	if u.Fragment != "" {
		c.add("url", "ends in a #fragment, which is never sent; leave it out")
	}
	c.reach(u.Scheme, host)
}

// reach checks that the webhook may go where its URL leads.
func (c *checker) reach(scheme, host string) {
	addr, err := netip.ParseAddr(host)
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	loopback := err == nil && addr.Unmap().IsLoopback() || name == "localhost" || strings.HasSuffix(name, ".localhost")
	if scheme == "http" && !loopback && !c.spec.AllowHTTP {
		c.add("url", "is plain http; use https, or set allow_http = true in the config file when everybody on the way may read it")
	}
	if (loopback || err == nil && Private(addr)) && !c.spec.AllowPrivate {
		c.add("url", "leads to the private address %s; set allow_private = true in the config file when that is meant", host)
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
