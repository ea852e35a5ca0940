package page

import (
	"errors"
	"net/http"

	"edgerelay/relay/desk"
)

// explainView is the page at /explain.
type explainView struct {
	Frame
	Event string // as it was pasted
	Found *desk.Explanation
	Wrong string
}

// exampleEvent stands in the box of the page at first.
const exampleEvent = `{
  "event": "pageLoaded",
  "visitorId": "ada@example.com",
  "properties": {"ids": ["page-settings"]}
}`

func (p *Pages) askExplain(w http.ResponseWriter, r *http.Request) {
	p.Show(w, http.StatusOK, "explain", explainView{Frame: p.Frame(r, "explain"), Event: exampleEvent})
}

func (p *Pages) explain(w http.ResponseWriter, r *http.Request) {
	view := explainView{Frame: p.Frame(r, "explain"), Event: r.PostForm.Get("event")}
	found, err := p.opt.Desk.Explain([]byte(view.Event))
	status := http.StatusOK
	switch message, ok := wrong(err); {
	case ok:
		status, view.Wrong = http.StatusUnprocessableEntity, message
	case err != nil:
		p.refuse(w, r, err)
		return
	default:
		view.Found = &found
	}
	if scripted(r) {
		p.part(w, status, "explain", "found", view)
		return
	}
	p.Show(w, status, "explain", view)
}

// wrong is what is wrong with what somebody typed, if that is why there is an error.
func wrong(err error) (message string, ok bool) {
	var refused *desk.Error
	if errors.As(err, &refused) && refused.Code == desk.Invalid {
		return refused.Error(), true
	}
	return "", false
}
