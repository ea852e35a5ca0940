package relay

import (
	"errors"
	"fmt"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/people"
	"edgerelay/relay/replay"
)

// openReplays makes what sends past events again, and goes on with what the last run left.
func (r *Relay) openReplays() (err error) {
	r.replays, err = replay.New(replay.Options{Log: r.log, Hooks: r.hooks.Set, Off: r.turnedOff, Logger: r.logger,
		Exclude: func(e *event.Event) bool {
			why, err := r.excluded(string(e.AppName), e)
			return why != "" || err != nil // whoever cannot be asked about is left alone
		},
		People: func() hook.People { return r.people.View() }})
	return err
}

// turnedOff is why a webhook is sent nothing that its user has on.
func (r *Relay) turnedOff(w *hook.Webhook) string {
	shown, err := r.hooks.Get(w.Name)
	if err != nil || shown.Off == nil {
		return ""
	}
	return shown.Off.Reason
}

// screen is whom the apps of one configuration exclude.
type screen struct {
	config *Config
	byApp  map[string]*people.Exclusions
}

func newScreen(c *Config) (*screen, error) {
	s := &screen{c, map[string]*people.Exclusions{}}
	var faults []error
	for _, a := range c.Apps {
		exclude, err := people.NewExclusions(a.Exclude.Visitors, a.Exclude.Accounts)
		faults = append(faults, err)
		s.byApp[a.Name] = exclude
	}
	return s, errors.Join(faults...)
}

// excluded says why intake would keep nothing of an event; "" = it would.
func (r *Relay) excluded(app string, e *event.Event) (string, error) {
	config := r.settings()
	s := r.screen.Load()
	if s == nil || s.config != config {
		var err error
		if s, err = newScreen(config); err != nil {
			return "", err
		}
		r.screen.Store(s)
	}
	if exclude := s.byApp[app]; exclude != nil && exclude.Excludes(e.Visitor, e.Account) {
		return fmt.Sprintf("the app %q excludes its visitor or account, see exclude in the config file", app), nil
	}
	refused, err := r.people.Refused(app, e.Visitor)
	if err != nil || !refused {
		return "", err
	}
	return "its visitor is marked do-not-process", nil
}
