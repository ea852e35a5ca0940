package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"

	"edgerelay/relay/tagging"
)

// addCatalog adds the API of pages, features, track types and guides. An entry is at /api/LIST/ID, or at /api/LIST?id=ID
// when its ID cannot stand in a path; when several apps have it, ?app= says whose is meant.
func (s *Server) addCatalog(paths map[string]methods) {
	for _, list := range tagging.Lists {
		l := entries{s, list}
		paths["/api/"+string(list)] = methods{"GET": l.list, "POST": l.create, "PATCH": l.edit, "DELETE": l.delete}
		paths["/api/"+string(list)+"/{id}"] = methods{"GET": l.get, "PATCH": l.edit, "DELETE": l.delete}
	}
	paths["/api/catalog/try"] = methods{"POST": s.tryCatalog}
}

// entries answers for one list.
type entries struct {
	*Server
	of tagging.List
}

// list answers with a page of the list, or with the one entry that ?id= names.
func (l entries) list(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("id") {
		l.get(w, r)
		return
	}
	q := newQuery(r)
	wanted := tagging.Query{List: l.of, App: q.text("app"), Search: q.text("q"), Origin: tagging.Origin(q.text("origin")),
		Limit: q.count("limit", tagging.LimitMax), Cursor: q.text("cursor")}
	switch wanted.Origin {
	case "", tagging.OfFile, tagging.OfAPI, tagging.Learned:
	default:
		q.wrong("origin", "must be file, api or learned")
	}
	if !q.ok(w) {
		return
	}
	found, err := l.opts.Desk.Entries(wanted)
	if err != nil {
		l.refuse(w, r, err)
		return
	}
	answer := map[string]any{string(l.of): found.Entries, "total": found.Total}
	if found.Cursor != "" {
		answer["cursor"] = found.Cursor
	}
	answerJSON(w, http.StatusOK, answer)
}

// ref reads which entry a request is about. When it answers false, it has said what is wrong.
func (l entries) ref(w http.ResponseWriter, r *http.Request) (ref tagging.Ref, ok bool) {
	q := newQuery(r)
	ref = tagging.Ref{List: l.of, ID: r.PathValue("id")}
	if app := q.text("app"); r.URL.Query().Has("app") {
		ref.App = &app
	}
	if ref.ID == "" {
		if ref.ID = q.text("id"); ref.ID == "" {
			q.wrong("id", "is missing; send the request to /api/%s/ID", l.of)
		}
	}
	return ref, q.ok(w)
}

func (l entries) get(w http.ResponseWriter, r *http.Request) {
	ref, ok := l.ref(w, r)
	if !ok {
		return
	}
	e, err := l.opts.Desk.Entry(ref)
	l.answer(w, r, http.StatusOK, e, err)
}

// answer answers with an entry, or why there is none.
func (l entries) answer(w http.ResponseWriter, r *http.Request, status int, e tagging.Entry, err error) {
	if err != nil {
		l.refuse(w, r, err)
		return
	}
	if e.ETag != "" {
		w.Header().Set("ETag", e.ETag)
	}
	answerJSON(w, status, e)
}

// create makes an entry of an object, or several of a list of them, all or none.
func (l entries) create(w http.ResponseWriter, r *http.Request) {
	documents, many, ok := l.readDocuments(w, r)
	if !ok {
		return
	}
	made, err := l.opts.Desk.CreateEntries(l.of, documents...)
	switch {
	case err != nil:
		l.refuse(w, r, err)
	case many:
		answerJSON(w, http.StatusCreated, map[string]any{string(l.of): append([]tagging.Entry{}, made...)})
	default:
		w.Header().Set("Location", "/api/"+string(l.of)+"/"+url.PathEscape(made[0].ID)+"?app="+url.QueryEscape(made[0].App))
		l.answer(w, r, http.StatusCreated, made[0], nil)
	}
}

// readDocuments reads one object, or a list of them.
func (l entries) readDocuments(w http.ResponseWriter, r *http.Request) (documents []tagging.Document, many, ok bool) {
	body, ok := readBody(w, r)
	if !ok {
		return nil, false, false
	}
	parts := []json.RawMessage{body}
	if many = bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")); many {
		if err := json.Unmarshal(body, &parts); err != nil {
			fail(w, http.StatusBadRequest, "bad_request", "the body is no JSON: %v", err)
			return nil, many, false
		}
	}
	for _, part := range parts {
		d, ok := l.readDocument(w, part)
		if !ok {
			return nil, many, false
		}
		documents = append(documents, d)
	}
	return documents, many, true
}

func (l entries) readDocument(w http.ResponseWriter, text []byte) (tagging.Document, bool) {
	if len(text) == 0 {
		fail(w, http.StatusBadRequest, "bad_request", "there is no body: send the settings of a %s as a JSON object", l.of.Noun())
		return nil, false
	}
	d, err := tagging.ParseDocument(text)
	if err != nil {
		fail(w, http.StatusBadRequest, "bad_request", "%v", err)
		return nil, false
	}
	return d, true
}

func (l entries) edit(w http.ResponseWriter, r *http.Request) {
	ref, ok := l.ref(w, r)
	if !ok {
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	patch, ok := l.readDocument(w, body)
	if !ok {
		return
	}
	e, err := l.opts.Desk.EditEntry(ref, patch, etags(r)...)
	l.answer(w, r, http.StatusOK, e, err)
}

func (l entries) delete(w http.ResponseWriter, r *http.Request) {
	ref, ok := l.ref(w, r)
	if !ok || !readNothing(w, r) {
		return
	}
	if err := l.opts.Desk.DeleteEntry(ref, etags(r)...); err != nil {
		l.refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// tryCatalog answers which pages and features an event would touch. The element is the agent's object, or a text.
func (s *Server) tryCatalog(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		App     string          `json:"app"`
		URL     string          `json:"url"`
		Element json.RawMessage `json:"element"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	element := string(asked.Element)
	if element == "null" {
		element = ""
	} else if len(element) > 0 && element[0] != '{' {
		if err := json.Unmarshal(asked.Element, &element); err != nil {
			failField(w, http.StatusBadRequest, "invalid", "element", "must be an object as the agent sends it, or a text")
			return
		}
	}
	trial, err := s.opts.Desk.Touch(asked.App, asked.URL, element)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, trial)
}
