package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

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
