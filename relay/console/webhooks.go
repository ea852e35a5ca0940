package console

import (
	"net/http"
	"net/url"
	"strings"

	"edgerelay/relay/desk"
	"edgerelay/relay/hook"
	"edgerelay/relay/registry"
)

func (s *Server) listWebhooks(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, struct {
		Webhooks []desk.Webhook `json:"webhooks"`
	}{s.opts.Desk.List()})
}

// types are those of destination, with what each of them takes.
func (s *Server) types(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, struct {
		Types []hook.Type `json:"types"`
	}{hook.Types()})
}

func (s *Server) getWebhook(w http.ResponseWriter, r *http.Request) {
	hook, err := s.opts.Desk.Get(r.PathValue("name"))
	s.answerWebhook(w, r, http.StatusOK, hook, err)
}

// answerWebhook answers with a webhook, or why there is none.
func (s *Server) answerWebhook(w http.ResponseWriter, r *http.Request, status int, hook desk.Webhook, err error) {
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if hook.ETag != "" {
		w.Header().Set("ETag", hook.ETag)
	}
	answerJSON(w, status, hook)
}

func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request) {
	settings, ok := readDocument(w, r)
	if !ok {
		return
	}
	hook, err := s.opts.Desk.Create(settings)
	if err == nil {
		w.Header().Set("Location", "/api/webhooks/"+url.PathEscape(hook.Name))
	}
	s.answerWebhook(w, r, http.StatusCreated, hook, err)
}

func (s *Server) editWebhook(w http.ResponseWriter, r *http.Request) {
	patch, ok := readDocument(w, r)
	if !ok {
		return
	}
	hook, err := s.opts.Desk.Edit(r.PathValue("name"), patch, etags(r)...)
	s.answerWebhook(w, r, http.StatusOK, hook, err)
}

func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request) {
	if !readNothing(w, r) {
		return
	}
	if err := s.opts.Desk.Delete(r.PathValue("name"), etags(r)...); err != nil {
		s.refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// etags are those of the header If-Match. Ours hold no comma.
func etags(r *http.Request) (tags []string) {
	for _, line := range r.Header.Values("If-Match") {
		for tag := range strings.SplitSeq(line, ",") {
			tags = append(tags, strings.TrimSpace(tag))
		}
	}
	return tags
}

func (s *Server) enableWebhook(w http.ResponseWriter, r *http.Request) {
	var terms registry.Terms
	if !readJSON(w, r, &terms) {
		return
	}
	hook, err := s.opts.Desk.Enable(r.PathValue("name"), terms)
	s.answerWebhook(w, r, http.StatusOK, hook, err)
}

func (s *Server) disableWebhook(w http.ResponseWriter, r *http.Request) {
	if !readJSON(w, r, &struct{}{}) {
		return
	}
	hook, err := s.opts.Desk.Disable(r.PathValue("name"))
	s.answerWebhook(w, r, http.StatusOK, hook, err)
}

func (s *Server) webhookStats(w http.ResponseWriter, r *http.Request) {
	stats, err := s.opts.Desk.Stats(r.PathValue("name"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, stats)
}
