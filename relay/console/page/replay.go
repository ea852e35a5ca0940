package page

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/replay"
)

// replayView is the page at /webhook/NAME/replay.
type replayView struct {
	hookFrame
	Form  replayForm
	Spans []choice
	Count *countView
	Wrong *desk.Error
	Jobs  []jobRow
	Busy  bool // a job has not ended
}

// replayForm is what is sent again, as the fields of a form hold it.
type replayForm struct {
	Span        string // a duration up to now; "" = From and Until say it
	From, Until string // UTC; a counted form has them exactly
	Given       bool   // only what was for the webhook when it came
	Events      string
	UniqueID    string
	Rate        string
}

// countView is what a dry run found.
type countView struct {
	replay.Count
	Size string
	Rest string // share that was not looked through
	Time string // that sending them takes
}

var replaySpans = []choice{{Value: "15m", Name: "Last 15 minutes"}, {Value: "1h", Name: "Last hour"}, {Value: "6h", Name: "Last 6 hours"},
	{Value: "24h", Name: "Last 24 hours"}, {Value: "all", Name: "All that is in the log"}, {Value: "", Name: "From … until …"}}

func readReplayForm(r *http.Request) replayForm {
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	return replayForm{get("span"), get("from"), get("until"), get("given") != "", get("events"), get("unique_id"), get("rate")}
}

// request is what the form asks for.
func (f *replayForm) request(name string, now time.Time) (q replay.Request, err error) {
	q = replay.Request{UniqueID: f.UniqueID, Events: selections(f.Events)}
	if f.Given {
		q.Of = name
	}
	if f.Rate != "" {
		if q.Rate, err = strconv.ParseFloat(f.Rate, 64); err != nil {
			return q, &desk.Error{Code: desk.Invalid, Field: "rate", Message: "must be a number of events a second"}
		}
	}
	span, err := time.ParseDuration(f.Span)
	switch {
	case f.Span == "all" || f.UniqueID != "" && f.Span == "":
	case err == nil && span > 0:
		q.From, q.Until = now.Add(-span), now
		f.Span, f.From, f.Until = "", q.From.Format(time.RFC3339Nano), q.Until.Format(time.RFC3339Nano)
	default:
		q.From, err = fieldTime("from", f.From)
		if err == nil {
			q.Until, err = fieldTime("until", f.Until)
		}
		return q, err
	}
	return q, nil
}

// fieldTime is a time in a form, as a browser writes it or exactly. An empty field bounds nothing.
func fieldTime(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{minute, "2006-01-02T15:04:05", time.RFC3339Nano} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, &desk.Error{Code: desk.Invalid, Field: field, Message: "is no time; write it like 2026-11-21T10:00"}
}

// selections are those of a field: on lines of their own, as commas stand between IDs.
func selections(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func (p *Pages) askReplay(w http.ResponseWriter, r *http.Request) {
	p.showReplay(w, r, http.StatusOK, func(v *replayView) { v.Form = replayForm{Span: "1h", Given: true} })
}

// showReplay shows the page, less or more as fill says.
func (p *Pages) showReplay(w http.ResponseWriter, r *http.Request, status int, fill func(*replayView)) {
	frame, err := p.hookFrame(r, "replay")
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view := replayView{hookFrame: frame}
	fill(&view)
	for _, c := range replaySpans {
		c.Chosen = c.Value == view.Form.Span
		view.Spans = append(view.Spans, c)
	}
	for _, job := range p.opt.Desk.Replays() {
		if job.Request.To == frame.Row.Name {
			view.Jobs = append(view.Jobs, newJobRow(job))
			view.Busy = view.Busy || !job.State.Ended()
		}
	}
	p.Show(w, status, "replay", view)
}

// replay counts what a form asks for, or begins it.
func (p *Pages) replay(w http.ResponseWriter, r *http.Request) {
	name, form := r.PathValue("name"), readReplayForm(r)
	request, err := form.request(name, p.opt.Now())
	var job replay.Job
	var count replay.Count
	start := r.PostForm.Get("do") == "start"
	switch {
	case err != nil:
	case start:
		job, err = p.opt.Desk.Replay(name, request)
	default:
		count, err = p.opt.Desk.CountReplay(r.Context(), name, request)
	}
	var refused *desk.Error
	switch {
	case errors.As(err, &refused) && refused.Code != desk.NotFound:
		p.showReplay(w, r, http.StatusUnprocessableEntity, func(v *replayView) { v.Form, v.Wrong = form, refused })
	case err != nil:
		p.refuse(w, r, err)
	case start:
		moveOn(w, r, hookPath(name)+"/replay#job-"+job.ID)
	default:
		p.showReplay(w, r, http.StatusOK, func(v *replayView) { v.Form, v.Count = form, newCount(count, request.Rate) })
	}
}

func newCount(c replay.Count, rate float64) *countView {
	if rate == 0 {
		rate = replay.RateDefault
	}
	return &countView{c, sizeOf(c.Bytes), percent(1 - c.Share), Duration(float64(c.Events) / rate)}
}

// jobRow is a replay as the page shows it.
type jobRow struct {
	replay.Job
	What    string
	Colour  string
	Percent int
	Over    bool
}

var jobColours = map[replay.State]string{replay.Done: "good", replay.Failed: "bad", replay.Running: "warn"}

func newJobRow(job replay.Job) jobRow {
	return jobRow{job, whatOf(&job.Request), jobColours[job.State], int(job.Share * 100), job.State.Ended()}
}

// whatOf says what a replay sends.
func whatOf(q *replay.Request) string {
	var parts []string
	switch {
	case q.Dead && len(q.Seqs) == 1:
		parts = append(parts, "one dead letter")
	case q.Dead && len(q.Seqs) > 0:
		parts = append(parts, count(len(q.Seqs))+" dead letters")
	case q.Dead:
		parts = append(parts, "all dead letters")
	case q.UniqueID != "":
		parts = append(parts, "the event "+q.UniqueID)
	case q.Of == "":
		parts = append(parts, "events of the log")
	case q.Of == q.To:
		parts = append(parts, "events that it was given")
	default:
		parts = append(parts, "events that "+q.Of+" was given")
	}
	if len(q.Events) > 0 {
		parts = append(parts, strings.Join(q.Events, ", "))
	}
	if !q.From.IsZero() {
		parts = append(parts, "from "+q.From.UTC().Format("2006-01-02 15:04:05"))
	}
	if !q.Until.IsZero() {
		parts = append(parts, "until "+q.Until.UTC().Format("2006-01-02 15:04:05"))
	}
	return strings.Join(parts, ", ")
}

func (p *Pages) cancelReplay(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if _, err := p.opt.Desk.CancelReplay(r.Context(), r.PostForm.Get("job")); err != nil {
		p.refuse(w, r, err)
		return
	}
	moveOn(w, r, hookPath(name)+"/replay")
}
