package remote

import (
	"context"
	"fmt"
	"net/http"
)

type change struct {
	Key, From, To string
	Live          bool
}

// Compare prints what the text of a config file would change in the running relay, which reads it with its own environment.
func Compare(ctx context.Context, c *Console, file string, text []byte) error {
	answer, err := c.call(ctx, http.MethodPost, "/api/reload/compare", nil, map[string]string{"name": file, "text": string(text)})
	if err != nil {
		return err
	}
	return show(c, answer, func(v struct{ Changes []change }) error {
		if len(v.Changes) == 0 {
			_, err := fmt.Fprintln(c.Out, "the running relay has the same settings")
			return err
		}
		for _, x := range v.Changes {
			if _, err := fmt.Fprintln(c.Out, x.line()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (x change) line() string {
	text := fmt.Sprintf("~ %s = %s → %s", x.Key, x.From, x.To)
	switch {
	case x.From == "":
		text = fmt.Sprintf("+ %s = %s", x.Key, x.To)
	case x.To == "":
		text = fmt.Sprintf("- %s = %s", x.Key, x.From)
	}
	if !x.Live {
		text += "  (with the next start)"
	}
	return clean(text)
}
