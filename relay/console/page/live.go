package page

import (
	"net/http"
	"net/url"
	"strings"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
)

// liveShown is how many of the last events the page begins with.
const liveShown = 50

// liveView is the page at /live, of events, or that at /live/deliveries.
type liveView struct {
	Frame
	Deliveries bool
	Query      liveQuery
	Source     string // path of what is followed
	Self       string // path of this page without a query
	Events     []eventRow
	Older      string // path of the page that follows; "" = there is none
	Wrong      string // what is wrong with the query
	Apps       []string
	Hooks      []string
	Kinds      []string
}

// liveQuery is what is followed, as the fields of a form hold it.
type liveQuery struct{ Event, App, Visitor, UniqueID, Webhook, Status, Cursor string }

// eventRow is an event as the page shows it.
type eventRow struct {
	desk.Event
	What string // of its items, or its name, what fits a line
	Text string // its payload
}

func newEventRow(e desk.Event) eventRow {
	what := e.Name
	if what == "" {
		what = strings.Join(e.IDs, ", ")
	}
	return eventRow{e, what, layOut(string(e.Payload))}
}

func readLiveQuery(r *http.Request) liveQuery {
	values := r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	return liveQuery{get("event"), get("app"), get("visitor"), get("unique_id"), get("webhook"), get("status"), get("cursor")}
}

// values are those fields of the query that are filled in and that a path has.
func (q *liveQuery) values(names ...string) string {
	all := map[string]string{"event": q.Event, "app": q.App, "visitor": q.Visitor, "unique_id": q.UniqueID, "webhook": q.Webhook, "status": q.Status}
	values := url.Values{}
	for _, name := range names {
		if all[name] != "" {
			values.Set(name, all[name])
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// Filtered says whether anything is left out.
func (q liveQuery) Filtered() bool { q.Cursor = ""; return q != liveQuery{} }

func (p *Pages) newLive(r *http.Request) liveView {
	view := liveView{Frame: p.Frame(r, "live"), Query: readLiveQuery(r)}
	for _, app := range p.opt.Desk.Apps() {
		view.Apps = append(view.Apps, app.Name)
	}
	for _, w := range p.opt.Desk.List() {
		view.Hooks = append(view.Hooks, w.Name)
	}
	for _, k := range event.Kinds() {
		view.Kinds = append(view.Kinds, k.String())
	}
	return view
}

func (p *Pages) liveEvents(w http.ResponseWriter, r *http.Request) {
	view := p.newLive(r)
	view.Self = "/live"
	q := &view.Query
	query := q.values("event", "app", "visitor", "unique_id", "webhook")
	wanted := desk.EventQuery{App: q.App, Visitor: q.Visitor, UniqueID: q.UniqueID, Webhook: q.Webhook, Limit: liveShown, Cursor: q.Cursor}
	if q.Event != "" {
		wanted.Events = []string{q.Event}
	}
	page, err := p.opt.Desk.Events(r.Context(), wanted)
	switch message, ok := wrong(err); {
	case ok:
		view.Wrong = message
	case err != nil:
		p.refuse(w, r, err)
		return
	default:
		view.Source = "/api/events" + query
	}
	for _, e := range page.Events {
		view.Events = append(view.Events, newEventRow(e))
	}
	if page.Cursor != "" {
		sign := "?"
		if query != "" {
			sign = "&"
		}
		view.Older = "/live" + query + sign + "cursor=" + url.QueryEscape(page.Cursor)
	}
	if scripted(r) && q.Cursor != "" {
		p.part(w, http.StatusOK, "live", "events", view)
		return
	}
	p.Show(w, http.StatusOK, "live", view)
}

func (p *Pages) liveDeliveries(w http.ResponseWriter, r *http.Request) {
	view := p.newLive(r)
	view.Self, view.Deliveries = "/live/deliveries", true
	view.Source = "/api/deliveries" + view.Query.values("event", "webhook", "status")
	p.Show(w, http.StatusOK, "live", view)
}
