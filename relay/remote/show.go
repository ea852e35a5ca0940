package remote

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

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
