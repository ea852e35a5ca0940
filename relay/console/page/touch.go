package page

import (
	"net/http"
	"strings"

	"edgerelay/relay/tagging"
)

// touchView is the page at /catalog/try.
type touchView struct {
	catalogFrame
	App, URL, Element string
	Found             *tagging.Trial
	Wrong             string
}

func (p *Pages) askTouch(w http.ResponseWriter, r *http.Request) {
	p.Show(w, http.StatusOK, "touch", touchView{catalogFrame: p.catalogFrame(r, "try")})
}

// touch says which pages a URL belongs to, and which features an element is.
func (p *Pages) touch(w http.ResponseWriter, r *http.Request) {
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	view := touchView{catalogFrame: p.catalogFrame(r, "try"), App: get("app"), URL: get("url"), Element: get("element")}
	found, err := p.opt.Desk.Touch(view.App, view.URL, view.Element)
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
		p.part(w, status, "touch", "touched", view)
		return
	}
	p.Show(w, status, "touch", view)
}
