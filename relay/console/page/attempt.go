package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/journal"
)

// attemptRow is an attempt as a log shows it.
type attemptRow struct {
	*journal.Attempt
	Path    string // of all that is known of it
	Colour  string
	Word    string // what came of it
	Took    string
	ShortID string
}

// outcomeWords are what came of attempts, in a word and a colour.
var outcomeWords = map[journal.Outcome][2]string{
	journal.Delivered: {"delivered", "good"},
	journal.Retry:     {"tried again", "warn"},
	journal.Dead:      {"given up", "bad"},
	journal.Gone:      {"gone", "bad"},
	journal.Note:      {"note", ""},
}

func newAttemptRow(a *journal.Attempt, base string) attemptRow {
	word := outcomeWords[a.Outcome]
	row := attemptRow{Attempt: a, Path: base + "/" + url.PathEscape(a.ID), Word: word[0], Colour: word[1], ShortID: a.UniqueID}
	if len(row.ShortID) > 10 {
		row.ShortID = row.ShortID[:10]
	}
	if a.Outcome != journal.Note {
		row.Took = Duration(short(a.Timing.Total).Seconds())
	}
	return row
}

// short is a duration with as many digits as people read.
func short(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(10 * time.Microsecond)
}

// Says is the status as a text.
func (a attemptRow) Says() string {
	switch {
	case a.Outcome == journal.Note:
		return ""
	case a.Status == 0:
		return "no reply"
	}
	return strconv.Itoa(a.Status)
}

// attemptView is all that is known of an attempt.
type attemptView struct {
	Frame
	attemptRow
	Webhook string // that it can be sent to again; "" = there is none of that name
	Spans   []timeSpan
	Text    string // the reply's body
	Back    string
}

// timeSpan is a part of an attempt's time, in percent of the whole.
type timeSpan struct {
	Name, Class, Took string
	From, Width       string
}

func (p *Pages) hookAttempt(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	p.showAttempt(w, r, hookPath(name)+"/log", func(q journal.Query) (desk.LogPage, error) { return p.opt.Desk.Log(name, q) })
}

func (p *Pages) anyAttempt(w http.ResponseWriter, r *http.Request) {
	p.showAttempt(w, r, "/errors", p.opt.Desk.Errors)
}

func (p *Pages) showAttempt(w http.ResponseWriter, r *http.Request, back string, list func(journal.Query) (desk.LogPage, error)) {
	id := r.PathValue("id")
	page, err := list(journal.Query{Cursor: id, Limit: 1})
	if err == nil && (len(page.Attempts) == 0 || page.Attempts[0].ID != id) {
		err = &desk.Error{Code: desk.NotFound, Message: "this attempt is no longer in the log"}
	}
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	a := &page.Attempts[0]
	view := attemptView{Frame: p.Frame(r, "webhooks"), attemptRow: newAttemptRow(a, back), Spans: spans(&a.Timing), Text: layOut(strings.ToValidUTF8(string(a.Body), "\uFFFD")), Back: back}
	if _, err := p.opt.Desk.Get(a.Webhook); err == nil {
		view.Webhook = a.Webhook
	}
	if scripted(r) {
		p.part(w, http.StatusOK, "attempt", "attempt", view)
		return
	}
	p.Show(w, http.StatusOK, "attempt", view)
}

// spans are where an attempt's time went, one behind the other.
func spans(t *journal.Timing) (all []timeSpan) {
	if t.Total <= 0 {
		return nil
	}
	at := time.Duration(0)
	add := func(name, class string, took time.Duration) {
		if took <= 0 {
			return
		}
		percent := func(d time.Duration) string { return fmt.Sprintf("%.2f", 100*float64(d)/float64(t.Total)) }
		all = append(all, timeSpan{name, class, Duration(short(took).Seconds()), percent(at), percent(took)})
		at += took
	}
	add("name look-up", "dns", t.DNS)
	add("connect", "connect", t.Connect)
	add("TLS", "tls", t.TLS)
	add("first byte", "first-byte", t.FirstByte)
	add("rest", "rest", t.Total-at)
	return all
}
