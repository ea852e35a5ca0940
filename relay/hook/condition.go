package hook

import (
	"sync/atomic"

	"edgerelay/relay/event"
	"edgerelay/relay/expression"
)

// Condition is what a webhook asks of an event beyond its name and IDs. It is safe for concurrent use.
type Condition struct {
	filter *expression.Filter
	faults atomic.Int64
}

// holds says whether the event that env holds is wanted. What the expression fails on is not, and is counted.
func (c *Condition) holds(env *expression.Env) bool {
	wanted, err := c.filter.Match(env)
	if err != nil {
		c.faults.Add(1)
	}
	return wanted
}

// Faults is on how many events the expression has failed so far, which were not sent for that reason.
func (c *Condition) Faults() int64 { return c.faults.Load() }

// condition compiles the expression.
func (c *checker) condition() *Condition {
	if c.spec.Where == "" {
		return nil
	}
	filter, err := expression.CompileFilter(c.spec.Where)
	if err != nil {
		c.add("where", "%v", err)
		return nil
	}
	return &Condition{filter: filter}
}

// lens shows one event to the conditions of many webhooks; it is decoded for the first of them.
type lens struct {
	env   expression.Env
	shows bool
}

func (l *lens) holds(c *Condition, e *event.Event) bool {
	if c == nil {
		return true
	}
	if !l.shows {
		l.env.Begin(e, event.Note{All: true})
		l.shows = true
	}
	return c.holds(&l.env)
}

// end lets go of the event.
func (l *lens) end() {
	if l.shows {
		l.env.End()
		l.shows = false
	}
}

// why is what the condition says of an event, for people; "" when it holds.
func (c *Condition) why(e *event.Event) string {
	var env expression.Env
	env.Begin(e, event.Note{All: true})
	switch wanted, err := c.filter.Match(&env); {
	case err != nil:
		return "its where fails on this event: " + err.Error()
	case !wanted:
		return "its where does not hold: " + c.filter.String()
	}
	return ""
}

// samples makes requests of a sample of each kind that is selected, where requests are made by templates. Of each part the
// first fault is told.
func (c *checker) samples(w *Webhook) {
	if w.Plan == nil || w.Plan.Template == nil {
		return
	}
	told := map[string]bool{}
	for _, k := range event.Kinds() {
		if !w.Selects(k) {
			continue
		}
		for _, f := range w.Plan.Template.Try(k) {
			if !told[f.Field] {
				told[f.Field] = true
				c.add(f.Field, "%s", f.Text)
			}
		}
	}
}
