package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

type replayCommand struct {
	Name     string   `arg:"" help:"The webhook that gets the events."`
	Dead     bool     `help:"Its dead letters, in place of what is in the log."`
	Of       string   `placeholder:"WEBHOOK" help:"What this webhook was given (default: what the log holds, by the selections)."`
	UniqueID string   `name:"unique-id" help:"The one event of this uniqueId."`
	Event    []string `sep:"none" help:"Events as in a webhook's selections (default: the webhook's own)."`
	App      string   `help:"Events of this app only."`
	Since    string   `placeholder:"TIME" help:"From then on: a time, or how long ago, such as 2h."`
	Until    string   `placeholder:"TIME" help:"Up to then."`
	Rate     float64  `help:"Events a second at most (default: 200)."`
	DryRun   bool     `help:"Count only."`
	Wait     bool     `help:"Wait until it is done."`
	Job      string   `placeholder:"ID" help:"Print how a replay is doing that was started before."`
	Cancel   string   `placeholder:"ID" help:"End a replay."`
}

type job struct {
	ID, State, Reason string
	Events            int64
	Share             float64
}

// underway says that the replay has not come to its end.
func (j job) underway() bool { return j.State == "running" || j.State == "waiting" }

// Run starts a replay, or asks for one.
func (s *replayCommand) Run(ctx context.Context, c *Console) error {
	switch {
	case s.Job != "":
		return s.follow(ctx, c, s.Job)
	case s.Cancel != "":
		answer, err := c.call(ctx, http.MethodDelete, "/api/replays/"+s.Cancel, nil, nil)
		if err != nil {
			return err
		}
		return show(c, answer, func(j job) error { return j.print(c, s.Name) })
	}
	request, err := s.request(time.Now())
	if err != nil {
		return err
	}
	answer, err := c.call(ctx, http.MethodPost, webhookPath(s.Name, "/replay"), nil, request)
	if err != nil {
		return err
	}
	if s.DryRun {
		return show(c, answer, func(v struct {
			Events, Bytes int64
			Truncated     bool
		}) error {
			more := ""
			if v.Truncated {
				more = " or more"
			}
			_, err := fmt.Fprintf(c.Out, "%d%s events would be sent again to %q\n", v.Events, more, s.Name)
			return err
		})
	}
	if s.Wait {
		var j job
		if err := json.Unmarshal(answer, &j); err != nil {
			return fmt.Errorf("read the answer of %s: %w", c.URL, err)
		}
		return s.follow(ctx, c, j.ID)
	}
	return show(c, answer, func(j job) error { return j.print(c, s.Name) })
}

func (s *replayCommand) request(now time.Time) (map[string]any, error) {
	request := map[string]any{}
	for key, text := range map[string]string{"of": s.Of, "unique_id": s.UniqueID, "app": s.App} {
		if text != "" {
			request[key] = text
		}
	}
	for key, text := range map[string]string{"from": s.Since, "until": s.Until} {
		at, err := moment(text, now)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			request[key] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	for key, yes := range map[string]bool{"dead": s.Dead, "dry_run": s.DryRun} {
		if yes {
			request[key] = true
		}
	}
	if len(s.Event) > 0 {
		request["events"] = s.Event
	}
	if s.Rate > 0 {
		request["rate"] = s.Rate
	}
	return request, nil
}

// follow prints how a replay is doing, until it is done when it is to be waited for.
func (s *replayCommand) follow(ctx context.Context, c *Console, id string) error {
	for {
		answer, err := c.call(ctx, http.MethodGet, "/api/replays/"+id, nil, nil)
		if err != nil {
			return err
		}
		var j job
		if err := json.Unmarshal(answer, &j); err != nil {
			return fmt.Errorf("read the answer of %s: %w", c.URL, err)
		}
		if !s.Wait || !j.underway() {
			return show(c, answer, func(j job) error { return j.print(c, s.Name) })
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (j job) print(c *Console, name string) error {
	text := fmt.Sprintf("replay %s is %s: %d events sent again, %.0f%% of the way", j.ID, j.State, j.Events, 100*j.Share)
	if j.Reason != "" {
		text += ": " + clean(j.Reason)
	}
	if j.underway() {
		text += fmt.Sprintf("; follow it with \"edgerelay webhook replay %s --job %s --wait\"", name, j.ID)
	}
	_, err := fmt.Fprintln(c.Out, text)
	return err
}
