package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/replay"
	"edgerelay/relay/tagging"
)

// tour asks a console, and holds each request and each answer against openapi.json.
type tour struct {
	*plant
	routes routers.Router
	seen   map[string]bool // "getWebhook 404", and "getWebhook 404 not_found"
}

func mustTour(t testing.TB, opts Options, seen map[string]bool) *tour {
	t.Helper()
	log := map[string]int{"head": 1, "start": 1, "records": 1, "commits": 1, "bytes": 1, "disk_bytes": 1, "trimmed": 0}
	opts.Stats = func() any {
		return map[string]any{"version": "test", "uptime_seconds": 1.5, "log": log, "webhooks": []any{}}
	}
	p := mustPlant(t, opts)
	doc := mustDocument(t)
	doc.Servers = nil // any will do
	routes, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &tour{plant: p, routes: routes, seen: seen}
}

// ask sends a request with a JSON body, and returns the answer's JSON. A request that is to succeed must be as it is
// described; one that is to be refused need not.
func (r *tour) ask(status int, method, path, body string, headers ...string) (text string) {
	r.t.Helper()
	if body != "" && !slices.Contains(headers, "Content-Type") {
		headers = append(headers, "Content-Type", "application/json")
	}
	req, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, RejectWhenRequestBodyNotSpecified: true,
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	input := &openapi3filter.RequestValidationInput{Request: req, Options: options}
	escaped := *req // an ID may have a slash in it
	escaped.URL = &url.URL{Path: req.URL.EscapedPath()}
	if input.Route, input.PathParams, err = r.routes.FindRoute(&escaped); err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	if err := openapi3filter.ValidateRequest(r.t.Context(), input); err != nil && status < 400 {
		r.t.Errorf("%s %s %s: the request is not as described: %v", method, path, body, err)
	}
	resp, text := r.do(method, path, body, headers...)
	if resp.StatusCode != status {
		r.t.Fatalf("%s %s %.200s: %d %s, want %d", method, path, body, resp.StatusCode, text, status)
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: status, Header: resp.Header, Options: options}
	if err := openapi3filter.ValidateResponse(r.t.Context(), answer.SetBodyBytes([]byte(text))); err != nil {
		r.t.Errorf("%s %s: %d is not as described: %v", method, path, status, err)
	}
	if status == http.StatusNoContent && text != "" {
		r.t.Errorf("%s %s: a 204 has a body: %s", method, path, text)
	}
	r.note(input.Route.Operation, status, text)
	return text
}

// note keeps what an operation answered.
func (r *tour) note(operation *openapi3.Operation, status int, text string) {
	var refused struct{ Error fault }
	_ = json.Unmarshal([]byte(text), &refused) // no refusal has no code
	answered := fmt.Sprint(operation.OperationID, " ", status)
	r.seen[answered], r.seen[answered+" "+refused.Error.Code] = true, true
}

// refuse sends a request that is refused with a code.
func (r *tour) refuse(status int, code, method, path, body string, headers ...string) {
	r.t.Helper()
	if text := r.ask(status, method, path, body, headers...); !strings.Contains(text, `{"error":{"code":"`+code+`"`) {
		r.t.Errorf("%s %s: %s, want %s", method, path, text, code)
	}
}

// until asks until a text is in the answer.
func (r *tour) until(path, text string) {
	r.t.Helper()
	r.eventually(text+" at "+path, func() bool {
		_, answer := r.do("GET", path, "")
		return strings.Contains(answer, text)
	})
	r.ask(200, "GET", path, "")
}

// TestOpenAPI: every operation is answered as openapi.json says, with each status that it says, and each code of a
// conflict. What only a fault of the relay or a crowd brings about is left out where a test has no way to it.
func TestOpenAPI(t *testing.T) {
	seen := map[string]bool{}
	doc := mustDocument(t)
	tourWebhooks(mustTour(t, noToken, seen))
	tourLog(mustTour(t, noToken, seen))
	tourReplays(mustTour(t, noToken, seen))
	tourEvents(mustTour(t, noToken, seen))
	tourCatalog(mustTour(t, noToken, seen))
	tourRelay(mustTour(t, noToken, seen))
	tourRefusals(mustTour(t, noToken, seen), doc)
	tourGuard(mustTour(t, Options{Token: "t0ken", ReadToken: "l00k"}, seen), doc)

	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				if !seen[operation.OperationID+" "+status] && status != "500" && status != "503" {
					t.Errorf("%s %s is said to answer %s, which it never did", method, path, status)
				}
				for _, code := range codes(t, response.Value) {
					if status == "409" && !seen[operation.OperationID+" 409 "+code] {
						t.Errorf("%s %s is said to refuse with %s, which it never did", method, path, code)
					}
				}
			}
		}
	}
}

