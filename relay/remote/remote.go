// Package remote is the admin API from the shell: the commands "webhook" and "explain" of the program, each one request or
// two to the console of a running relay, printed as a table or, with --json, as the API answered.
//
// It knows the admin API and how people read tables, and by package hook which types of destination this build has. It knows
// nothing else of the relay's inside: what it does, curl could do.
// A Console may be used by several goroutines at once.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	timeout   = 60 * time.Second // a test waits for its receiver, for up to half of that as a rule
	answerMax = 64 << 20         // bytes
)

// Console is the console of a running relay.
type Console struct {
	URL   string // "http://127.0.0.1:8485"
	Token string // "" when it asks for none
	Out   io.Writer
	JSON  bool // print what the API answers, as it is
}

// Refusal is what the API refused.
type Refusal struct {
	Status  int
	Code    string
	Message string
	Field   string
	Faults  []fault
}

type fault struct{ Field, Message string }

func (r *Refusal) Error() string {
	if len(r.Faults) > 1 {
		lines := make([]string, len(r.Faults))
		for i, f := range r.Faults {
			lines[i] = f.Field + ": " + f.Message
		}
		return strings.Join(lines, "\n")
	}
	if r.Field != "" {
		return r.Field + ": " + r.Message
	}
	return r.Message
}

// Listen is the URL of a console that listens at an address of the config file. A wildcard address is reached by loopback.
func Listen(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "http://" + address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// call makes one request and returns the answer's body. body, when it is not nil, is sent as JSON.
func (c *Console) call(ctx context.Context, method, path string, query url.Values, body any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	target := strings.TrimRight(c.URL, "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := c.request(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.URL, err)
	}
	if resp.StatusCode >= 300 {
		return nil, c.refusal(resp.StatusCode, answer)
	}
	return answer, nil
}

func (c *Console) request(ctx context.Context, method, target string, body any) (*http.Request, error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("print the request: %w", err)
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, payload)
	if err != nil {
		return nil, fmt.Errorf("ask the console %s: %w", c.URL, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return req, nil
}

func (c *Console) unreachable(err error) error {
	var wrong *url.Error
	if errors.As(err, &wrong) {
		err = wrong.Err
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no relay answers at %s; start it with \"edgerelay\", or name its console with --console", c.URL)
	}
	return fmt.Errorf("ask the console %s: %w", c.URL, err)
}

func (c *Console) refusal(status int, answer []byte) error {
	var e struct{ Error Refusal }
	if json.Unmarshal(answer, &e) != nil || e.Error.Message == "" {
		return fmt.Errorf("%s answers %d %s; is that the console of an edgerelay?", c.URL, status, http.StatusText(status))
	}
	e.Error.Status = status
	if status == http.StatusUnauthorized {
		return fmt.Errorf("the console %s asks for its token; set [console] token in the config file, EDGERELAY_TOKEN or --token", c.URL)
	}
	if status == http.StatusNotFound && strings.HasPrefix(e.Error.Message, "there is no webhook") {
		e.Error.Message += `; "edgerelay webhook list" shows those there are`
	}
	return &e.Error
}

// show prints an answer: as it is with JSON, else by print, which gets it decoded.
func show[T any](c *Console, answer []byte, print func(v T) error) error {
	if c.JSON {
		_, err := c.Out.Write(answer)
		return err
	}
	var v T
	if err := json.Unmarshal(answer, &v); err != nil {
		return fmt.Errorf("read the answer of %s: %w; is it of another version?", c.URL, err)
	}
	return print(v)
}

func webhookPath(name, rest string) string { return "/api/webhooks/" + url.PathEscape(name) + rest }
