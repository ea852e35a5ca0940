package console

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"edgerelay/relay/desk"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
	"edgerelay/relay/registry"
	"edgerelay/relay/replay"
	"edgerelay/relay/tagging"
)

// mustDocument is openapi.json, which is valid, with its examples.
func mustDocument(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestOpenAPIRoutes: what is served is described, and the other way round.
func TestOpenAPIRoutes(t *testing.T) {
	p := mustPlant(t, noToken)
	if resp, text := p.do("GET", "/api/openapi.json", ""); resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" || text != string(openAPI) {
		t.Errorf("the document is served with %d %s, %d bytes", resp.StatusCode, resp.Header.Get("Content-Type"), len(text))
	}
	served, described := map[string][]string{}, map[string][]string{}
	for path, handlers := range p.api() {
		served[path] = slices.Sorted(maps.Keys(handlers))
	}
	for path, item := range mustDocument(t).Paths.Map() {
		described[path] = slices.Sorted(maps.Keys(item.Operations()))
	}
	for path := range served {
		if !slices.Equal(served[path], described[path]) {
			t.Errorf("%s answers %v, openapi.json says %v", path, served[path], described[path])
		}
	}
	for path := range described {
		if served[path] == nil {
			t.Errorf("%s is in openapi.json, but nothing is there", path)
		}
	}
	for path, methods := range described {
		for _, other := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
			if slices.Contains(methods, other) {
				continue
			}
			resp, _ := p.do(other, filled(path, "x"), "")
			if got, want := resp.Header.Get("Allow"), strings.Join(methods, ", "); resp.StatusCode != http.StatusMethodNotAllowed || got != want {
				t.Errorf("%s %s: %d, Allow %q, want %q", other, path, resp.StatusCode, got, want)
			}
		}
	}
}

// filled is a path with a value in place of its parameters.
func filled(path, value string) string {
	return strings.NewReplacer("{name}", value, "{id}", value).Replace(path)
}

// TestOpenAPICodes: each code of a refusal is described with its status.
func TestOpenAPICodes(t *testing.T) {
	doc := mustDocument(t)
	all := map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				for _, code := range codes(t, response.Value) {
					all[status+" "+code] = true
				}
			}
		}
	}
	for code, status := range statuses {
		if !all[fmt.Sprint(status, " ", code)] {
			t.Errorf("no operation may answer %d %s, but the desk refuses so", status, code)
		}
	}
	for _, code := range doc.Components.Schemas["Error"].Value.Properties["error"].Value.Properties["code"].Value.Enum {
		described := slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(s string) bool { return strings.HasSuffix(s, " "+code.(string)) })
		if !described && code != "method_not_allowed" {
			t.Errorf("%s is a code that no operation answers", code)
		}
	}
}

// codes are those that a refusal may have; nil for an answer that is none.
func codes(t *testing.T, response *openapi3.Response) (list []string) {
	t.Helper()
	media := response.Content.Get("application/json")
	if media == nil || len(media.Schema.Value.AllOf) != 2 || media.Schema.Value.AllOf[0].Ref != "#/components/schemas/Error" {
		return nil
	}
	for _, code := range media.Schema.Value.AllOf[1].Value.Properties["error"].Value.Properties["code"].Value.Enum {
		list = append(list, code.(string))
	}
	return list
}