func tourWebhooks(r *tour) {
	const crm, fixed = "/api/webhooks/my%20crm", "/api/webhooks/of%20the%20file"
	settings := strings.ReplaceAll(`{"name":"my crm","url":"$URL/in","secret":"one-secret","events":["*"],"retries":1,"headers":{"X-Api-Key":"k3y"},"timeout":"5s","signature":"pendo"}`, "$URL", r.receiver.URL)
	r.ask(201, "POST", "/api/webhooks", settings)
	r.refuse(409, "exists", "POST", "/api/webhooks", settings)
	r.ask(200, "GET", "/api/webhooks", "")
	r.ask(200, "GET", "/api/types", "")
	r.ask(200, "GET", fixed, "")
	var w desk.Webhook
	if err := json.Unmarshal([]byte(r.ask(200, "GET", crm, "")), &w); err != nil {
		r.t.Fatal(err)
	}
	r.ask(200, "PATCH", crm, `{"rate":1000,"retries":null,"secret":"••••"}`, "If-Match", w.ETag, "Content-Type", "application/merge-patch+json")
	r.refuse(412, "stale", "PATCH", crm, `{"rate":5}`, "If-Match", w.ETag)
	r.refuse(412, "stale", "DELETE", crm, "", "If-Match", w.ETag)
	r.refuse(409, "exists", "PATCH", crm, `{"name":"of the file"}`)
	for path, method := range map[string]string{fixed: "PATCH", fixed + "/disable": "POST", fixed + "/enable": "POST"} {
		r.refuse(409, "read_only", method, path, `{}`)
	}
	r.refuse(409, "read_only", "DELETE", fixed, "")
	r.ask(200, "POST", crm+"/enable", "")
	r.ask(200, "GET", crm+"/stats", "")
	r.ask(200, "POST", crm+"/test", "")
	r.ask(200, "POST", crm+"/test", `{"event":{"event":"pageLoaded","visitorId":"ada"}}`)
	r.ask(200, "POST", crm+"/disable", "{}")
	tourEnable(r, crm)
	r.ask(204, "DELETE", crm, "", "If-Match", "*")
}

// tourEnable turns a webhook on under all terms that its past can ask for.
func tourEnable(r *tour, crm string) {
	r.journal.set(true, true)
	r.refuse(409, "needs_review", "POST", crm+"/enable", `{}`)
	r.ask(200, "POST", crm+"/enable", `{"reviewed":true}`)
	r.receiver.answer(410)
	r.accept(event.PageLoaded, "x")
	r.until(crm, `"state":"disabled"`)
	r.ask(200, "GET", "/api/webhooks", "")
	r.journal.set(false, false)
	r.refuse(409, "needs_force", "POST", crm+"/enable", `{}`)
	r.journal.set(false, true)
	r.accept(event.PageLoaded, "x")
	r.refuse(409, "needs_from", "POST", crm+"/enable", `{}`)
	r.receiver.answer(200)
	r.ask(200, "POST", crm+"/enable", `{"from":"held"}`)
}

func tourLog(r *tour) {
	r.create(`{"name":"crm","url":"$URL/in","events":["*"],"enabled":true,"retries":1,"secret":"one-secret"}`)
	r.accept(event.PageLoaded, "x")
	r.eventually("the first is delivered", func() bool { return len(r.receiver.received()) == 1 })
	r.receiver.answer(503)
	r.accept(event.FeatureClicked, "x")
	r.until("/api/webhooks/crm/log", `"outcome":"dead"`)
	r.ask(200, "GET", "/api/webhooks/crm/log?status=failed&from=1h&to=0s&event=pageLoaded", "")
	r.ask(200, "GET", "/api/webhooks/crm/log?limit=1", "")
	r.ask(200, "GET", "/api/webhooks/crm/log.json?status=5xx", "")
	r.ask(200, "GET", "/api/errors?limit=1", "")
	r.until("/api/webhooks/crm/dead?limit=1", `"id":2`)
	r.ask(200, "GET", "/api/webhooks/crm/stats", "")
	r.refuse(409, "off", "POST", "/api/webhooks/of%20the%20file/dead/replay", "")
	r.ask(202, "POST", "/api/webhooks/crm/dead/replay", `{"ids":[2]}`)
	r.ask(202, "POST", "/api/webhooks/crm/dead/replay", "")
}

