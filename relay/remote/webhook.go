package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// Webhook is the command "webhook".
type Webhook struct {
	List    listCommand    `cmd:"" help:"All webhooks and how they do."`
	Show    showCommand    `cmd:"" help:"One webhook, its settings and figures."`
	Create  createCommand  `cmd:"" help:"Make a webhook."`
	Edit    editCommand    `cmd:"" help:"Change a webhook that was made here, by the API or in the console."`
	Enable  enableCommand  `cmd:"" help:"Turn a webhook on."`
	Disable disableCommand `cmd:"" help:"Turn a webhook off."`
	Delete  deleteCommand  `cmd:"" help:"Delete a webhook, with all that waits for it and its log."`
	Test    testCommand    `cmd:"" help:"Send a webhook one event, on or off, and print the reply."`
	Log     logCommand     `cmd:"" help:"What came of a webhook's attempts, the newest first."`
	Dead    deadCommand    `cmd:"" help:"What was given up on, or some of it again."`
	Replay  replayCommand  `cmd:"" help:"Send past events or dead letters again."`
	Types   typesCommand   `cmd:"" help:"The types that a webhook may have, or what one of them takes."`
}

// webhook is a webhook as the API answers it, as far as it is printed.
type webhook struct {
	Name     string
	Origin   string
	Enabled  bool
	Disabled *struct{ Reason string }
	Settings map[string]any
	Place    string // where deliveries go
	Faults   []fault
	Live     struct {
		State, Reason         string
		Rate                  float64
		Success               *float64
		Backlog, Parked, Dead int64
		InFlight              int64   `json:"in_flight"`
		Held                  int64   // taken to be sent before it was turned off
		Lag                   float64 `json:"lag_seconds"`
	}
}

type listCommand struct{}

// Run prints all webhooks.
func (listCommand) Run(ctx context.Context, c *Console) error {
	answer, err := c.call(ctx, http.MethodGet, "/api/webhooks", nil, nil)
	if err != nil {
		return err
	}
	return show(c, answer, func(v struct{ Webhooks []webhook }) error {
		if len(v.Webhooks) == 0 {
			_, err := fmt.Fprintln(c.Out, `There are no webhooks. Make one: edgerelay webhook create NAME --url https://… --event "*"`)
			return err
		}
		t := newTable(c.Out, "name", "state", "rate/s", "success", "lag", "waiting", "dead", "from", "to")
		for _, w := range v.Webhooks {
			t.row(w.Name, w.Live.State, fmt.Sprintf("%.1f", w.Live.Rate), share(w.Live.Success), span(w.Live.Lag),
				fmt.Sprint(w.Live.Backlog+w.Live.Parked+w.Live.InFlight+w.Live.Held), fmt.Sprint(w.Live.Dead), w.Origin, w.to())
		}
		return t.end()
	})
}

// on says that it delivers, or tries to.
func (w *webhook) on() bool { return w.Enabled && w.Disabled == nil && len(w.Faults) == 0 }

// waiting says what has not ended. Of a webhook that is off all of it is held, but for what was under way when it was turned off.
func (w *webhook) waiting() string {
	l := &w.Live
	if w.on() {
		return fmt.Sprintf("%d, %d for their next attempt, %d under way", l.Backlog, l.Parked, l.InFlight)
	}
	text := fmt.Sprintf("%d held until it is turned on", l.Backlog+l.Parked+l.Held)
	if l.InFlight > 0 {
		text += fmt.Sprintf(", %d under way", l.InFlight)
	}
	return text
}

// to says where a webhook leads, as far as that can be told.
func (w *webhook) to() string {
	if w.Place != "" {
		return w.Place
	}
	return fmt.Sprint(w.Settings["url"])
}

type createCommand struct {
	Name   string `arg:"" help:"The new webhook's name."`
	Enable bool   `help:"Turn it on at once."`
	settings
}

// Run makes a webhook.
func (s *createCommand) Run(ctx context.Context, c *Console) error {
	d, err := s.document()
	if err != nil {
		return err
	}
	d["name"] = s.Name
	if s.Enable {
		d["enabled"] = true
	}
	answer, err := c.call(ctx, http.MethodPost, "/api/webhooks", nil, d)
	if err != nil {
		return err
	}
	return show(c, answer, func(w webhook) error {
		hint := ""
		if !w.Enabled {
			hint = "; it is off: try it with \"edgerelay webhook test\", then turn it on with \"edgerelay webhook enable\""
		}
		_, err := fmt.Fprintf(c.Out, "webhook %q was made%s\n", w.Name, hint)
		return err
	})
}

type editCommand struct {
	Name   string `arg:"" help:"The webhook's name."`
	Rename string `help:"Its new name."`
	settings
}

// Run changes a webhook.
func (s *editCommand) Run(ctx context.Context, c *Console) error {
	d, err := s.document()
	if err != nil {
		return err
	}
	if s.Rename != "" {
		d["name"] = s.Rename
	}
	if len(d) == 0 {
		return UsageError{"edit a webhook: nothing is to be changed; name a setting, such as --url"}
	}
	answer, err := c.call(ctx, http.MethodPatch, webhookPath(s.Name, ""), nil, d)
	if err != nil {
		return err
	}
	return show(c, answer, func(w webhook) error { return printWebhook(c.Out, w, nil) })
}

type deleteCommand struct {
	Name string `arg:"" help:"The webhook's name."`
	Yes  bool   `help:"Do not ask."`
}

// Run deletes a webhook, after a question.
func (s *deleteCommand) Run(ctx context.Context, c *Console) error {
	if !s.Yes {
		fmt.Fprintf(os.Stderr, "Delete webhook %q, with all that waits for it, its dead letters and its log? Type its name: ", s.Name)
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && line == "" {
			return UsageError{"delete a webhook: nobody answered; say --yes"}
		}
		if strings.TrimSpace(line) != s.Name {
			return errors.New("that is not its name, nothing was deleted")
		}
	}
	if _, err := c.call(ctx, http.MethodDelete, webhookPath(s.Name, ""), nil, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "webhook %q is deleted\n", s.Name)
	return err
}

// UsageError is what is wrong with how a command was called.
type UsageError struct{ text string }

func (e UsageError) Error() string { return e.text }
