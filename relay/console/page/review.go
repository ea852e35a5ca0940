package page

import (
	"errors"
	"net/http"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/journal"
	"edgerelay/relay/registry"
)

// reviewSpan is for how long errors ask for a review before a webhook is turned on again.
const reviewSpan = 14 * 24 * time.Hour

// reviewView is the page that asks for what it takes to turn a webhook on.
type reviewView struct {
	hookFrame
	Errors []attemptRow // the latest of the last 14 days
	More   bool
	Silent bool // it was turned off, and nothing is known of why
	Terms  registry.Terms
	Wrong  *desk.Error
}

func (p *Pages) askEnable(w http.ResponseWriter, r *http.Request) {
	p.showReview(w, r, http.StatusOK, registry.Terms{From: registry.Held}, nil)
}

func (p *Pages) showReview(w http.ResponseWriter, r *http.Request, status int, terms registry.Terms, wrong *desk.Error) {
	frame, err := p.hookFrame(r, "enable")
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	page, err := p.opt.Desk.Log(frame.Row.Name, journal.Query{Status: "failed", From: frame.Now.Add(-reviewSpan), Limit: 20})
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view := reviewView{hookFrame: frame, More: page.Cursor != "", Terms: terms, Wrong: wrong}
	for i := range page.Attempts {
		view.Errors = append(view.Errors, newAttemptRow(&page.Attempts[i], frame.Self+"/log"))
	}
	view.Silent = frame.Row.Disabled != nil && len(view.Errors) == 0 && !view.More
	p.Show(w, status, "review", view)
}

// terms are the refusals that ask whoever turns a webhook on for more.
var terms = map[desk.Code]bool{desk.Code(registry.NeedsReview): true, desk.Code(registry.NeedsForce): true, desk.Code(registry.NeedsFrom): true}

// enable turns a webhook on. When more than a click is asked for, the page is shown that asks.
func (p *Pages) enable(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	given := registry.Terms{Reviewed: r.PostForm.Get("reviewed") != "", Force: r.PostForm.Get("force") != "", From: registry.From(r.PostForm.Get("from"))}
	hook, err := p.opt.Desk.Enable(name, given)
	var refused *desk.Error
	switch {
	case !errors.As(err, &refused) || !terms[refused.Code]:
		p.switched(w, r, hook, err)
	case r.PostForm.Get("review") != "":
		p.showReview(w, r, http.StatusUnprocessableEntity, given, refused)
	default:
		moveOn(w, r, hookPath(name)+"/enable")
	}
}
