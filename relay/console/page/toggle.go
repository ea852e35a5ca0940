package page

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"edgerelay/relay/desk"
	"edgerelay/relay/registry"
)

// rowView is one webhook with its toggle.
type rowView struct {
	Frame
	Row    hookRow
	Self   string // path of the page that it is on
	InList bool   // it is a row of the list, which can be replaced by itself
}

// With is a row of this list.
func (v listView) With(row hookRow) rowView { return rowView{v.Frame, row, v.Self, true} }

// terms are the refusals that ask whoever turns a webhook on for more.
var terms = []desk.Code{desk.Code(registry.NeedsReview), desk.Code(registry.NeedsForce), desk.Code(registry.NeedsFrom)}

// enable turns a webhook on. When more than a click is asked for, the page is shown that asks.
func (p *Pages) enable(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	hook, err := p.opt.Desk.Enable(name, registry.Terms{})
	var refused *desk.Error
	if errors.As(err, &refused) && slices.Contains(terms, refused.Code) {
		moveOn(w, r, hookPath(name)+"/enable")
		return
	}
	p.switched(w, r, hook, err)
}

func (p *Pages) disable(w http.ResponseWriter, r *http.Request) {
	hook, err := p.opt.Desk.Disable(r.PathValue("name"))
	p.switched(w, r, hook, err)
}

// switched shows a webhook that was turned on or off, where it was shown before.
func (p *Pages) switched(w http.ResponseWriter, r *http.Request, hook desk.Webhook, err error) {
	back := backTo(r, hookPath(r.PathValue("name")))
	switch {
	case err != nil:
		p.refuse(w, r, err)
	case scripted(r) && strings.HasPrefix(back, "/webhooks"):
		p.part(w, http.StatusOK, "list", "row", rowView{p.Frame(r, "webhooks"), newHookRow(&hook), back, true})
	default:
		moveOn(w, r, back)
	}
}

// backTo is the page that a form names to return to. Only pages of this console are returned to.
func backTo(r *http.Request, otherwise string) string {
	back := r.PostForm.Get("back")
	u, err := url.Parse(back)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/webhook") {
		return otherwise
	}
	return back
}

// hookPath is where a webhook's own pages begin.
func hookPath(name string) string { return "/webhook/" + url.PathEscape(name) }
