package hook

import (
	"fmt"
	"slices"
	"strings"

	"edgerelay/relay/event"
)

// Reason is why one webhook gets an event, or why not.
type Reason struct {
	Webhook  *Webhook
	Receives bool
	Why      string   // one line for people
	IDs      []string // which of the event's IDs it selected, as plain text; all of them when it selected the kind as a whole
}

// Explain goes through all webhooks, in the order of their queue numbers, and says for each whether it gets an event of
// this app. It looks at the selections one by one and is meant for people, not for traffic; Receivers gives the same answer.
func (s *Set) Explain(e *event.Event, app string) []Reason {
	ids := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		ids[i] = string(event.AppendText(nil, id))
	}
	reasons := make([]Reason, len(s.hooks))
	for i, w := range s.hooks {
		reasons[i] = w.explain(e, ids, app)
	}
	return reasons
}

func (w *Webhook) explain(e *event.Event, ids []string, app string) Reason {
	k := e.Kind
	no := func(format string, args ...any) Reason {
		return Reason{Webhook: w, Why: fmt.Sprintf(format, args...)}
	}
	switch {
	case !w.Enabled:
		return no("is off: enabled = false")
	case w.App != "" && w.App != app:
		return no("takes events of the app %q only, this one is of %q", w.App, app)
	case !w.Takes(k):
		return no("has no body for %s: the type %s takes none of that kind", k, w.Type)
	case !w.Selects(k):
		return no("does not select %s; it selects %s", k, strings.Join(w.Events, ", "))
	}
	selected, by := w.selected(k, ids)
	switch {
	case len(by) > 0 && w.Condition != nil && w.Condition.why(e) != "":
		return no("selects it by %s, but %s", strings.Join(by, ", "), w.Condition.why(e))
	case len(by) > 0:
		return Reason{Webhook: w, Receives: true, Why: "selects it by " + strings.Join(by, ", "), IDs: selected}
	case len(ids) == 0:
		return no("selects %s only for some IDs (%s), and the event has none", k, strings.Join(w.entries(k), ", "))
	}
	return no("selects %s only for other IDs (%s) than the event's: %s", k, strings.Join(w.entries(k), ", "), strings.Join(ids, ", "))
}

// selected is which IDs the webhook's selections take of an event, and by which entries.
func (w *Webhook) selected(k event.Kind, ids []string) (selected, by []string) {
	var whole bool
	taken := make([]bool, len(ids))
	for i := range w.Selections {
		s := &w.Selections[i]
		if !s.has(k) {
			continue
		}
		takes := len(s.IDs) == 0
		whole = whole || takes
		for j, id := range ids {
			if s.selectsID(id) {
				taken[j], takes = true, true
			}
		}
		if takes {
			by = append(by, s.Text)
		}
	}
	if whole {
		return ids, by
	}
	for j, id := range ids {
		if taken[j] {
			selected = append(selected, id)
		}
	}
	return selected, by
}

// entries are the webhook's entries for a kind, as they were written.
func (w *Webhook) entries(k event.Kind) []string {
	var texts []string
	for i := range w.Selections {
		if w.Selections[i].has(k) {
			texts = append(texts, w.Selections[i].Text)
		}
	}
	return slices.Clip(texts)
}
