package console

import (
	"net/http"
	"strconv"
	"strings"
)

// list shows what was delivered: as JSON, or to browsers as a page.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	after, id := uint64(0), uint64(0)
	for name, to := range map[string]*uint64{"after": &after, "id": &id} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			failField(w, http.StatusBadRequest, "bad_request", name, "%s is no delivery's id: use a whole number", name)
			return
		}
		*to = n
	}
	switch format := query.Get("format"); {
	case format != "" && format != "json" && format != "html":
		failField(w, http.StatusBadRequest, "bad_request", "format", "there is no format %q: use json or html", format)
	case id > 0:
		s.one(w, id)
	case format == "html" || format == "" && wantsPage(r):
		s.inspectorPage(w, r, after)
	default:
		s.listJSON(w, after)
	}
}

func (s *Server) listJSON(w http.ResponseWriter, after uint64) {
	snap := s.inspector.snapshot()
	answerJSON(w, http.StatusOK, struct {
		Received   uint64      `json:"received"`
		Kept       int         `json:"kept"`
		Deliveries []*delivery `json:"deliveries"`
	}{snap.Received, len(snap.Deliveries), newer(snap.Deliveries, after)})
}

// newer is those of deliveries, newest first, that came after the id.
func newer(deliveries []*delivery, after uint64) []*delivery {
	for i, d := range deliveries {
		if d.ID <= after {
			return deliveries[:i]
		}
	}
	return deliveries
}

func (s *Server) one(w http.ResponseWriter, id uint64) {
	for _, d := range s.inspector.snapshot().Deliveries {
		if d.ID == id {
			answerJSON(w, http.StatusOK, d)
			return
		}
	}
	fail(w, http.StatusNotFound, "not_found", "delivery %d is not kept: the inspector keeps the last %d", id, deliveriesMax)
}

// empty forgets what was delivered.
func (s *Server) empty(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, struct {
		Deleted int `json:"deleted"`
	}{s.inspector.empty()})
}

// wantsPage says whether a browser asks to show something: programs say */* or ask for JSON.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html") && r.URL.Query().Get("format") != "json"
}