func tourReplays(r *tour) {
	r.create(`{"name":"crm","url":"$URL/in","events":["*"],"enabled":true}`)
	r.accept(event.PageLoaded, "x")
	r.eventually("it is delivered", func() bool { return len(r.receiver.received()) == 1 })
	const crm = "/api/webhooks/crm/replay"
	r.ask(200, "POST", crm, `{"dry_run":true,"of":"crm","from":"2000-01-01T00:00:00Z","until":"2100-01-01T00:00:00Z","events":["*"],"app":"web","rate":50}`)
	r.refuse(409, "off", "POST", "/api/webhooks/of%20the%20file/replay", "{}")
	var job replay.Job
	if err := json.Unmarshal([]byte(r.ask(202, "POST", crm, `{"seqs":[1],"to":"crm"}`)), &job); err != nil {
		r.t.Fatal(err)
	}
	r.until("/api/replays/"+job.ID, `"state":"done"`)
	r.ask(200, "GET", "/api/replays", "")
	r.ask(200, "DELETE", "/api/replays/"+job.ID, "")
}

func tourEvents(r *tour) {
	r.create(`{"name":"crm","url":"$URL/in","events":["*"],"enabled":true}`)
	for _, kind := range event.Kinds() {
		r.accept(kind, "x")
	}
	r.ask(200, "GET", "/api/events", "")
	r.ask(200, "GET", "/api/events?event=guide*&event=pageLoaded&app=web&visitor=x&webhook=crm&limit=1", "")
	r.ask(200, "POST", "/api/explain", `{"event":"featureClicked","app":"web","ids":["abc"]}`)
	r.ask(200, "GET", "/api/apps", "")
	tourStreams(r)
}

// tourStreams looks at the parts of streams, which have no end that could be waited for.
func tourStreams(r *tour) {
	schemas := mustDocument(r.t).Components.Schemas
	part := func(schema, name string, e sse, ok bool) {
		r.t.Helper()
		var value any
		err := json.Unmarshal([]byte(e.data), &value)
		if err == nil {
			err = schemas[schema].Value.VisitJSON(value)
		}
		if err != nil || !ok || e.event != name {
			r.t.Errorf("%+v is no %s: %v", e, name, err)
		}
	}
	events, hangUp := r.listen("")
	defer hangUp()
	deliveries, hangUpDeliveries := r.listenAt("/api/deliveries")
	defer hangUpDeliveries()
	r.accept(event.PageLoaded, "x")
	e, ok := events()
	part("Event", "event", e, ok)
	e, ok = deliveries()
	part("Delivery", "delivery", e, ok)
	r.seen["followDeliveries 200"] = true
	r.refuse(406, "not_acceptable", "GET", "/api/deliveries", "")
	for range 15 {
		_, hangUp := r.listen("")
		defer hangUp()
	}
	r.refuse(503, "busy", "GET", "/api/events", "", "Accept", "text/event-stream")
	ended := make(chan error, 1)
	go func() { ended <- r.Shutdown(context.Background()) }()
	for _, next := range []func() (sse, bool){events, deliveries} {
		for e, ok = next(); ok && e.event != "end"; e, ok = next() {
		} // deliveries of what the tour sent before may still come
		part("End", "end", e, ok)
	}
	if err := <-ended; err != nil {
		r.t.Error(err)
	}
}

func tourCatalog(r *tour) {
	for _, list := range tagging.Lists {
		tourList(r, "/api/"+string(list), map[tagging.List]string{tagging.Guides: "tour"}[list])
	}
	r.ask(201, "POST", "/api/pages", `{"app":"web","id":"p","rules":["//*/p"]}`)
	r.ask(201, "POST", "/api/features", `[{"app":"web","id":"f","name":"F","selectors":["a"],"page":"p"}]`)
	r.refuse(409, "in_use", "DELETE", "/api/pages/p", "")
	r.refuse(409, "in_use", "DELETE", "/api/pages?id=p", "")
	r.ask(201, "POST", "/api/guides", `{"app":"web","name":"G","kind":"nps","created_at":"2026-01-31T15:04:05Z","created_by":"ada","steps":[{"id":"s","type":"x"}]}`)
	r.ask(200, "POST", "/api/catalog/try", `{"app":"web","url":"https://x/p","element":"p > a"}`)
	r.ask(200, "POST", "/api/catalog/try", `{"app":"web","url":"https://x/file","element":{"tag":"a"}}`)
}

