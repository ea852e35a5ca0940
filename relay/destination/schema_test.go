package destination

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"edgerelay/relay/event"
)

// TestSchemas holds whole bodies, of every kind's sample and of hostile events, against what vendors publish of them. Each
// schema in testdata/schema says where it comes from and under which licence. It knows of no field that is not its vendor's.
func TestSchemas(t *testing.T) {
	for name, settings := range map[string]Settings{
		"hubspot": hubSpotSettings(),
		"jira":    jiraSettings(),
		"slack":   {URL: "https://chat.example/x", More: map[string]string{"digest": "1m"}},
	} {
		plan, kind := planOf(t, name, settings), byName(t, name)
		schema := schemaOf(t, name)
		for _, k := range event.Kinds() {
			if kind.Takes != nil && !kind.Takes(k) {
				continue
			}
			events := []event.Event{event.Sample(k)}
			if k == event.TrackEventReceived || k == event.NPSSubmitted || k == event.PollSubmitted {
				events = append(events, hostileEvents(k)...)
			}
			for i := range events {
				clampYear(&events[i])
				holdSchema(t, schema, name+" "+k.String(), bodyOf(plan, events[i:i+1]))
			}
			for _, batch := range batches(plan, append(events, events[0])) {
				holdSchema(t, schema, name+" batch of "+k.String(), bodyOf(plan, batch))
			}
		}
	}
}

// TestSchemasRefuse: the schemas are no sieves.
func TestSchemasRefuse(t *testing.T) {
	f := func(name, was, is string) {
		t.Helper()
		plan := planOf(t, name, map[string]Settings{"hubspot": hubSpotSettings(), "jira": jiraSettings(), "slack": {URL: "https://chat.example/x"}}[name])
		holdRefused(t, name, bodyOf(plan, []event.Event{event.Sample(event.TrackEventReceived)}), was, is)
	}
	f("hubspot", `"from_tier":"basic"`, `"from_tier":7`)
	f("hubspot", `"from_tier"`, `"fromTier"`)
	f("hubspot", `"uuid":"75c32838`, `"uuid":"75c3`)
	f("hubspot", `"occurredAt":"2021`, `"occurredAt":"21`)
	f("jira", `"type":"strong"`, `"type":"bold"`)
	f("jira", `"text":" basic"`, `"text":""`)
	f("jira", `"type":"listItem"`, `"type":"text"`)
	f("jira", `"summary":"Account Upgraded`, `"summary":"Account\nUpgraded`)
	f("jira", `"issuetype":{"name":`, `"issuetype":{"key":`)
	f("slack", `"type":"mrkdwn"`, `"type":"markdown"`)
	f("slack", `"block_id"`, `"blockId"`)
	f("slack", `"unfurl_links":false`, `"unfurl_links":"no"`)
}

// holdRefused holds that a schema refuses a body once a text in it is another.
func holdRefused(t *testing.T, name string, body []byte, was, is string) {
	t.Helper()
	spoiled := bytes.Replace(body, []byte(was), []byte(is), 1)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(spoiled))
	if err != nil || bytes.Equal(spoiled, body) {
		t.Fatalf("%s: nothing is spoiled: %v\n%s", name, err, spoiled)
	}
	if schemaOf(t, name).Validate(parsed) == nil {
		t.Errorf("%s takes %s", name, is)
	}
}

// clampYear makes a time one that RFC 3339 can write: no vendor's schema has years of five digits, and events with such a
// time are the vendor's to refuse.
func clampYear(e *event.Event) {
	const year9999, year1 = 253402300799999, -62135596800000
	e.Time = max(min(e.Time, year9999), year1)
}

func byName(t *testing.T, name string) *Type {
	t.Helper()
	kind, ok := ByName(name)
	if !ok {
		t.Fatalf("no type %q", name)
	}
	return kind
}

// schemaOf compiles the schema of this name.
func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(filepath.Join("testdata", "schema", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func holdSchema(t *testing.T, schema *jsonschema.Schema, what string, body []byte) {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(parsed)
	}
	if err != nil {
		t.Errorf("%s: %v\n%.2000s", what, err, body)
	}
}
