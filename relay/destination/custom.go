package destination

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"edgerelay/relay/event"
	"edgerelay/relay/expression"
)

// custom is any HTTP API: method, URL, headers and body are templates over the event.
var custom = Type{
	Name: "custom", Title: "Custom request",
	Address: `the address of requests, such as "https://example.com/users/{{ visitor }}"`,
	Signs:   true, Single: true,
	Settings: []Setting{{Name: "statuses", Text: `what a status means: "webhook" gives up at 4xx as for type url, "api" turns the webhook off at 401 and 403`,
		Default: "webhook", Choices: []string{"webhook", "api"}}},
	Plan: planCustom,
}

// methods are what a custom request may be. One without a body, such as GET, has none.
var methods = []string{"POST", "PUT", "PATCH", "DELETE", "GET"}

// Template makes a request of an event. It is immutable and safe for concurrent use.
type Template struct {
	url    *expression.Template
	body   *expression.Template // nil: no body
	Header []TemplateHeader     // those that have places in them; the others are the Plan's
}

// TemplateHeader is a header whose value is made of the event.
type TemplateHeader struct {
	Name  string
	value *expression.Template
}

// Append appends the value for the event that env holds.
func (h *TemplateHeader) Append(dst []byte, env *expression.Env) ([]byte, error) {
	return h.value.Append(dst, env)
}

// Makes says whether the template makes this header.
func (t *Template) Makes(name string) bool {
	return slices.ContainsFunc(t.Header, func(h TemplateHeader) bool { return h.Name == name })
}

// AppendURI appends the path and query of the request for the event that env holds.
func (t *Template) AppendURI(dst []byte, env *expression.Env) ([]byte, error) {
	start := len(dst)
	dst, err := t.url.Append(dst, env)
	if err != nil {
		return dst[:start], err
	}
	made := dst[start:]
	_, rest, _ := bytes.Cut(made, []byte("://"))
	at := bytes.IndexAny(rest, "/?")
	switch {
	case at < 0:
		return append(dst[:start], '/'), nil
	case rest[at] == '?':
		at-- // the byte before is the host's, and makes room for the slash
		rest[at] = '/'
	}
	n := copy(made, rest[at:])
	return dst[:start+n], nil
}

// AppendBody appends the body.
func (t *Template) AppendBody(dst []byte, env *expression.Env) ([]byte, error) {
	if t.body == nil {
		return dst, nil
	}
	return t.body.Append(dst, env)
}

func planCustom(s *Settings, fault func(field, text string, args ...any)) *Plan {
	p := &Plan{Method: s.Method, Template: &Template{}, Judge: JudgeWebhook, URL: &url.URL{}}
	if s.Of("statuses") == "api" {
		p.Judge = JudgeStatus
	}
	if p.Method != "" && !slices.Contains(methods, p.Method) {
		fault("method", "%q is no method of requests; use one of %s", p.Method, strings.Join(methods, ", "))
	}
	content := "application/json"
	for name, value := range s.Headers {
		if http.CanonicalHeaderKey(name) == "Content-Type" {
			content = value
		}
	}
	if p.Method != http.MethodGet || s.Body != "" {
		p.Header = []Header{{"Content-Type", content}}
	}
	p.Template.compile(s, content, p.Method, fault)
	if t := p.Template.url; t != nil {
		u, err := url.Parse(t.Prefix())
		if err != nil {
			fault("url", `is not an http or https URL; write it like "https://example.com/hook"`)
			return p
		}
		p.URL = u
	}
	return p
}

func (t *Template) compile(s *Settings, content, method string, fault func(field, text string, args ...any)) {
	make := func(field, text string, kind expression.TemplateKind) *expression.Template {
		made, err := expression.CompileTemplate(text, kind)
		if err != nil {
			fault(field, "%v", err)
		}
		return made
	}
	t.url = make("url", s.URL, expression.URL)
	kind := expression.TextBody
	if strings.Contains(content, "json") {
		kind = expression.JSONBody
	}
	switch {
	case s.Body != "":
		t.body = make("body", s.Body, kind)
	case method != http.MethodGet && method != http.MethodDelete:
		fault("body", `is missing; write what is sent, such as '{"text": "{{ visitor }} did {{ event }}"}'`)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		if value := s.Headers[name]; strings.Contains(value, "{{") {
			t.Header = append(t.Header, TemplateHeader{name, make("headers."+name, value, expression.Header)})
		}
	}
}

// Try makes the request of a sample of a kind, and says of each part that cannot be made what is wrong. What did not
// compile is passed over.
func (t *Template) Try(k event.Kind) (faults []Fault) {
	e := event.Sample(k)
	var env expression.Env
	env.Begin(&e, event.Note{All: true})
	try := func(field string, part *expression.Template) {
		if part == nil {
			return
		}
		if _, err := part.Append(nil, &env); err != nil {
			faults = append(faults, Fault{field, fmt.Sprintf("on a sample of %s: %v", k, err)})
		}
	}
	try("url", t.url)
	for i := range t.Header {
		try("headers."+t.Header[i].Name, t.Header[i].value)
	}
	try("body", t.body)
	return faults
}
