package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestConnectionStaysUsable: after a refusal the connection takes the next request, whatever was left of the body.
func TestConnectionStaysUsable(t *testing.T) {
	r := start(t, func(o *Options) { o.BodyMax = 64 << 10 })
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	br := bufio.NewReader(c)
	f := func(want int, request []byte) {
		t.Helper()
		go c.Write(request)
		got, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, got.Body); err != nil || got.StatusCode != want || got.Close {
			t.Fatalf("%d, closing %v, %v; want %d", got.StatusCode, got.Close, err, want)
		}
	}
	large := strings.Repeat("x", 3<<20)
	for range 3 {
		f(403, rawRequest("POST", "/data/track", large))
		f(404, rawRequest("POST", "/nowhere", large[:30000]))
		f(413, rawRequest("POST", "/data/track", large, integrationKey))
		f(415, rawRequest("POST", "/data/track", large, integrationKey, "Content-Encoding: lzma"))
		f(200, rawRequest("POST", "/v1/m", large[:60000]))
		f(200, rawRequest("POST", "/data/track", "6\r\n{\"even\r\n17\r\nt\":\"E\",\"visitorId\":\"v\"}\r\n0\r\n\r\n", integrationKey, "Transfer-Encoding: chunked"))
		f(200, append(rawRequest("POST", "/data/track", oneEvent, integrationKey), rawRequest("POST", "/data/track", oneEvent, integrationKey)...)) // pipelined
		f(200, nil)
	}
	if n := len(r.events()); n != 9 {
		t.Errorf("%d events", n)
	}
}

// TestSenderGoesAway: of a body that does not come to its end nothing is kept, small or large.
func TestSenderGoesAway(t *testing.T) {
	r := start(t)
	for _, size := range []int{10, 9000, 300 << 10} {
		request := rawRequest("POST", "/data/track", `{"event":"E","visitorId":"v"}`+strings.Repeat(" ", size), integrationKey)
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		c.Write(request[:len(request)-5])
		c.(*net.TCPConn).CloseWrite()
		got, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || got.StatusCode != 400 {
			t.Fatalf("%d: %v, %v", size, got, err)
		}
		body, _ := io.ReadAll(got.Body)
		if !bytes.Contains(body, []byte(`"cut_short"`)) {
			t.Errorf("%d: %s", size, body)
		}
		c.Close()
	}
	r.stored()
}

// TestSlowSender: nobody holds a connection by sending a byte now and then, be it of a header or of a body.
func TestSlowSender(t *testing.T) {
	r := start(t)
	o := r.server.opt
	o.Metrics = prometheus.NewRegistry()
	var err error
	if r.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	r.server.http.ReadTimeout = 50 * time.Millisecond
	r.listen()
	whole := rawRequest("POST", "/data/track", strings.Repeat(" ", 20000), integrationKey)
	for _, part := range [][]byte{whole[:30], whole[:len(whole)-19000], whole[:len(whole)-5000]} {
		if got := r.raw(part); got.status != 408 || !strings.Contains(got.body, `"code":"timeout"`) {
			t.Errorf("%d bytes: %d %s", len(part), got.status, got.body)
		}
	}
}

// TestShutdown: requests under way are answered, then nothing listens.
func TestShutdown(t *testing.T) {
	r := start(t)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	request := rawRequest("POST", "/data/track", oneEvent, integrationKey, "Expect: 100-continue")
	head := bytes.Index(request, []byte("\r\n\r\n")) + 4
	c.Write(request[:head])
	in := bufio.NewReader(c)
	if got, err := http.ReadResponse(in, nil); err != nil || got.StatusCode != 100 { // it is under way
		t.Fatalf("%v, %v", got, err)
	}
	done := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- r.server.Shutdown(ctx)
	}()
	for { // until the listener is closed
		probe, err := net.Dial("tcp", r.addr)
		if err != nil {
			break
		}
		probe.Close()
	}
	c.Write(request[head:])
	got, err := http.ReadResponse(in, nil)
	if err != nil || got.StatusCode != 200 || !got.Close {
		t.Fatalf("%v, %v", got, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	r.stored(`trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`)
}

// TestShutdownFirst: whoever stops a server that has not begun yet has stopped it.
func TestShutdownFirst(t *testing.T) {
	r := start(t)
	if err := r.server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.server.Serve(ln); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("somebody still listens")
	}
}

// TestTLS serves with a certificate from files, and with another one after it was loaded again.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, "first")
	r := start(t, func(o *Options) { o.TLSCert, o.TLSKey = cert, key })
	f := func(want string) {
		t.Helper()
		c, err := tls.Dial("tcp", r.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := c.ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
			t.Errorf("certificate of %q, want %q", got, want)
		}
		c.Write(rawRequest("GET", "/v1/projects/KEY/settings", ""))
		got, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(got.Body); !bytes.Contains(body, []byte(`"protocol":"https"`)) {
			t.Errorf("%d %s", got.StatusCode, body)
		}
	}
	f("first")
	writeCertificate(t, cert, key, "second")
	if err := r.server.LoadCertificate(cert, key); err != nil {
		t.Fatal(err)
	}
	f("second")
	if err := r.server.LoadCertificate(cert, "nowhere"); err == nil {
		t.Error("no error for a missing key")
	}
	f("second")
}

func writeCertificate(t *testing.T, certFile, keyFile, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
