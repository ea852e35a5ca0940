package desk

import (
	"errors"

	"edgerelay/relay/event"
	"edgerelay/relay/journal"
)

// LogPage is a part of the attempt log, the newest first.
type LogPage struct {
	Attempts []journal.Attempt `json:"attempts"`
	// Cursor is that of the page that follows, "" = there is none. A page may be short, or empty, and have one.
	Cursor string `json:"cursor,omitempty"`
}

// Log is what became of a webhook's attempts: all failed ones, and some of the others.
func (d *Desk) Log(name string, q journal.Query) (LogPage, error) {
	w, err := d.opt.Hooks.Get(name)
	if err != nil {
		return LogPage{}, refusal(err)
	}
	if q.Event, err = canonical(q.Event); err != nil {
		return LogPage{}, err
	}
	list, next, err := d.opt.Journal.List(w.Queue, q)
	return logPage(list, next, err)
}

// Errors are the failed attempts of all webhooks, and what else happened to them.
func (d *Desk) Errors(q journal.Query) (page LogPage, err error) {
	if q.Event, err = canonical(q.Event); err != nil {
		return LogPage{}, err
	}
	list, next, err := d.opt.Journal.Errors(q)
	return logPage(list, next, err)
}

func logPage(list []journal.Attempt, next string, err error) (LogPage, error) {
	var wrong *journal.QueryError
	switch {
	case errors.As(err, &wrong):
		return LogPage{}, refuse(Invalid, wrong.Field, "%s", wrong.Text)
	case err != nil:
		return LogPage{}, err
	}
	return LogPage{append([]journal.Attempt{}, list...), next}, nil
}

// canonical is a kind's name as the log has it.
func canonical(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	kind, known := event.KindOf(name)
	if !known {
		return "", unknownKind("event", name)
	}
	return kind.String(), nil
}
