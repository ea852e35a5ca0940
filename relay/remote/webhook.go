package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
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

type showCommand struct {
	Name string `arg:"" help:"The webhook's name."`
}

// Run prints one webhook.
func (s *showCommand) Run(ctx context.Context, c *Console) error {
	answer, err := c.call(ctx, http.MethodGet, webhookPath(s.Name, ""), nil, nil)
	if err != nil {
		return err
	}
	return show(c, answer, func(w webhook) error {
		answer, err := c.call(ctx, http.MethodGet, webhookPath(s.Name, "/stats"), nil, nil)
		if err != nil {
			return err
		}
		return show(c, answer, func(v struct{ Export *export }) error { return printWebhook(c.Out, w, v.Export) })
	})
}

// printWebhook prints a webhook's figures, then those settings that say something. e is nil when it collects no files.
func printWebhook(out io.Writer, w webhook, e *export) error {
	t := newRows(out)
	t.row("name", w.Name)
	t.row("made in", map[string]string{"file": "the config file", "api": "the console or by the API"}[w.Origin])
	t.row("leads to", w.to())
	t.row("state", w.Live.State)
	if w.Live.Reason != "" {
		t.prose("reason", w.Live.Reason)
	}
	for _, f := range w.Faults {
		t.prose("fault", f.Field+": "+f.Message)
	}
	t.row("rate", fmt.Sprintf("%.1f/s", w.Live.Rate))
	t.row("success", share(w.Live.Success))
	t.row("lag", span(w.Live.Lag))
	t.row("waiting", w.waiting())
	t.row("dead letters", fmt.Sprint(w.Live.Dead))
	if e != nil {
		e.print(t, w.on(), time.Now())
	}
	for _, key := range slices.Sorted(maps.Keys(w.Settings)) {
		if own, ok := w.Settings[key].(map[string]any); ok && key == "settings" {
			for _, name := range slices.Sorted(maps.Keys(own)) {
				t.row("settings."+name, fmt.Sprint(own[name]))
			}
			continue
		}
		if text := settingText(w.Settings[key]); text != "" && key != "name" {
			t.row(key, text)
		}
	}
	return t.end()
}

func settingText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if v == "0" || v == "0s" {
			return ""
		}
		return v
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = fmt.Sprint(v[i])
		}
		return strings.Join(texts, ", ")
	case map[string]any:
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			texts = append(texts, fmt.Sprintf("%s: %v", name, v[name]))
		}
		return strings.Join(texts, ", ")
	case bool:
		if !v {
			return ""
		}
	case float64:
		if v == 0 {
			return ""
		}
	}
	return fmt.Sprint(v)
}

