package desk

import (
	"context"
	"slices"
	"strconv"
	"time"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// EventQuery says which events are wanted. What is empty takes all.
type EventQuery struct {
	Events   []string // selections as webhooks have them: "featureClicked:abc"
	App      string
	Visitor  string
	Account  string
	UniqueID string // 40 hex digits
	Webhook  string // events that were for it
	Limit    int    // 1 to EventsMax; 0 is EventsDefault
	Cursor   string // goes on where another page ended
	After    uint64 // only events with higher numbers
}

// Limits of a query.
const (
	EventsDefault = 100
	EventsMax     = 1000

	eventBytesMax = 8 << 20                // of payloads in one page
	searchTime    = 250 * time.Millisecond // for one page
)

// EventPage is what a query found, the newest first.
type EventPage struct {
	Events []Event `json:"events"`
	// Cursor is that of the page that follows, "" = there is none. A page may be short, or empty, and have one: then the
	// search has taken its time, and goes on from there.
	Cursor string `json:"cursor,omitempty"`
	// Searched is when the oldest event that was looked at was taken.
	Searched time.Time `json:"searched,omitzero"`
}

// Events are the last events in the log. Copies that a replay appended are left out.
func (d *Desk) Events(ctx context.Context, q EventQuery) (EventPage, error) {
	f, err := d.newFilter(&q)
	if err != nil {
		return EventPage{}, err
	}
	before := d.opt.Log.Head() + 1
	if q.Cursor != "" {
		n, err := strconv.ParseUint(q.Cursor, 10, 64)
		if err != nil || n == 0 {
			return EventPage{}, refuse(Invalid, "cursor", "is not one that a page ended with; leave it out to begin anew")
		}
		before = min(before, n)
	}
	switch {
	case q.Limit < 0 || q.Limit > EventsMax:
		return EventPage{}, refuse(Invalid, "limit", "must be from 1 to %d", EventsMax)
	case q.Limit == 0:
		q.Limit = EventsDefault
	}
	s := search{filter: f, limit: q.Limit, look: look{names: d.names()}, section: f.section(), page: EventPage{Events: []Event{}}}
	err = s.run(ctx, d.opt.Log, before, max(d.opt.Log.Start(), q.After+1))
	return s.page, err
}

// names are the webhooks' names by their queues.
func (d *Desk) names() map[uint32]string {
	names := map[uint32]string{}
	for _, w := range d.opt.Hooks.List() {
		names[w.Queue] = w.Name
	}
	return names
}

// search goes backwards through the log.
type search struct {
	filter  *filter
	section wal.Section
	look    look
	limit   int
	page    EventPage

	found []Event // of the present stretch, the oldest first
	bytes int     // of their payloads, and of those in page
	full  bool    // bytes had no room for more
}

// A stretch is read forwards. Stretches grow while little is found.
const (
	stretchMin = 256
	stretchMax = 16384
)

// run looks at the records before a number and not before first.
func (s *search) run(ctx context.Context, log *wal.Log, before, first uint64) error {
	begin := time.Now()
	for stretch := uint64(stretchMin); before > first; stretch = min(2*stretch, stretchMax) {
		from := max(first, before-min(stretch, before))
		if err := s.read(log, from, before-1); err != nil {
			return err
		}
		slices.Reverse(s.found)
		room := min(len(s.found), s.limit-len(s.page.Events))
		s.page.Events = append(s.page.Events, s.found[:room]...)
		if s.full || room < len(s.found) {
			s.page.Cursor = strconv.FormatUint(s.page.Events[len(s.page.Events)-1].Seq, 10)
			return nil
		}
		before = from
		if before > first && (len(s.page.Events) == s.limit || time.Since(begin) > searchTime || ctx.Err() != nil) {
			s.page.Cursor = strconv.FormatUint(before, 10)
			return ctx.Err()
		}
	}
	return nil
}

// read finds what is wanted between two numbers, both included.
func (s *search) read(log *wal.Log, from, to uint64) error {
	s.found = s.found[:0]
	s.section.From, s.section.To = from, to
	for s.section.From <= to {
		_, next, err := log.Read(s.section, s.see)
		if err != nil {
			return err
		}
		s.section.From = max(next, s.section.From+1)
	}
	return nil
}

// see takes a record that is wanted, in place of the oldest ones when there is no room.
func (s *search) see(p *wal.Past) bool {
	if at := time.UnixMilli(p.Time).UTC(); s.page.Searched.IsZero() || at.Before(s.page.Searched) {
		s.page.Searched = at
	}
	if !s.look.at(p) || !s.filter.wants(&s.look) {
		return true
	}
	s.found = append(s.found, *s.look.show())
	s.bytes += len(s.look.shown.Payload)
	for s.bytes > eventBytesMax && len(s.found) > 1 {
		s.bytes -= len(s.found[0].Payload)
		s.found, s.full = s.found[1:], true
	}
	return true
}

// look is one record of the log that is looked at. It is good for one after the other, by one goroutine.
type look struct {
	names map[uint32]string // the webhooks', by their queues

	past   *wal.Past
	event  event.Event
	queues []uint32
	shown  *Event // as it is shown; made once
}

// at begins to look at a record, and says whether it is an event that came in.
func (l *look) at(p *wal.Past) bool {
	l.past, l.shown = p, nil
	return !p.Repeat && len(p.Body) > 0 && p.Body[0] == event.RecordEvent && event.ParseRecord(p.Body, &l.event) == nil
}

func (l *look) show() *Event {
	if l.shown != nil {
		return l.shown
	}
	shown := showEvent(&l.event)
	shown.Seq, shown.Received = l.past.Seq, time.UnixMilli(l.past.Time).UTC()
	l.queues = l.past.Queues(l.queues[:0])
	for _, queue := range l.queues {
		if name, there := l.names[queue]; there {
			shown.Webhooks = append(shown.Webhooks, name)
		}
	}
	l.shown = &shown
	return l.shown
}
