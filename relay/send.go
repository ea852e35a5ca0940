package relay

import (
	"bytes"
	"context"
	"encoding/base64"
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

// sample is one request that makes a relay accept an event of a kind.
type sample struct {
	kind event.Kind
	path string
	body string // with %[1]s for a name nobody had before, %[2]d for the time in ms, %[3]s for it as ISO text
}

// samples are the kinds that arrive by the endpoints for servers, in the order in which a visit would cause them.
var samples = []sample{
	{event.VisitorCreated, "/v1/identify", `{"type":"identify","userId":"visitor-%[1]s","messageId":"send-%[1]s-1","timestamp":"%[3]s","traits":{"name":"Ada Lovelace","plan":"trial"}}`},
	{event.VisitorMetadataUpdated, "/v1/identify", `{"type":"identify","userId":"visitor-%[1]s","messageId":"send-%[1]s-2","timestamp":"%[3]s","traits":{"plan":"pro"}}`},
	{event.AccountCreated, "/v1/group", `{"type":"group","userId":"visitor-%[1]s","groupId":"account-%[1]s","messageId":"send-%[1]s-3","timestamp":"%[3]s","traits":{"name":"Analytical Engines"}}`},
	{event.AccountMetadataUpdated, "/v1/group", `{"type":"group","userId":"visitor-%[1]s","groupId":"account-%[1]s","messageId":"send-%[1]s-4","timestamp":"%[3]s","traits":{"employees":329}}`},
	{event.PageLoaded, "/v1/page", `{"type":"page","userId":"visitor-%[1]s","messageId":"send-%[1]s-5","timestamp":"%[3]s","name":"Pricing","properties":{"url":"https://example.com/pricing","title":"Pricing"}}`},
	{event.TrackEventReceived, "/data/track", `{"type":"track","event":"Account Upgraded","visitorId":"visitor-%[1]s","accountId":"account-%[1]s","timestamp":%[2]d,"properties":{"fromTier":"basic","toTier":"pro"},"context":{"ip":"203.0.113.9","userAgent":"edgerelay send","url":"https://example.com/billing","title":"Billing"}}`},
}

// SendOptions say what to send, and where to.
type SendOptions struct {
	Config *Config
	App    string   // name; "" is the first app
	Events []string // by any of their names; none: every kind there is a request for
	Out    io.Writer
	Now    func() time.Time // nil: time.Now
}

// Send posts sample events to a running relay through its public endpoints, as SDKs would, and prints a line for each.
func Send(ctx context.Context, o SendOptions) error {
	app, err := o.app()
	if err != nil {
		return err
	}
	chosen, err := chooseSamples(o.Events)
	if err != nil {
		return err
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	base := o.Config.Intake.url()
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	unique := fmt.Sprintf("%x", now().UnixMilli())
	for _, s := range chosen {
		at := now()
		body := fmt.Sprintf(s.body, unique, at.UnixMilli(), at.UTC().Format("2006-01-02T15:04:05.000Z"))
		answer, err := post(ctx, client, base+s.path, body, app)
		if err != nil {
			return fmt.Errorf("send %s: %w; is the relay running? start it with: edgerelay", s.kind, err)
		}
		if _, err := fmt.Fprintf(o.Out, "%-24s %s → %s\n", s.kind, s.path, answer); err != nil {
			return err
		}
	}
	return nil
}

func (o *SendOptions) app() (App, error) {
	if len(o.Config.Apps) == 0 {
		return App{}, usage("send: the config has no app; add an [[app]]")
	}
	var names []string
	for _, a := range o.Config.Apps {
		if o.App == "" || a.Name == o.App {
			return a, nil
		}
		names = append(names, a.Name)
	}
	return App{}, usage("send: there is no app %q; %s", o.App, spell.Hint(o.App, names))
}

// chooseSamples finds the samples of the named kinds. What one sample presupposes is sent with it: nobody's metadata can
// change before they were seen.
func chooseSamples(names []string) ([]sample, error) {
	if len(names) == 0 {
		return samples, nil
	}
	var chosen []sample
	for _, name := range names {
		kind, known := event.KindOf(name)
		at := slices.IndexFunc(samples, func(s sample) bool { return s.kind == kind })
		if !known || at < 0 {
			var there []string
			for _, s := range samples {
				there = append(there, s.kind.String())
			}
			return nil, usage("send: there is no sample request for %q; choose from %s", name, strings.Join(there, ", "))
		}
		if kind == event.VisitorMetadataUpdated || kind == event.AccountMetadataUpdated {
			chosen = append(chosen, samples[at-1])
		}
		chosen = append(chosen, samples[at])
	}
	return chosen, nil
}

func post(ctx context.Context, client *http.Client, url, body string, app App) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(app.Key+":")))
	if len(app.IntegrationKeys) > 0 {
		request.Header.Set("x-pendo-integration-key", app.IntegrationKeys[0])
	}
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