// settings are the flags that make or change a webhook. What has no flag is set by --set or by a file.
type settings struct {
	URL         string            `name:"url" help:"Where deliveries are posted; of a vendor's type it overrides the vendor's endpoint."`
	Type        string            `help:"What is at the other end, see \"edgerelay webhook types\" (default: url)."`
	WriteKey    string            `help:"Key that events are written with, of types that have one; - reads it from standard input."`
	AccessToken string            `help:"Token of the vendor's API, of types that have one; - reads it from standard input."`
	Region      string            `help:"Region, of types that have regions."`
	Setting     map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"What only this type takes; @FILE as the value reads it from a file; may be repeated."`
	Event       []string          `sep:"none" help:"Event to send: NAME, NAME:ID or a pattern; may be repeated."`
	Secret      string            `help:"Secret to sign with; - reads it from standard input."`
	App         string            `help:"Events of this app only."`
	Format      string            `help:"Shape of the body."`
	Signature   []string          `help:"Signature schemes."`
	Owner       string            `help:"Mail address of who hears when it is turned off."`
	Set         map[string]string `placeholder:"KEY=VALUE" help:"Any other setting, by its key in the config file, such as where, rate or settings.bucket; VALUE is JSON or a text."`
	From        string            `placeholder:"FILE" help:"JSON file with settings, - for standard input; flags go before it."`
}

// document is the settings as the API takes them.
func (s *settings) document() (map[string]any, error) {
	d := map[string]any{}
	if s.From != "" {
		if err := readDocument(s.From, &d); err != nil {
			return nil, err
		}
	}
	if err := s.readSecrets(os.Stdin); err != nil {
		return nil, err
	}
	for key, value := range map[string]string{"url": s.URL, "type": s.Type, "write_key": s.WriteKey, "access_token": s.AccessToken,
		"region": s.Region, "secret": s.Secret, "app": s.App, "format": s.Format, "owner": s.Owner} {
		if value != "" {
			d[key] = value
		}
	}
	for key, values := range map[string][]string{"events": s.Event, "signature": s.Signature} {
		if len(values) > 0 {
			d[key] = values
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Set)) { // settings before their members
		value := s.Set[key]
		switch name, own := strings.CutPrefix(key, "settings."); {
		case own:
			put(d, name, value)
		case json.Valid([]byte(value)):
			d[key] = json.RawMessage(value)
		default:
			d[key] = value
		}
	}
	for name, value := range s.Setting {
		if file, is := strings.CutPrefix(value, "@"); is {
			text, err := readInput(file)
			if err != nil {
				return nil, fmt.Errorf("read the setting %s: %w", name, err)
			}
			value = string(text)
		}
		put(d, name, value)
	}
	return d, nil
}

// put sets a member of settings, all of which are texts. An empty one is taken away.
func put(d map[string]any, name, value string) {
	own := map[string]any{}
	switch before := d["settings"].(type) {
	case map[string]any:
		own = before
	case json.RawMessage:
		_ = json.Unmarshal(before, &own) // what is no object gives way
	}
	own[name] = value
	if value == "" {
		own[name] = nil
	}
	d["settings"] = own
}

// readSecrets reads the secrets that are to come from in, a line each, in the order of the flags.
func (s *settings) readSecrets(in io.Reader) error {
	lines := bufio.NewReader(in)
	for _, secret := range []*string{&s.WriteKey, &s.AccessToken, &s.Secret} {
		if *secret != "-" {
			continue
		}
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the secret: %w", err)
		}
		*secret = strings.TrimRight(line, "\r\n")
	}
	return nil
}

func readDocument(file string, d *map[string]any) error {
	text, err := readInput(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, d); err != nil {
		return fmt.Errorf("read settings: %s holds no JSON object: %w", source(file), err)
	}
	return nil
}

// readInput reads a file, or standard input for "-".
func readInput(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(file)
}

// source is what to call the file in an error.
func source(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
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

type enableCommand struct {
	Name     string `arg:"" help:"The webhook's name."`
	Reviewed bool   `help:"Its errors of the last 14 days were looked at."`
	Force    bool   `help:"Turn it on though it was turned off and no log of it is left."`
	From     string `enum:",held,now" default:"" help:"What to do with events that were held: held delivers them, now gives them up."`
}

// Run turns a webhook on.
func (s *enableCommand) Run(ctx context.Context, c *Console) error {
	terms := map[string]any{"reviewed": s.Reviewed, "force": s.Force, "from": s.From}
	err := c.turn(ctx, s.Name, "/enable", terms, "on")
	var refused *Refusal
	if errors.As(err, &refused) && terms[refused.Field] != nil {
		refused.Field, refused.Message = "", asFlags.Replace(refused.Message)
	}
	return err
}

// asFlags makes flags of what the API calls the terms on which it turns a webhook on.
var asFlags = strings.NewReplacer("reviewed: true", "--reviewed", "force: true", "--force", `from: "held"`, "--from held", `from: "now"`, "--from now")

type disableCommand struct {
	Name string `arg:"" help:"The webhook's name."`
}

// Run turns a webhook off.
func (s *disableCommand) Run(ctx context.Context, c *Console) error {
	return c.turn(ctx, s.Name, "/disable", map[string]any{}, "off")
}

func (c *Console) turn(ctx context.Context, name, rest string, body map[string]any, state string) error {
	answer, err := c.call(ctx, http.MethodPost, webhookPath(name, rest), nil, body)
	if err != nil {
		return err
	}
	return show(c, answer, func(w webhook) error {
		_, err := fmt.Fprintf(c.Out, "webhook %q is %s\n", w.Name, state)
		return err
	})
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
