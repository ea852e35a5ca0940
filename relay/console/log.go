package console

import (
	"fmt"
	"net/http"
	"net/url"

	"edgerelay/relay/desk"
	"edgerelay/relay/journal"
	"edgerelay/relay/replay"
)

// downloadMax is the most entries of the attempt log that one download holds.
const downloadMax = 100_000

// logQuery reads which entries of the attempt log are wanted.
func (s *Server) logQuery(r *http.Request) (*query, journal.Query) {
	q, now := newQuery(r), s.opts.Now()
	return q, journal.Query{Status: q.text("status"), From: q.time("from", now), To: q.until(now), Event: q.text("event"), UniqueID: q.text("unique_id")}
}

func (s *Server) webhookLog(w http.ResponseWriter, r *http.Request) {
	s.logPage(w, r, func(wanted journal.Query) (desk.LogPage, error) { return s.opts.Desk.Log(r.PathValue("name"), wanted) })
}

func (s *Server) errorLog(w http.ResponseWriter, r *http.Request) {
	s.logPage(w, r, s.opts.Desk.Errors)
}

func (s *Server) logPage(w http.ResponseWriter, r *http.Request, list func(journal.Query) (desk.LogPage, error)) {
	q, wanted := s.logQuery(r)
	wanted.Limit, wanted.Cursor = q.count("limit", journal.LimitMax), q.text("cursor")
	if !q.ok(w) {
		return
	}
	page, err := list(wanted)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, page)
}

// downloadLog answers with all of a webhook's log, or what is wanted of it, as a file. It has the form of one page.
func (s *Server) downloadLog(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	q, wanted := s.logQuery(r)
	if !q.ok(w) {
		return
	}
	wanted.Limit = journal.LimitMax
	page, err := s.opts.Desk.Log(name, wanted)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name)+".log.json")
	out := newStream(w)
	out.write(`{"attempts":[`)
	for n := 0; ; {
		for i := range page.Attempts {
			out.attempt(&page.Attempts[i], n == 0)
			n++
		}
		out.flush()
		if page.Cursor == "" || n >= downloadMax || out.err != nil || r.Context().Err() != nil {
			break
		}
		wanted.Cursor = page.Cursor
		if page, err = s.opts.Desk.Log(name, wanted); err != nil {
			s.opts.Logger.Error("a download of the attempt log breaks off", "webhook", name, "error", err)
			panic(http.ErrAbortHandler) // so that it is not taken for all there is
		}
	}
	end := "]}\n"
	if page.Cursor != "" {
		end = fmt.Sprintf("],\"cursor\":%q}\n", page.Cursor)
	}
	out.write(end)
}

func (o *stream) attempt(a *journal.Attempt, first bool) {
	text, err := answers.Marshal(a)
	if err != nil {
		o.err = err
		return
	}
	if !first {
		o.buffer = append(o.buffer, ",\n"...)
	}
	o.buffer = append(o.buffer, text...)
}

// webhookDead lists a webhook's dead letters.
func (s *Server) webhookDead(w http.ResponseWriter, r *http.Request) {
	q := newQuery(r)
	limit, cursor := q.count("limit", desk.DeadMax), q.text("cursor")
	if !q.ok(w) {
		return
	}
	page, err := s.opts.Desk.Dead(r.PathValue("name"), cursor, limit)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, page)
}

// reviveDead delivers dead letters again: {"ids":[…]}, or all without a body.
func (s *Server) reviveDead(w http.ResponseWriter, r *http.Request) {
	var which struct {
		IDs []uint64 `json:"ids"`
	}
	if !readJSON(w, r, &which) {
		return
	}
	if which.IDs != nil && len(which.IDs) == 0 {
		failField(w, http.StatusBadRequest, "invalid", "ids", "is empty; name dead letters, or leave it out for all")
		return
	}
	revived, err := s.opts.Desk.Revive(r.PathValue("name"), which.IDs)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Location", replayPath(revived.ID))
	answerJSON(w, http.StatusAccepted, revived)
}

// replayRequest is what a replay is asked for with.
type replayRequest struct {
	replay.Request
	DryRun bool `json:"dry_run"`
}

// replayWebhook sends past events to a webhook again, or counts them.
func (s *Server) replayWebhook(w http.ResponseWriter, r *http.Request) {
	var wanted replayRequest
	if !readJSON(w, r, &wanted) {
		return
	}
	if !wanted.DryRun {
		job, err := s.opts.Desk.Replay(r.PathValue("name"), wanted.Request)
		s.answerJob(w, r, http.StatusAccepted, job, err)
		return
	}
	count, err := s.opts.Desk.CountReplay(r.Context(), r.PathValue("name"), wanted.Request)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, count)
}

// answerJob answers with a replay, or why there is none.
func (s *Server) answerJob(w http.ResponseWriter, r *http.Request, status int, job replay.Job, err error) {
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if status == http.StatusAccepted {
		w.Header().Set("Location", replayPath(job.ID))
	}
	answerJSON(w, status, job)
}

func replayPath(id string) string { return "/api/replays/" + url.PathEscape(id) }

func (s *Server) listReplays(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, struct {
		Replays []replay.Job `json:"replays"`
	}{s.opts.Desk.Replays()})
}

func (s *Server) getReplay(w http.ResponseWriter, r *http.Request) {
	job, err := s.opts.Desk.ReplayOf(r.PathValue("id"))
	s.answerJob(w, r, http.StatusOK, job, err)
}

// cancelReplay ends a replay. What it has sent again is delivered all the same.
func (s *Server) cancelReplay(w http.ResponseWriter, r *http.Request) {
	if !readNothing(w, r) {
		return
	}
	job, err := s.opts.Desk.CancelReplay(r.Context(), r.PathValue("id"))
	s.answerJob(w, r, http.StatusOK, job, err)
}
