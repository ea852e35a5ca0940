package console

import (
	"net/http"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"edgerelay/relay/console/page"
	"edgerelay/relay/event"
)

// shownMax is how much of a body a page shows, in bytes; the JSON has all.
const shownMax = 16 << 10

// overviewView is the page at /.
type overviewView struct {
	page.Frame
	Health   string // why it is not healthy; "" = it is
	Ready    string
	Hooks    []page.Group
	Sections []section
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	view := overviewView{Frame: s.pages.Frame(r, "overview")}
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
	if groups := s.pages.Groups(); groups != nil {
		view.Hooks = groups
		view.Sections = slices.DeleteFunc(view.Sections, func(part section) bool { return part.Name == "webhooks" }) // they have pages of their own
	}
	s.pages.Show(w, http.StatusOK, "overview", view)
}

// inspectView is the page at /inspect.
type inspectView struct {
	page.Frame
	URL      string // where deliveries are to be posted
	Guarded  bool   // a token is asked for
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
		Frame:    s.pages.Frame(r, "inspect"),
		URL:      "http://" + r.Host + "/inspect",
		Guarded:  s.opts.Token != "",
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
	s.pages.Show(w, http.StatusOK, "inspect", view)
}

func newRow(d *delivery, now time.Time) row {
	r := row{
		delivery: d,
		Ago:      page.Ago(now.Sub(d.Time)),
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
