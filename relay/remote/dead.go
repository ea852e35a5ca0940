package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type deadCommand struct {
	Name   string   `arg:"" help:"The webhook's name."`
	Replay []uint64 `placeholder:"ID" help:"Deliver these again, by the ids of the list; webhook replay NAME --dead is for all."`
	Limit  int      `default:"50" help:"How many."`
	Cursor string   `help:"Go on where a list ended."`
}

// deadLetter is a delivery that was given up on.
type deadLetter struct {
	ID       uint64
	Died     time.Time
	Status   int
	Reason   string
	Attempts int
	Event    struct {
		Event    string
		UniqueID string `json:"unique_id"`
	}
}

// Run lists the dead letters, those of the oldest events first, or delivers some of them again.
func (s *deadCommand) Run(ctx context.Context, c *Console) error {
	if len(s.Replay) > 0 {
		answer, err := c.call(ctx, http.MethodPost, webhookPath(s.Name, "/dead/replay"), nil, map[string]any{"ids": s.Replay})
		if err != nil {
			return err
		}
		return s.replayed(c, answer)
	}
	query := url.Values{"limit": {strconv.Itoa(s.Limit)}}
	if s.Cursor != "" {
		query.Set("cursor", s.Cursor)
	}
	answer, err := c.call(ctx, http.MethodGet, webhookPath(s.Name, "/dead"), query, nil)
	if err != nil {
		return err
	}
	return show(c, answer, func(v struct {
		Dead   []deadLetter
		Cursor string
	}) error {
		return s.print(c, v.Dead, v.Cursor)
	})
}

// replayed prints the replay. IDs that are no dead letter's are an error, though the others are sent again.
func (s *deadCommand) replayed(c *Console, answer []byte) error {
	var v struct {
		job
		Found   int64
		Missing []uint64
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		return fmt.Errorf("read the answer of %s: %w; is it of another version?", c.URL, err)
	}
	err := show(c, answer, func(json.RawMessage) error {
		switch {
		case v.Found == 0 && len(v.Missing) > 0:
			return nil // there is nothing to follow
		case v.Found == 1:
			fmt.Fprint(c.Out, "1 dead letter was found; ")
		default:
			fmt.Fprintf(c.Out, "%d dead letters were found; ", v.Found)
		}
		return v.print(c, s.Name)
	})
	if err == nil && len(v.Missing) > 0 {
		ids := make([]string, len(v.Missing))
		for i, id := range v.Missing {
			ids[i] = strconv.FormatUint(id, 10)
		}
		err = fmt.Errorf("webhook %q has no dead letter %s; \"edgerelay webhook dead %s\" shows those there are", s.Name, strings.Join(ids, ", "), s.Name)
	}
	return err
}

func (s *deadCommand) print(c *Console, letters []deadLetter, cursor string) error {
	if len(letters) == 0 {
		_, err := fmt.Fprintln(c.Out, "There are no dead letters. They are kept for 14 days.")
		return err
	}
	t := newTable(c.Out, "id", "died", "status", "tries", "event", "unique id", "reason")
	for _, d := range letters {
		t.row(strconv.FormatUint(d.ID, 10), d.Died.Local().Format(time.DateTime), number(d.Status), number(d.Attempts), d.Event.Event, d.Event.UniqueID, d.Reason)
	}
	if err := t.end(); err != nil || cursor == "" {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "There are more: --cursor %s\n", cursor)
	return err
}
