package relay

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"edgerelay/relay/console"
	"edgerelay/relay/strict"
)

func (c *Intake) read(t *strict.Table) {
	t.Text("listen", &c.Listen)
	checkListen(t, c.Listen)
	t.Size("body_max", &c.BodyMax, 1<<10, 1<<30)
	t.Text("tls_cert", &c.TLSCert)
	t.Text("tls_key", &c.TLSKey)
	c.checkTLS(t)
	t.Texts("cors_origins", &c.CORSOrigins)
	for i, origin := range c.CORSOrigins {
		if !isOrigin(origin) {
			t.Fault(fmt.Sprintf("cors_origins[%d]", i), `%q is not an origin; write it like "https://example.com", or "*" for any`, origin)
		}
	}
	var proxies []string
	t.Texts("trusted_proxies", &proxies)
	for i, text := range proxies {
		prefix, err := parseProxy(text)
		if err != nil {
			t.Fault(fmt.Sprintf("trusted_proxies[%d]", i), `%q is not an address or a network; write it like "10.0.0.7" or "10.0.0.0/8"`, text)
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix)
	}
	t.Duration("dedupe_window", &c.DedupeWindow, 0, math.MaxInt64)
}

// checkTLS tries the certificate now: a listener that cannot start is worse found later.
func (c *Intake) checkTLS(t *strict.Table) {
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
	case c.TLSCert == "":
		t.Fault("tls_key", "is of no use without tls_cert; name the certificate's file too")
	case c.TLSKey == "":
		t.Fault("tls_cert", "is of no use without tls_key; name the key's file too")
	default:
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			t.Fault("tls_cert", "cannot be used with tls_key: %v", err)
		}
	}
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return text == "*" || err == nil && u.Host != "" && text == u.Scheme+"://"+u.Host && (u.Scheme == "http" || u.Scheme == "https")
}

// parseProxy takes a network or a single address.
func parseProxy(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

func (c *Console) read(t *strict.Table) {
	t.Text("listen", &c.Listen)
	checkListen(t, c.Listen)
	t.Text("token", &c.Token)
	if err := console.CheckToken(c.Token); err != nil {
		t.Fault("token", "%v", err)
	}
	t.Text("read_token", &c.ReadToken)
	if err := console.CheckReadToken(c.ReadToken, c.Token); err != nil {
		t.Fault("read_token", "%v", err)
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && c.Token == "" && !loopback(host) {
		t.Fault("token", "is missing, but %s can be reached from other machines; set a token, or listen on 127.0.0.1", c.Listen)
	}
}

// checkListen checks the host:port of a listener. The host may be empty, the port may be 0 for any free one.
func checkListen(t *strict.Table, listen string) {
	host, port, err := net.SplitHostPort(listen)
	if err == nil && strings.ContainsAny(host, " /") {
		err = errors.New("not a host")
	}
	if n, errPort := strconv.ParseUint(port, 10, 16); err != nil || errPort != nil || n > 65535 {
		t.Fault("listen", `%q is not an address to listen on; write host and port like "127.0.0.1:8484", or ":8484" for all interfaces`, listen)
	}
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
