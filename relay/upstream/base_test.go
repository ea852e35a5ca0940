package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func baseOf(t testing.TB, text string) *Base {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return NewBase(u, "")
}

func TestRequestBytes(t *testing.T) {
	f := func(base string, q *Request, want string) {
		t.Helper()
		if got := string(baseOf(t, base).AppendRequest(nil, q)); got != strings.ReplaceAll(want, "\n", "\r\n") {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	f("https://data.pendo.example", beacon(), `POST /data/ptm.gif/KEY?v=2.291.4_prod&ct=1795240774235&s=12 HTTP/1.1
Host: data.pendo.example
User-Agent: Mozilla/5.0 (X11; Linux x86_64)
Referer: https://app.example.com/
Origin: https://app.example.com
Content-Type: text/plain;charset=UTF-8
Content-Encoding: gzip
Accept-Language: de-AT,de;q=0.9
X-Forwarded-For: 203.0.113.9, 10.0.0.7
Content-Length: 41

{"events":"eJwFwIEIAAAAwDDQd3-N1QABFQC5"}`)
	get := func(target string) *Request { return &Request{Method: []byte("GET"), Target: []byte(target)} }
	f("http://127.0.0.1:8080/pendo/eu/", get("data/log.gif/KEY?msg=a%20b"), "GET /pendo/eu/data/log.gif/KEY?msg=a%20b HTTP/1.1\nHost: 127.0.0.1:8080\n\n")
	f("http://[fe80::1%25eth0]:80//a%20b", get("data//x/?q=\xff%zz{}|^`\""), "GET /a%20b/data//x/?q=\xff%zz{}|^`\" HTTP/1.1\nHost: [fe80::1]:80\n\n")
	f("http://h", get("a b\tc\r\nd\x7f"), "GET /a%20b%09c%0D%0Ad%7F HTTP/1.1\nHost: h\n\n")
	named := NewBase(&url.URL{Host: "h"}, "me")
	if got := string(named.AppendRequest(nil, get("x"))); got != "GET /x HTTP/1.1\r\nHost: h\r\nX-Edgerelay-Via: me\r\n\r\n" {
		t.Errorf("%q", got)
	}
	further := get("x")
	further.Set(Via, []byte("you, them"))
	if got := string(named.AppendRequest(nil, further)); got != "GET /x HTTP/1.1\r\nHost: h\r\nX-Edgerelay-Via: you, them, me\r\n\r\n" {
		t.Errorf("%q", got)
	}
	f("http://h", &Request{Method: []byte("POST")}, "POST / HTTP/1.1\nHost: h\nContent-Length: 0\n\n")
}

// checkPrinted prints a request and reads it as a server does.
func checkPrinted(t *testing.T, q *Request) {
	t.Helper()
	wire := bufio.NewReader(bytes.NewReader(baseOf(t, "http://host.test/base").AppendRequest(nil, q)))
	line, err := wire.ReadString('\n')
	if err != nil || strings.Count(line, " ") != 2 || !strings.HasPrefix(line, string(q.Method)+" /base/") || !strings.HasSuffix(line, " HTTP/1.1\r\n") {
		t.Fatalf("request line %q of %q, %v", line, q.Target, err)
	}
	rest := io.MultiReader(strings.NewReader(string(q.Method)+" / HTTP/1.1\r\n"), wire) // net/url is stricter about targets than we are
	got, err := http.ReadRequest(bufio.NewReader(rest))
	if err != nil {
		t.Fatalf("%q: %v", q.AppendRecord(nil), err)
	}
	sent := 0
	for h, value := range q.Header {
		if value != nil && Header(h) != Via {
			sent++
			if got.Header.Get(names[h]) != strings.Trim(string(value), " \t") {
				t.Errorf("%s is %q, sent as %q", names[h], got.Header.Get(names[h]), value)
			}
		}
	}
	if got.Header.Del("Content-Length"); len(got.Header) != sent || got.Host != "host.test" {
		t.Errorf("host %q, headers %v of %v", got.Host, got.Header, q.Header)
	}
	if body, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(body, q.Body) {
		t.Errorf("body %q, %v, want %q", body, err, q.Body)
	}
	if more, err := io.ReadAll(wire); len(more) > 0 || err != nil {
		t.Errorf("behind the request there is %q, %v", more, err)
	}
}
