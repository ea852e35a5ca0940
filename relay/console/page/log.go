package page

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/journal"
)

// logRows are the attempts on one page of a log.
const logRows = 50

// logView is a webhook's log, or the error log of all.
type logView struct {
	logQuery
	Base    string // path of the log
	Rows    []attemptRow
	Older   string // path of the page that follows; "" = there is none
	Newest  bool   // nothing comes before this page
	Options []choice
	Kinds   []string
	Named   bool   // rows say which webhook they are of
	Wrong   string // what is wrong with the query
}

// hookLogView is the page at /webhook/NAME/log, errorsView that at /errors.
type hookLogView struct {
	hookFrame
	Log      logView
	Download string
}

type errorsView struct {
	Frame
	Log      logView
	Download string
}

// logQuery is which attempts are wanted, as the fields of a form hold it.
type logQuery struct{ Status, Event, UniqueID, From, To, Cursor string }

// minute is how browsers write the time of a field for dates with times. Here it is UTC.
const minute = "2006-01-02T15:04"

func readLogQuery(r *http.Request) logQuery {
	values := r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	return logQuery{get("status"), get("event"), get("unique_id"), get("from"), get("to"), get("cursor")}
}

// query is what the journal is asked. A time that is none is left out, as the field shows.
func (q *logQuery) query() journal.Query {
	return journal.Query{Status: q.Status, Event: q.Event, UniqueID: q.UniqueID, From: q.time(&q.From), To: q.time(&q.To), Cursor: q.Cursor, Limit: logRows}
}

func (q *logQuery) time(field *string) time.Time {
	at, err := time.Parse(minute, *field)
	if err != nil {
		*field = ""
	}
	return at
}

// values are the query as the admin API takes it, without the cursor.
func (q *logQuery) values(form string) url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"status": q.Status, "event": q.Event, "unique_id": q.UniqueID} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, value := range map[string]string{"from": q.From, "to": q.To} {
		if at, err := time.Parse(minute, value); err == nil {
			values.Set(name, at.Format(form))
		}
	}
	return values
}

// Filtered says whether anything is left out.
func (q logQuery) Filtered() bool {
	return q.Status != "" || q.Event != "" || q.UniqueID != "" || q.From != "" || q.To != ""
}

var logStatuses = []choice{{Value: "", Name: "All attempts"}, {Value: "failed", Name: "Failed"}, {Value: "delivered", Name: "Delivered"}, {Value: "retry", Name: "Tried again"},
	{Value: "dead", Name: "Given up"}, {Value: "4xx", Name: "4xx"}, {Value: "5xx", Name: "5xx"}, {Value: "408", Name: "Timeout"}, {Value: "0", Name: "No reply"}, {Value: "note", Name: "Notes"}}

// newLog shows what a query found, or why it is none.
func (p *Pages) newLog(r *http.Request, base string, list func(journal.Query) (desk.LogPage, error)) (logView, error) {
	q := readLogQuery(r)
	wanted := q.query()
	page, err := list(wanted)
	view := logView{logQuery: q, Base: base, Newest: q.Cursor == ""}
	switch message, ok := wrong(err); {
	case ok:
		view.Wrong = message
	case err != nil:
		return view, err
	}
	for i := range page.Attempts {
		view.Rows = append(view.Rows, newAttemptRow(&page.Attempts[i], base))
	}
	if page.Cursor != "" {
		values := q.values(minute)
		values.Set("cursor", page.Cursor)
		view.Older = base + "?" + values.Encode()
	}
	known := false
	for _, c := range logStatuses {
		c.Chosen = c.Value == q.Status
		known = known || c.Chosen
		view.Options = append(view.Options, c)
	}
	if !known {
		view.Options = append(view.Options, choice{Value: q.Status, Name: q.Status, Chosen: true})
	}
	for _, k := range event.Kinds() {
		view.Kinds = append(view.Kinds, k.String())
	}
	return view, nil
}

func (p *Pages) hookLog(w http.ResponseWriter, r *http.Request) {
	frame, err := p.hookFrame(r, "log")
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view := hookLogView{hookFrame: frame}
	view.Log, err = p.newLog(r, frame.Self+"/log", func(q journal.Query) (desk.LogPage, error) { return p.opt.Desk.Log(frame.Row.Name, q) })
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view.Download = "/api/webhooks/" + url.PathEscape(frame.Row.Name) + "/log.json"
	if values := view.Log.values(time.RFC3339); len(values) > 0 {
		view.Download += "?" + values.Encode()
	}
	p.showLog(w, r, "log", view, view.Log)
}

// showLog answers with a page, or, when a script goes on with a list, with the rows that follow.
func (p *Pages) showLog(w http.ResponseWriter, r *http.Request, name string, view any, log logView) {
	if scripted(r) && !log.Newest {
		p.part(w, http.StatusOK, name, "attempts", log)
		return
	}
	p.Show(w, http.StatusOK, name, view)
}

func (p *Pages) errorLog(w http.ResponseWriter, r *http.Request) {
	log, err := p.newLog(r, "/errors", p.opt.Desk.Errors)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	log.Named = true
	view := errorsView{p.Frame(r, "errors"), log, "/api/errors"}
	if values := log.values(time.RFC3339); len(values) > 0 {
		view.Download += "?" + values.Encode()
	}
	p.showLog(w, r, "errors", view, log)
}
