package page

import (
	"errors"
	"net/http"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
)

// trialView is what came of a test, or why there was none.
type trialView struct {
	*desk.Trial
	Took    string
	Colour  string // of the outcome
	Means   string
	Body    string // the request's, laid out
	Refusal *desk.Error
}

// trialMeans says what the outcome would mean for a delivery.
var trialMeans = map[string][2]string{
	"delivered": {"good", "delivered"},
	"retry":     {"warn", "it would be tried again"},
	"final":     {"bad", "it would be given up, as a dead letter"},
	"gone":      {"bad", "the webhook would be turned off"},
	"off":       {"bad", "the event would wait, and the webhook be turned off after some more such answers"},
}

func newTrial(t desk.Trial, err error) (*trialView, error) {
	var refused *desk.Error
	if errors.As(err, &refused) {
		return &trialView{Refusal: refused}, nil
	}
	if err != nil {
		return nil, err
	}
	means := trialMeans[t.Outcome]
	return &trialView{Trial: &t, Took: Duration(t.Took / 1000), Colour: means[0], Means: means[1], Body: layOut(t.Request.Body.Text)}, nil
}

// what is the event that a test sends: a sample of the kind that the form names; nil = of what the webhook selects first.
func what(r *http.Request) []byte {
	k, known := event.KindOf(r.PostForm.Get("sample"))
	if !known {
		return nil
	}
	return literal(map[string]string{"event": k.String()})
}

// tryForm sends an event with what stands in a form, saved or not.
func (p *Pages) tryForm(w http.ResponseWriter, r *http.Request) {
	f, err := p.readForm(r, r.PostForm.Get("of"))
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	name := ""
	if f.of != nil {
		name = f.of.Name
	}
	trial, err := newTrial(p.opt.Desk.TryDraft(r.Context(), name, f.document(), what(r)))
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view := p.formAgain(r, &f)
	if view.Trial = trial; trial.Refusal != nil {
		view.blame(trial.Refusal)
	}
	if scripted(r) {
		p.part(w, http.StatusOK, "form", "trial", trial)
		return
	}
	p.Show(w, http.StatusOK, "form", view)
}

// try sends an event to a webhook as it is kept.
func (p *Pages) try(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	trial, err := newTrial(p.opt.Desk.Try(r.Context(), name, what(r)))
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	if scripted(r) {
		p.part(w, http.StatusOK, "form", "trial", trial)
		return
	}
	of, err := p.opt.Desk.Get(name)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view := p.formOf(r, &of, shown(of.Settings), pick(settings(&of, "events")))
	view.Trial = trial
	p.Show(w, http.StatusOK, "form", view)
}