// tourList makes, shows, changes and deletes entries of one list, in which fixed is read-only.
func tourList(r *tour, list, fixed string) {
	fixed = cmp.Or(fixed, "of/file")
	r.ask(201, "POST", list, `{"app":"web","id":"a b","name":"A"}`)
	r.refuse(409, "exists", "POST", list, `{"app":"web","id":"a b","name":"A"}`)
	r.ask(201, "POST", list, `[{"id":"c","name":"C"}]`)
	r.ask(200, "GET", list, "")
	r.ask(200, "GET", list+"?app=web&q=a&origin=api&limit=1", "")
	r.ask(200, "GET", list+"?id=c&app=", "")
	for _, at := range []string{list + "/" + url.PathEscape(fixed), list + "?id=" + url.QueryEscape(fixed)} {
		r.ask(200, "GET", at, "")
		r.refuse(409, "read_only", "PATCH", at, `{"name":"x"}`)
		r.refuse(409, "read_only", "DELETE", at, "")
	}
	for _, at := range []string{list + "/a%20b?app=web", list + "?id=c"} {
		r.refuse(412, "stale", "PATCH", at, `{"name":"x"}`, "If-Match", `"0"`)
		r.refuse(412, "stale", "DELETE", at, "", "If-Match", `"0"`)
		r.ask(200, "PATCH", at, `{"name":"x"}`, "Content-Type", "application/merge-patch+json")
		r.ask(204, "DELETE", at, "")
	}
}

func tourRelay(r *tour) {
	r.ask(200, "GET", "/api/stats", "")
	r.ask(200, "GET", "/api/openapi.json", "")
	r.reload = func() ([]desk.Change, error) {
		return []desk.Change{{Key: "delivery.retries", From: "5", To: "6", Live: true}}, nil
	}
	r.ask(200, "POST", "/api/reload", "")
	r.reload = func() ([]desk.Change, error) {
		return nil, &desk.Error{Code: desk.BadConfig, Field: "log.sync", Message: "config.toml:3: must be one of always, never"}
	}
	r.refuse(409, "bad_config", "POST", "/api/reload", "")
	r.reload = func() ([]desk.Change, error) { return nil, errors.New("the disk is gone") }
	r.refuse(500, "internal", "POST", "/api/reload", "")
	r.ask(200, "POST", "/api/reload/compare", `{"name":"a.toml","text":"[log]"}`)
	r.refuse(409, "bad_config", "POST", "/api/reload/compare", `{"text":"faulty"}`)
}

// operations calls f for each operation, with its path.
func operations(doc *openapi3.T, f func(method, path string, operation *openapi3.Operation)) {
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		for method, operation := range doc.Paths.Value(path).Operations() {
			f(method, path, operation)
		}
	}
}

// at is an operation's path about something of a name.
func at(path string, operation *openapi3.Operation, name string) string {
	if operation.Parameters.GetByInAndName("query", "id") != nil {
		return path + "?id=" + name
	}
	return filled(path, name) + "?"
}

// tourRefusals sends each operation what all of its kind refuse.
func tourRefusals(r *tour, doc *openapi3.T) {
	r.create(`{"name":"crm","url":"$URL/in","events":["*"]}`)
	operations(doc, func(method, path string, operation *openapi3.Operation) {
		there, nowhere := at(path, operation, "crm"), at(path, operation, "nobody")
		body := ""
		if operation.RequestBody != nil {
			body = "{}"
		}
		if operation.Responses.Value("404") != nil {
			r.refuse(404, "not_found", method, nowhere, body)
		}
		if operation.Responses.Value("400") != nil && method == "GET" {
			r.refuse(400, "invalid", method, there+"&nonsense=1", "")
		}
		if method == "GET" {
			return
		}
		r.ask(400, method, there, cmp.Or(strings.Replace(body, "{}", "[", 1), "{}"))
		r.refuse(415, "unsupported_media_type", method, there, "{}", "Content-Type", "text/plain")
		r.refuse(413, "too_large", method, there, `{"name":"`+strings.Repeat("a", requestMax)+`"}`)
	})
}

// tourGuard sends each operation what comes from those who may not.
func tourGuard(r *tour, doc *openapi3.T) {
	operations(doc, func(method, path string, operation *openapi3.Operation) {
		path = filled(path, "nobody")
		r.refuse(401, "unauthorized", method, path, "")
		r.refuse(403, "forbidden", method, path, "", "Authorization", "Bearer t0ken", "Sec-Fetch-Site", "cross-site")
		if method != "GET" && !slices.Contains([]string{"explainEvent", "tryCatalog"}, operation.OperationID) {
			r.refuse(403, "forbidden", method, path, "", "Authorization", "Bearer l00k")
		}
	})
}
