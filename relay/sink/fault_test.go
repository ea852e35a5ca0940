package sink

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBadRequests(t *testing.T) {
	r := mustRun(t, Options{})
	f := func(request, wantStatus, wantText string) {
		t.Helper()
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		if !strings.HasPrefix(resp.Status, wantStatus) || !strings.Contains(string(text), wantText) {
			t.Errorf("%.40q: %s %s, want %s %s", request, resp.Status, text, wantStatus, wantText)
		}
	}
	f("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "405", "a receiver of webhook deliveries")
	f("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "405", "POST one")
	f("nonsense\r\n\r\n", "400", "")
	f("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "413", "")
	f("POST / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("y", headersMax)+"\r\n\r\n", "431", "")
	f("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "200", "")
	if c := r.Counts(); c.Received != 1 || c.Malformed != 3 {
		t.Errorf("counts %+v, want 1 received and 3 malformed", c)
	}
}

func TestNewNamesAllFaults(t *testing.T) {
	f := func(opts Options, want ...string) {
		t.Helper()
		opts.Listen = "127.0.0.1:0"
		s, err := New(opts)
		if len(want) == 0 {
			if err != nil {
				t.Errorf("%+v: %v", opts, err)
			} else if err := s.Close(); err != nil {
				t.Error(err)
			}
			return
		}
		if err == nil || len(strings.Split(err.Error(), "\n")) != len(want) {
			t.Errorf("%+v: %v; want %d faults", opts, err, len(want))
			return
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v: lacks %q", err, part)
			}
		}
	}
	f(Options{})
	f(Options{Share: 1}) // the flag's default
	f(Options{Status: 503, Share: 1, RetryAfter: time.Second, Delay: time.Second, Secrets: []string{"whsec_!"}})
	f(Options{Status: 99, Share: 1}, "--status 99 is no final HTTP status")
	f(Options{Status: 600, Share: 2}, "--status 600", "--share 2")
	f(Options{Status: 500}, "--share 0 leaves no request")
	f(Options{Share: 0.5}, "add --status 500")
	f(Options{Delay: -1, RetryAfter: -1, Share: -1}, "--delay", "--retry-after", "--share")
	f(Options{RetryAfter: 1}, "add --status 503")
	f(Options{Delay: 2 * time.Hour}, "use 0s to 1h0m0s")
	f(Options{Secrets: []string{""}}, "--secret is empty")
}

func TestAddressInUse(t *testing.T) {
	r := mustRun(t, Options{})
	_, err := New(Options{Listen: r.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("%v; want the next step", err)
	}
}

func TestRunBeforeAnythingIsStopped(t *testing.T) {
	s, err := New(Options{Listen: "127.0.0.1:0", Out: io.Discard, Err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
}

// full is a disk or a pipe that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestEndsWhenItCannotPrint(t *testing.T) {
	s, err := New(Options{Listen: "127.0.0.1:0", Out: full{}, Err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Run(context.Background()) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post("http://"+s.Addr().String(), "", strings.NewReader(bodyA))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := <-ended; err == nil || err.Error() != "print deliveries: no space left" {
		t.Errorf("Run: %v", err)
	}
}
