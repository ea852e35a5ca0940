package page

import (
	"net/http"
	"net/url"
	"strconv"

	"edgerelay/relay/desk"
)

// deadRows are the dead letters on one page.
const deadRows = 50

// deadView is the page at /webhook/NAME/dead.
type deadView struct {
	hookFrame
	Rows  []deadRow
	After string // path of the page that follows; "" = there is none
}

// deadRow is a dead letter as the page shows it.
type deadRow struct {
	desk.DeadLetter
	Payload string
}

func (p *Pages) dead(w http.ResponseWriter, r *http.Request) {
	frame, err := p.hookFrame(r, "dead")
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	page, err := p.opt.Desk.Dead(frame.Row.Name, r.URL.Query().Get("cursor"), deadRows)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view := deadView{hookFrame: frame}
	for _, letter := range page.Dead {
		view.Rows = append(view.Rows, deadRow{letter, layOut(string(letter.Event.Payload))})
	}
	if page.Cursor != "" {
		view.After = frame.Self + "/dead?cursor=" + url.QueryEscape(page.Cursor)
	}
	p.Show(w, http.StatusOK, "dead", view)
}

// revive delivers dead letters again: the one whose button was pressed, the selected ones, or all.
func (p *Pages) revive(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	texts := r.PostForm["id"]
	switch one := r.PostForm.Get("one"); {
	case one != "":
		texts = []string{one}
	case r.PostForm.Get("all") != "":
		texts = nil
	case len(texts) == 0:
		p.refuse(w, r, &desk.Error{Code: desk.Invalid, Message: "no dead letter was selected; select some, or replay all"})
		return
	}
	var ids []uint64
	for _, text := range texts {
		id, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			p.refuse(w, r, &desk.Error{Code: desk.Invalid, Message: "a dead letter is named by a number"})
			return
		}
		ids = append(ids, id)
	}
	job, err := p.opt.Desk.Revive(name, ids)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	moveOn(w, r, hookPath(name)+"/replay#job-"+job.ID)
}
