package page

import (
	"net/http"
	"net/url"
	"strings"

	"edgerelay/relay/desk"
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
