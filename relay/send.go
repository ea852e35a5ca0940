package relay

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/spell"
)

// SendOptions say what to send, and where to.
type SendOptions struct {
	Client *Client
	App    string   // name; "" is the first app
	Events []string // by any of their names; none: every kind
	Out    io.Writer
	Now    func() time.Time // nil: time.Now
}

// Send posts sample events to a running relay through its public endpoints, as SDKs would, and prints a line for each.
func Send(ctx context.Context, o SendOptions) error {
	chosen, err := chooseSamples(o.Events)
	if err != nil {
		return err
	}
	app, err := o.Client.App(o.App, slices.ContainsFunc(chosen, func(s sample) bool { return s.signed != 0 }))
	if err != nil {
		return err
	}
	base, err := o.Client.Intake()
	if err != nil {
		return err
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	unique := fmt.Sprintf("%x", now().UnixMilli())
	for _, s := range chosen {
		request, err := s.request(ctx, base, app, visit{unique, now()})
		if err != nil {
			return fmt.Errorf("send %s: %w", s.kind, err)
		}
		answer, err := do(client, request)
		if err != nil {
			return fmt.Errorf("send %s: %w; is the relay running? start it with: edgerelay", s.kind, err)
		}
		if _, err := fmt.Fprintf(o.Out, "%-30s %s → %s\n", s.kind, s.path, answer); err != nil {
			return err
		}
	}
	return nil
}

// chooseSamples finds the samples of the named kinds, all when none is named. What one sample presupposes is sent with
// it: nobody's metadata can change before they were seen.
func chooseSamples(names []string) ([]sample, error) {
	all := samples()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []sample
	for _, name := range names {
		kind, known := event.KindOf(name)
		if !known {
			return nil, usage("send: there is no event %q; %s", name, spell.Hint(name, eventNames()))
		}
		at := slices.IndexFunc(all, func(s sample) bool { return s.kind == kind })
		if kind == event.VisitorMetadataUpdated || kind == event.AccountMetadataUpdated {
			chosen = append(chosen, all[at-1])
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

func eventNames() (names []string) {
	for _, kind := range event.Kinds() {
		names = append(names, kind.String())
	}
	return names
}

// do sends a request and returns the answer as one line.
func do(client *http.Client, request *http.Request) (string, error) {
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(fmt.Sprint(answer.StatusCode, " ", string(text))), nil
}

// url is where a client on this machine reaches the listener.
func (i *Intake) url() string {
	scheme := "http://"
	if i.TLSCert != "" {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(i.Listen)
	if err != nil {
		return scheme + i.Listen
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}
