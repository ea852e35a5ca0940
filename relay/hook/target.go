package hook

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"edgerelay/relay/spell"
)

// types are the types of webhook there are; only those in deliverable can be sent yet.
var types = []string{"url", "segment", "intercom", "userpilot", "slack", "amplitude", "mixpanel", "ga4", "hubspot", "salesforce",
	"zendesk", "jira", "productboard", "zapier", "s3", "sftp", "file", "bigquery", "snowflake", "datadog", "splunk", "custom"}

var deliverable = []string{"url"}

// destination checks the type, the settings that belong to one type only, and the URL.
func (c *checker) destination() *url.URL {
	s := c.spec
	switch {
	case slices.Contains(deliverable, s.Type):
	case slices.Contains(types, s.Type):
		c.add("type", "this build cannot deliver to the type %q yet; use one of %s", s.Type, strings.Join(deliverable, ", "))
		return nil // what such a type needs beside it is not known yet
	default:
		c.add("type", "unknown type %q; %s", s.Type, spell.Hint(s.Type, types))
		return nil
	}
	for _, only := range []struct{ field, value, used string }{
		{"write_key", s.WriteKey, "the type segment"},
		{"access_token", s.AccessToken, "the type intercom"},
		{"region", s.Region, "types with regions"},
	} {
		if only.value != "" {
			c.add(only.field, "belongs to %s; a webhook of type %s has no use for it, leave it out", only.used, s.Type)
		}
	}
	return c.target()
}

// target checks the URL that deliveries are posted to. Hosts that are names are looked up, and their addresses checked,
// when a connection is made.
func (c *checker) target() *url.URL {
	if c.spec.URL == "" {
		c.add("url", `is missing; set the address that deliveries are posted to, such as "https://example.com/hook"`)
		return nil
	}
	u, err := url.Parse(c.spec.URL)
	if err != nil || u.Opaque != "" || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.add("url", `is not an http or https URL; write it like "https://example.com/hook"`)
		return nil
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
	if u.Path == "" {
		u.Path = "/"
	}
	return u
}

// reach checks that the webhook may go where its URL leads.
func (c *checker) reach(scheme, host string) {
	addr, err := netip.ParseAddr(host)
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	loopback := err == nil && addr.Unmap().IsLoopback() || name == "localhost" || strings.HasSuffix(name, ".localhost")
	if scheme == "http" && !loopback && !c.spec.AllowHTTP {
		c.add("url", "is plain http; use https, or set allow_http = true when everybody on the way may read it")
	}
	if (loopback || err == nil && Private(addr)) && !c.spec.AllowPrivate {
		c.add("url", "leads to the private address %s; set allow_private = true when that is meant", host)
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