// TestOpenAPISchemas: what can be in an answer is described, and what always is there is required, whether or not a test
// happens to see it.
func TestOpenAPISchemas(t *testing.T) {
	doc := mustDocument(t)
	note := journal.Attempt{Outcome: journal.Note}
	f := func(name string, full, empty any) {
		t.Helper()
		schema := doc.Components.Schemas[name]
		if schema == nil {
			t.Fatalf("there is no schema %s", name)
		}
		sameMembers(t, name, schema.Value, asJSON(t, full), false)
		if empty != nil {
			sameMembers(t, name, schema.Value, asJSON(t, empty), true)
		}
	}
	f("Webhook", complete[desk.Webhook](), desk.Webhook{})
	f("Type", complete[hook.Type](), hook.Type{})
	f("Settings", hook.Spec{}.View(), hook.Spec{}.View())
	f("SettingsPatch", hook.Spec{}.View(), nil)
	f("Terms", complete[registry.Terms](), nil)
	f("WebhookStats", complete[desk.Stats](), desk.Stats{})
	f("Trial", complete[desk.Trial](), desk.Trial{})
	f("Attempt", complete[journal.Attempt](), note)
	f("LogPage", complete[desk.LogPage](), desk.LogPage{})
	f("DeadPage", complete[desk.DeadPage](), desk.DeadPage{})
	f("EventPage", complete[desk.EventPage](), desk.EventPage{})
	f("Event", complete[desk.Event](), desk.Event{Payload: json.RawMessage("null")})
	f("Delivery", complete[desk.Delivery](), desk.Delivery{})
	f("Explanation", complete[desk.Explanation](), desk.Explanation{})
	f("App", complete[desk.App](), desk.App{})
	f("Change", complete[desk.Change](), desk.Change{})
	f("ReplayRequest", complete[replayRequest](), nil)
	f("ReplayTask", complete[replay.Request](), replay.Request{})
	f("Replay", complete[replay.Job](), replay.Job{})
	f("Revival", complete[desk.Revival](), desk.Revival{})
	f("ReplayCount", complete[replay.Count](), replay.Count{})
	f("Error", map[string]any{"error": complete[desk.Error]()}, map[string]any{"error": desk.Error{}})
	f("Error", map[string]any{"error": struct {
		fault
		Faults []desk.Fault `json:"faults"`
	}{Faults: []desk.Fault{{}}}}, map[string]any{"error": fault{}})

	f("CatalogTrial", complete[tagging.Trial](), tagging.Trial{})
	f("EntryFault", tagging.Fault{}, tagging.Fault{})
	entry, described := asJSON(t, complete[tagging.Entry]()).(map[string]any), map[string]bool{}
	for _, name := range []string{"Page", "Feature", "TrackType", "Guide"} {
		for member := range doc.Components.Schemas[name].Value.Properties {
			described[member] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(entry)); !slices.Equal(got, want) {
		t.Errorf("entries have\n%v, openapi.json says\n%v", want, got)
	}

	settings, choices := doc.Components.Schemas["Settings"].Value.Properties, hook.AllChoices()
	for name, want := range map[string][]string{"format": choices.Formats, "order": choices.Orders} {
		if got := fmt.Sprint(settings[name].Value.Enum); got != fmt.Sprint(want) {
			t.Errorf("%s is one of %s, but there are %s", name, got, want)
		}
	}
	if got := fmt.Sprint(settings["signature"].Value.Items.Value.Enum); got != fmt.Sprint(choices.Signatures) {
		t.Errorf("signature is of %s, but there are %s", got, choices.Signatures)
	}
}

// sameMembers checks the members of an object, and of those in it, against the closed schemas that describe them: value
// has all of them, or no more than the required ones.
func sameMembers(t *testing.T, place string, schema *openapi3.Schema, value any, required bool) {
	t.Helper()
	if list, ok := value.([]any); ok && schema.Items != nil {
		for i := range list {
			sameMembers(t, place+"["+strconv.Itoa(i)+"]", schema.Items.Value, list[i], required)
		}
		return
	}
	if len(schema.AllOf) > 0 {
		schema = schema.AllOf[0].Value
	}
	object, ok := value.(map[string]any)
	if !ok || len(schema.Properties) == 0 {
		return
	}
	if closed := schema.AdditionalProperties.Has; closed == nil || *closed {
		t.Errorf("%s is not closed", place)
	}
	want := slices.Sorted(maps.Keys(schema.Properties))
	if required {
		want = slices.Sorted(slices.Values(schema.Required))
	}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
		t.Errorf("%s (required only: %v) has\n%v, openapi.json says\n%v", place, required, got, want)
	}
	for name, member := range object {
		if property := schema.Properties[name]; property != nil {
			sameMembers(t, place+"."+name, property.Value, member, required)
		}
	}
}

func asJSON(t *testing.T, v any) (value any) {
	t.Helper()
	text, err := answers.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
