package remote

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

type testCommand struct {
	Name  string `arg:"" help:"The webhook's name."`
	Event string `arg:"" optional:"" help:"Kind of event (default: the first that the webhook selects)."`
	File  string `placeholder:"FILE" help:"Send the event in this JSON file, - for standard input."`
}

// trial is what came of a test.
type trial struct {
	Event, Outcome, Reason string
	Status                 int
	MS                     float64
	Request                struct {
		Line, URL string
		Headers   []struct{ Name, Value string }
		Body      shortened
	}
	Reply shortened
}

type shortened struct {
	Text string
	Size int
	Cut  bool
}

// Run sends the event.
func (s *testCommand) Run(ctx context.Context, c *Console) error {
	var body any // nothing: the relay chooses
	switch {
	case s.File != "":
		text, err := readInput(s.File)
		if err != nil {
			return err
		}
		if !json.Valid(text) {
			return fmt.Errorf("test a webhook: %s holds no JSON", source(s.File))
		}
		body = map[string]any{"event": json.RawMessage(text)}
	case s.Event != "":
		body = map[string]any{"event": s.Event}
	}
	answer, err := c.call(ctx, http.MethodPost, webhookPath(s.Name, "/test"), nil, body)
	if err != nil {
		return err
	}
	return show(c, answer, func(t trial) error { return s.print(c, t) })
}

// print prints the request, the reply, and what it means.
func (s *testCommand) print(c *Console, t trial) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", clean(cmp.Or(t.Request.Line, t.Request.URL))) // a carrier makes requests of its own
	for _, h := range t.Request.Headers {
		fmt.Fprintf(&b, "%s: %s\n", clean(h.Name), clean(h.Value))
	}
	fmt.Fprintf(&b, "\n%s\n\n", clean(t.Request.Body.Text))
	status := fmt.Sprintf("%d %s", t.Status, http.StatusText(t.Status))
	switch {
	case t.Status == 0 && t.Outcome == "delivered":
		status = "done" // a file has no status
	case t.Status == 0:
		status = "no reply"
	}
	fmt.Fprintf(&b, "%s after %.0f ms: %s\n", strings.TrimSpace(status), t.MS, map[string]string{"delivered": "delivered",
		"retry": "a delivery would be tried again", "final": "a delivery would be given up", "gone": "the webhook would be turned off",
		"off": "the event would wait, and the webhook be turned off after some more such answers"}[t.Outcome])
	if t.Reason != "" {
		fmt.Fprintf(&b, "%s\n", clean(t.Reason))
	}
	if t.Reply.Text != "" {
		fmt.Fprintf(&b, "\n%s\n", clean(t.Reply.Text))
	}
	if _, err := fmt.Fprint(c.Out, b.String()); err != nil {
		return err
	}
	if t.Outcome != "delivered" {
		return fmt.Errorf("webhook %q did not take the event", s.Name)
	}
	return nil
}

// Explain is the command "explain".
type Explain struct {
	File string `arg:"" help:"File with one event as JSON, - for standard input."`
}

// Run asks who would get the event.
func (s *Explain) Run(ctx context.Context, c *Console) error {
	text, err := readInput(s.File)
	if err != nil {
		return err
	}
	if !json.Valid(text) {
		return fmt.Errorf("explain an event: %s holds no JSON", source(s.File))
	}
	answer, err := c.call(ctx, http.MethodPost, "/api/explain", nil, json.RawMessage(text))
	if err != nil {
		return err
	}
	return show(c, answer, func(x explanation) error { return x.print(c) })
}

type explanation struct {
	Event, App string
	IDs        []string
	Receivers  int
	Webhooks   []struct {
		Webhook, Why, State string
		Receives            bool
		IDs                 []string
	}
}

func (x explanation) print(c *Console) error {
	about := clean(x.Event)
	if len(x.IDs) > 0 {
		about += " of " + clean(strings.Join(x.IDs, ", "))
	}
	if x.App != "" {
		about += " in the app " + clean(x.App)
	}
	if _, err := fmt.Fprintf(c.Out, "%s: %d of %d webhooks get it\n\n", about, x.Receivers, len(x.Webhooks)); err != nil {
		return err
	}
	t := newTable(c.Out, "webhook", "gets it", "state", "why")
	for _, w := range x.Webhooks {
		gets := "no"
		if w.Receives {
			gets = "yes"
		}
		t.row(w.Webhook, gets, w.State, w.Why)
	}
	return t.end()
}
