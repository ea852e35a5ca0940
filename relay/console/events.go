package console

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/desk"
)

const (
	heartbeatEvery = 15 * time.Second // less than what proxies cut silent connections after
	newsTimeout    = 10 * time.Second // for one write to who follows
)

// events answers with the last events, or, to who accepts text/event-stream, with those that come from now on.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	live := r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	q := newQuery(r)
	wanted := desk.EventQuery{Events: q.texts("event"), App: q.text("app"), Visitor: q.text("visitor"), Account: q.text("account"),
		UniqueID: q.text("unique_id"), Webhook: q.text("webhook")}
	if !live {
		wanted.Limit, wanted.Cursor = q.count("limit", desk.EventsMax), q.text("cursor")
	}
	if !q.ok(w) {
		return
	}
	if live {
		s.follow(w, r, wanted)
		return
	}
	page, err := s.opts.Desk.Events(r.Context(), wanted)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, page)
}

// follow shows events as they come, as server-sent events: "event" with an event, "skipped" with how many there were too
// many to show, "end" before the connection is closed from here.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, wanted desk.EventQuery) {
	follower, err := s.opts.Desk.Follow(wanted)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer follower.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	out := newStream(w)
	out.write(": events from now on\nretry: 2000\n\n")
	s.resume(r, out, wanted, follower.Head())
	heartbeat := time.NewTicker(heartbeatEvery)
	defer heartbeat.Stop()
	for out.err == nil {
		select {
		case news, more := <-follower.C:
			if !more {
				out.end(follower.Err())
				return
			}
			out.news(news)
		case <-heartbeat.C:
			out.write(": still here\n\n")
		case <-r.Context().Done():
			return
		case <-s.stop:
			out.end(nil)
			return
		}
	}
}

// resumeMax is how many events are shown to who was cut off and comes again.
const resumeMax = 100

// resume shows what came since the last event that a browser had, which it names when it connects again.
func (s *Server) resume(r *http.Request, out *stream, wanted desk.EventQuery, head uint64) {
	last, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil || last >= head {
		return
	}
	wanted.Limit, wanted.After, wanted.Cursor = resumeMax, last, strconv.FormatUint(head+1, 10)
	page, err := s.opts.Desk.Events(r.Context(), wanted)
	if err != nil {
		return // it is a help only
	}
	for i := len(page.Events) - 1; i >= 0; i-- {
		out.news(desk.News{Event: &page.Events[i]})
	}
}

// stream writes an answer piece by piece. Who does not take a piece in time is cut off.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  []byte
	err     error // of the last write; nothing more is written
}

// newStream begins an answer that may last longer than others.
func newStream(w http.ResponseWriter) *stream {
	o := &stream{w: w, control: http.NewResponseController(w)}
	// The request was read. Behind its deadline, the connection would count as lost.
	o.err = o.control.SetReadDeadline(time.Time{})
	return o
}

// write sends a piece at once.
func (o *stream) write(text string) {
	o.buffer = append(o.buffer, text...)
	o.flush()
}

// flush sends what is in the buffer.
func (o *stream) flush() {
	if o.err == nil {
		late := o.control.SetWriteDeadline(time.Now().Add(newsTimeout))
		_, err := o.w.Write(o.buffer)
		o.err = errors.Join(late, err, o.control.Flush())
	}
	o.buffer = o.buffer[:0]
}

func (o *stream) news(n desk.News) {
	if n.Event == nil {
		o.write(fmt.Sprintf("event: skipped\ndata: {\"events\":%d}\n\n", n.Skipped))
		return
	}
	text, err := answers.Marshal(n.Event)
	if err != nil {
		o.err = err
		return
	}
	o.write(fmt.Sprintf("id: %d\nevent: event\ndata: %s\n\n", n.Event.Seq, text))
}

func (o *stream) end(why error) {
	reason := "the relay is stopping"
	if why != nil {
		reason = why.Error()
	}
	text, err := json.Marshal(map[string]string{"reason": reason})
	if err == nil {
		o.write(fmt.Sprintf("event: end\ndata: %s\n\n", text))
	}
}

// explain answers who gets an event and why.
func (s *Server) explain(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	if body == nil {
		fail(w, http.StatusBadRequest, "bad_request", "there is no body: send an event as JSON, such as {\"event\":\"pageLoaded\"}")
		return
	}
	explanation, err := s.opts.Desk.Explain(body)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, explanation)
}

func (s *Server) apps(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, struct {
		Apps []desk.App `json:"apps"`
	}{s.opts.Desk.Apps()})
}

// reload puts the config file, as it is now, in force.
func (s *Server) reload(w http.ResponseWriter, r *http.Request) {
	if !readNothing(w, r) {
		return
	}
	changes, err := s.opts.Desk.Reload(r.Context())
	s.answerChanges(w, r, changes, err)
}

func (s *Server) answerChanges(w http.ResponseWriter, r *http.Request, changes []desk.Change, err error) {
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, struct {
		Changes []desk.Change `json:"changes"`
	}{changes})
}

// compare says what a reload would change if the config file held the text that is sent.
func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	var file struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}
	if !readJSON(w, r, &file) {
		return
	}
	if file.Text == "" {
		failField(w, http.StatusBadRequest, "invalid", "text", "is missing; send the text of a config file")
		return
	}
	changes, err := s.opts.Desk.Compare(cmp.Or(file.Name, "config.toml"), []byte(file.Text))
	s.answerChanges(w, r, changes, err)
}

// tryWebhook sends a webhook one event and shows what became of it.
func (s *Server) tryWebhook(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	trial, err := s.opts.Desk.Try(r.Context(), r.PathValue("name"), body)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, trial)
}
