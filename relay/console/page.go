package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"edgerelay/relay/event"
)

// files are the pages' templates and what they load, as they are in the binary.
//
//go:embed page
var files embed.FS

// shownMax is how much of a body a page shows, in bytes; the JSON has all.
const shownMax = 16 << 10

// pages are the templates by name, and by path what they load.
type pages struct {
	templates map[string]*template.Template
	assets    map[string]http.HandlerFunc
}

func newPages() (*pages, error) {
	p := &pages{templates: map[string]*template.Template{}, assets: map[string]http.HandlerFunc{}}
	for _, name := range []string{"overview", "inspect"} {
		t, err := template.ParseFS(files, "page/layout.html", "page/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("read page %s: %w", name, err)
		}
		p.templates[name] = t
	}
	for name, kind := range map[string]string{
		"console.css": "text/css; charset=utf-8",
		"inspect.js":  "text/javascript; charset=utf-8",
		"overview.js": "text/javascript; charset=utf-8",
		"icon.svg":    "image/svg+xml",
	} {
		content, err := files.ReadFile("page/" + name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		p.assets["/"+name] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(content)
		}
	}
	return p, nil
}

// show answers with a page.
func (s *Server) show(w http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := s.pages.templates[name].ExecuteTemplate(&page, "layout", data); err != nil {
		s.opts.Logger.Error("make console page", "page", name, "error", err)
		fail(w, http.StatusInternalServerError, "internal", "make the page %q: %v", name, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}

// frame is what every page has around it.
type frame struct {
	Page    string
	Version string
	Now     time.Time
}

// overviewView is the page at /.
type overviewView struct {
	frame
	Health   string // why it is not healthy; "" = it is
	Ready    string
	Sections []section
}

func (s *Server) overview(w http.ResponseWriter, _ *http.Request) {
	view := overviewView{frame: frame{"overview", s.opts.Version, s.opts.Now()}}
	if err := s.opts.Health(); err != nil {
		view.Health = err.Error()
	}
	if err := s.opts.Ready(); err != nil {
		view.Ready = err.Error()
	}
	var err error
	if view.Sections, err = sections(s.opts.Stats()); err != nil {
		s.opts.Logger.Error("lay out stats", "error", err)
	}
	s.show(w, "overview", view)
}

// inspectView is the page at /inspect.
type inspectView struct {
	frame
	URL      string // where deliveries are to be posted
	Token    bool   // a token is asked for
	Begun    int64
	First    uint64 // id of the oldest that is kept; 0 = none is
	Received uint64
	Kept     int
	Max      int
	Rows     []row
}

// row is a delivery as a page shows it.
type row struct {
	*delivery
	Ago   string
	Exact string
	Bytes string
	Text  string // of the body
	Cut   bool   // Text is not all of it
}

func (s *Server) inspectorPage(w http.ResponseWriter, r *http.Request, after uint64) {
	snap, now := s.inspector.snapshot(), s.opts.Now()
	view := inspectView{
		frame:    frame{"inspect", s.opts.Version, now},
		URL:      "http://" + r.Host + "/inspect",
		Token:    s.opts.Token != "",
		Begun:    snap.Begun,
		Received: snap.Received,
		Kept:     len(snap.Deliveries),
		Max:      deliveriesMax,
	}
	if n := len(snap.Deliveries); n > 0 {
		view.First = snap.Deliveries[n-1].ID
	}
	for _, d := range newer(snap.Deliveries, after) {
		view.Rows = append(view.Rows, newRow(d, now))
	}
	s.show(w, "inspect", view)
}

func newRow(d *delivery, now time.Time) row {
	r := row{
		delivery: d,
		Ago:      ago(now.Sub(d.Time)),
		Exact:    d.Time.Format("2006-01-02 15:04:05.000 MST"),
		Bytes:    humanize.IBytes(uint64(d.Size)),
	}
	if len(d.Body) > 0 && d.Body[0] == '"' { // no JSON, or nothing but a text
		r.Text = string(event.AppendText(nil, d.Body[:min(len(d.Body), shownMax)]))
		r.Cut = len(d.Body) > shownMax
		return r
	}
	r.Text, r.Cut = pretty(d.Body, shownMax)
	return r
}

// ago is how long something has been, in one unit. The page's script says it in the same words.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= unit.size {
			return strconv.Itoa(int(d/unit.size)) + unit.name + " ago"
		}
	}
	return "now"
}
