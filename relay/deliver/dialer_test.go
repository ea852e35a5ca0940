package deliver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/hook"
)

// newTLSReceiver is a receiver with a certificate of its own authority, for 127.0.0.1 and example.com.
func newTLSReceiver(t *testing.T, change func(c *tls.Config)) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.TLS == nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	s.TLS = &tls.Config{}
	if change != nil {
		change(s.TLS)
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // broken handshakes are meant
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestReceiverWithTLS(t *testing.T) {
	f := func(change func(*tls.Config)) {
		t.Helper()
		r := newTLSReceiver(t, change)
		roots := x509.NewCertPool()
		roots.AddCert(r.Certificate())
		g := newRig(t, r.URL, func(o *Options, w *hook.Webhook) {
			o.network.roots = roots
			keepLanes(2)(o, w)
		})
		for range 20 {
			g.send(t, "v", "e")
		}
		g.faultless(t, 20)
		if letters := g.deadLetters(t); len(letters) != 0 {
			t.Errorf("dead letters: %+v", letters[0].Death)
		}
		// Kept connections that were closed are found out under TLS, too.
		r.CloseClientConnections()
		for range 20 {
			g.send(t, "v", "e")
		}
		g.faultless(t, 40)
	}
	f(nil)
	f(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
	f(func(c *tls.Config) { c.SessionTicketsDisabled = true })
}

func TestReceiverWithBadTLS(t *testing.T) {
	roots := x509.NewCertPool()
	roots.AddCert(newTLSReceiver(t, nil).Certificate())
	f := func(target string, roots *x509.CertPool, want string) {
		t.Helper()
		g := newRig(t, target, func(o *Options, w *hook.Webhook) { o.network.roots, w.Retries = roots, 1 })
		g.send(t, "v", "e")
		g.drained(t)
		letters := g.deadLetters(t)
		if len(letters) != 1 || letters[0].Attempts != 2 || letters[0].Status != 0 ||
			!strings.HasPrefix(letters[0].Reason, "attempt 2 was the last: no connection: ") || !strings.Contains(letters[0].Reason, want) {
			t.Errorf("%s: dead letters %+v, want one with %q", target, letters, want)
		}
	}
	r := newTLSReceiver(t, nil)
	f(r.URL, nil, "certificate signed by unknown authority")
	f(strings.Replace(r.URL, "127.0.0.1", "localhost", 1), roots, "certificate is valid for")
	old := newTLSReceiver(t, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	f(old.URL, roots, "protocol version")
	plain := newReceiver(t, nil)
	f("https://"+plain.addr, roots, "tls: ")
}

// TestHandshakeThatHangs ends with the timeout of the attempt and counts as one.
func TestHandshakeThatHangs(t *testing.T) {
	w := newWire(t, func(_ int, c net.Conn) { hold(c) })
	g := newRig(t, strings.Replace(w.url, "http:", "https:", 1), func(_ *Options, h *hook.Webhook) {
		h.Retries, h.Timeout = 0, 50*time.Millisecond
	})
	g.send(t, "v", "e")
	g.drained(t)
	letters := g.deadLetters(t)
	if len(letters) != 1 || letters[0].Status != 408 || !strings.Contains(letters[0].Reason, "no connection in time") {
		t.Errorf("dead letters %+v", letters)
	}
}

func TestDialRefusesPrivateAddresses(t *testing.T) {
	f := func(address string, want bool) {
		t.Helper()
		err := refusePrivate("tcp", address, nil)
		var private *privateError
		if got := errors.As(err, &private); got != want {
			t.Errorf("%s: error %v, want a refusal: %v", address, err, want)
		}
		if want && !strings.Contains(err.Error(), address) {
			t.Errorf("%s: the refusal names another address: %v", address, err)
		}
	}
	f("127.0.0.1:80", true)
	f("[::1]:80", true)
	f("[::ffff:127.0.0.1]:80", true)
	f("[::ffff:10.1.2.3]:80", true)
	f("10.1.2.3:443", true)
	f("172.16.0.1:443", true)
	f("192.168.1.1:443", true)
	f("100.64.0.1:443", true)
	f("169.254.169.254:80", true)
	f("[fe80::1%eth0]:80", true)
	f("[fd00::1]:80", true)
	f("0.0.0.0:80", true)
	f("[::]:80", true)
	f("224.0.0.1:80", true)
	f("not an address", true)
	f("203.0.113.7:443", true)
	f("[64:ff9b::a01:203]:443", true)
	f("93.184.216.34:443", false)
	f("[2606:4700::7]:443", false)
}

// TestNameThatLeadsHome resolves names to private addresses: what counts is where the connection would go.
func TestNameThatLeadsHome(t *testing.T) {
	names := newResolver(t, map[string]string{"inside.test.": "10.0.0.1", "loop.test.": "127.0.0.1", "six.test.": "::ffff:127.0.0.1",
		"local.test.": "fe80::1"})
	f := func(target, want string) {
		t.Helper()
		g := newRig(t, target, func(o *Options, w *hook.Webhook) {
			w.AllowPrivate = false
			o.network.resolver = names
		})
		g.send(t, "v", "e")
		g.drained(t)
		letters := g.deadLetters(t)
		if len(letters) != 1 || letters[0].Attempts != 1 || letters[0].Reason !=
			"the url leads to the private address "+want+"; set allow_private = true in the config file when that is meant" {
			t.Errorf("%s: dead letters %+v, want one that names %s", target, letters, want)
		}
	}
	f("http://inside.test:81/x", "10.0.0.1:81")
	f("http://loop.test:81/x", "127.0.0.1:81")
	f("http://six.test:81/x", "127.0.0.1:81")
	f("http://local.test:81/x", "[fe80::1]:81")
	f("http://127.0.0.1:81/x", "127.0.0.1:81")
	f("http://[::ffff:127.0.0.1]:81/x", "127.0.0.1:81")
	f("https://inside.test/x", "10.0.0.1:443")
	f("http://inside.test/x", "10.0.0.1:80")
}

func TestNameThatIsAllowedHome(t *testing.T) {
	r := newReceiver(t, nil)
	_, port, _ := net.SplitHostPort(r.addr)
	g := newRig(t, "http://loop.test:"+port+"/hook", func(o *Options, _ *hook.Webhook) {
		o.network.resolver = newResolver(t, map[string]string{"loop.test.": "127.0.0.1"})
	})
	g.send(t, "v", "e")
	got := r.wait(t, 1)
	g.faultless(t, 1)
	if host := field(got[0].head, "Host: ", "\r\n"); host != "loop.test:"+port {
		t.Errorf("Host is %q", host)
	}
}

func TestNameThatIsUnknown(t *testing.T) {
	g := newRig(t, "http://nobody.test/x", func(o *Options, w *hook.Webhook) {
		w.Retries = 0
		o.network.resolver = newResolver(t, nil)
	})
	g.send(t, "v", "e")
	g.drained(t)
	letters := g.deadLetters(t)
	if len(letters) != 1 || !strings.Contains(letters[0].Reason, "no such host") {
		t.Errorf("dead letters %+v", letters)
	}
}

// newResolver asks a name server on loopback that knows the given names and denies all others.
func newResolver(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		query := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(resolve(query[:n], names), from)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// resolve answers a query for one name (RFC 1035, section 4).
func resolve(query []byte, names map[string]string) []byte {
	end := 12
	name := ""
	for query[end] != 0 {
		label := query[end+1 : end+1+int(query[end])]
		name += string(label) + "."
		end += 1 + len(label)
	}
	question := query[12 : end+5]
	kind := binary.BigEndian.Uint16(query[end+1:])
	answer := bytes.Clone(query[:2])
	address, known := names[name]
	if !known {
		return append(append(answer, 0x84, 3, 0, 1, 0, 0, 0, 0, 0, 0), question...)
	}
	at := netip.MustParseAddr(address)
	data := at.AsSlice()
	wanted := kind == 1 && at.Is4() || kind == 28 && at.Is6()
	if !wanted {
		return append(append(answer, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0), question...)
	}
	answer = append(append(answer, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0), question...)
	answer = append(answer, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(len(data)))
	return append(answer, data...)
}
