// Package page is the console for people: the pages that show the webhooks, what they deliver and what came in, and the
// forms that change them. It is HTML made on the server, which works without a script; htmx and a few small scripts make
// it livelier. Nothing is fetched from elsewhere, and no page holds a script or a style of its own.
//
//	pages, err := page.New(page.Options{Desk: desk, Who: who})
//	for path, handlers := range pages.Handlers() { … }
//	pages.Show(w, r, http.StatusOK, "overview", data) // of others that have a template here
//
// It knows the desk, whose values it shows, and HTML. It knows nothing of tokens and sessions but what Who says of a
// request, and nothing of the log and the senders. Pages are safe for concurrent use.
package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"edgerelay/relay/desk"
)

// files are the pages' templates and what they load, as they are in the binary.
//
//go:embed template style script library
var files embed.FS

// Options are what Pages work with.
type Options struct {
	Desk    *desk.Desk                // nil = there are only the pages that others show
	Who     func(r *http.Request) Who // nil = whoever asks may do everything
	Version string                    // shown on the pages
	Logger  *slog.Logger              // nil = slog.Default()
	Now     func() time.Time          // nil = time.Now
}

// Who is what a page must know of the person in front of it.
type Who struct {
	Reader bool   // may look and change nothing
	Signed bool   // has a session, and can leave it
	Token  string // that its forms must send, see the template "token"; "" = none
}

// Pages make the console's pages. Make them with New.
type Pages struct {
	opt       Options
	templates map[string]*template.Template
	assets    map[string]asset
}

// names are the templates that are pages; each stands in the frame of layout.html and may use what part.html defines.
var names = []string{"overview", "inspect", "refusal", "login", "list", "form", "webhook", "delete", "log", "errors", "attempt",
	"dead", "replay", "review", "live", "explain", "catalog", "entry", "touch"}

// New reads the templates.
func New(o Options) (*Pages, error) {
	if o.Who == nil {
		o.Who = func(*http.Request) Who { return Who{} }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Pages{opt: o, templates: map[string]*template.Template{}}
	var err error
	if p.assets, err = readAssets(); err != nil {
		return nil, err
	}
	for _, name := range names {
		t, err := template.New("").Funcs(p.words()).ParseFS(files, "template/layout.html", "template/part.html", "template/attempts.html", "template/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("read page %s: %w", name, err)
		}
		p.templates[name] = t
	}
	return p, nil
}

// Frame is what every page has around it. The values of pages embed it.
type Frame struct {
	Page    string // whose link in the navigation is the present one
	Version string
	Now     time.Time
	Who
}

// Frame is that of a page for the one who asks.
func (p *Pages) Frame(r *http.Request, page string) Frame {
	return Frame{page, p.opt.Version, p.opt.Now(), p.opt.Who(r)}
}

// Show answers with a page.
func (p *Pages) Show(w http.ResponseWriter, status int, name string, data any) {
	p.print(w, status, name, "layout", data)
}

// part answers with a part of a page, for a script to put in its place.
func (p *Pages) part(w http.ResponseWriter, status int, name, part string, data any) {
	p.print(w, status, name, part, data)
}

func (p *Pages) print(w http.ResponseWriter, status int, name, part string, data any) {
	var text bytes.Buffer
	if err := p.templates[name].ExecuteTemplate(&text, part, data); err != nil {
		p.opt.Logger.Error("make console page", "page", name, "error", err)
		http.Error(w, fmt.Sprintf("make the page %q: %v", name, err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // who does not listen any more needs no page
}

// refusalView is the page that says why there is none.
type refusalView struct {
	Frame
	Title, Message string
}

// NotFound answers who asked for a page that there is not.
func (p *Pages) NotFound(w http.ResponseWriter, r *http.Request) {
	p.refuse(w, r, &desk.Error{Code: desk.NotFound, Message: "There is no page at " + r.URL.Path + "."})
}

// refuse answers with why nothing was done, as a page of its own.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refused *desk.Error
	view := refusalView{p.Frame(r, ""), "Something went wrong", err.Error()}
	status := http.StatusInternalServerError
	switch {
	case !errors.As(err, &refused):
		p.opt.Logger.Error("a console page failed", "method", r.Method, "path", r.URL.Path, "error", err)
	case refused.Code == desk.NotFound:
		status, view.Title = http.StatusNotFound, "Not found"
	default:
		status, view.Title = http.StatusConflict, "That was not done"
	}
	if scripted(r) { // the page as a whole gives way
		w.Header().Set("HX-Retarget", "#main")
		w.Header().Set("HX-Reselect", "#main")
		w.Header().Set("HX-Reswap", "outerHTML")
	}
	p.Show(w, status, "refusal", view)
}
