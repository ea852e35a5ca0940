package intake

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// TestSamplesAreLive: of every kind the sample has the fields that the events have which the relay makes of what clients
// send, none more and none less: so a condition or a template that was tried on a sample means the same of these. A field
// counts when any of the clients causes it. Names that customers choose (traits, what a page gives to track) do not count.
func TestSamplesAreLive(t *testing.T) {
	live := map[event.Kind]shape{}
	fromAgent(t, live)
	fromSegment(t, live)
	fromServers(t, live)
	fromUserpilot(t, live)
	for _, kind := range event.Kinds() {
		sample := event.Sample(kind)
		want := shape{}
		want.see(&sample)
		if got := live[kind]; got.String() != want.String() {
			t.Errorf("%s:\n  live %s\nsample %s", kind, got, want)
		}
	}
}

// gather adds the events that were stored since the last call.
func (r *rig) gather(live map[event.Kind]shape) {
	for _, e := range r.events() {
		if live[e.Kind] == nil {
			live[e.Kind] = shape{}
		}
		live[e.Kind].see(e)
	}
}

// fromAgent gathers what Pendo's agent causes: of its captures, and of events that none of them has.
func fromAgent(t *testing.T, live map[event.Kind]shape) {
	at := time.UnixMilli(1615411012615)
	steps := []catalog.Step{{ID: "S1", Type: "building-block"}, {ID: "S2"}}
	known, err := catalog.New(catalog.Options{
		Pages:    []catalog.Page{{ID: "page-all", Rules: []string{"//127.0.0.1:7201/**"}}},
		Features: []catalog.Feature{{ID: "feature-save", Selectors: []string{"#save.btn-primary"}}},
		Guides: []catalog.Guide{{ID: "G1aaaaaaaaaaaaaaaaaaaaaaaaa", Name: "Two steps", CreatedAt: at, Steps: steps},
			{ID: "G2bbbbbbbbbbbbbbbbbbbbbbbbb", Name: "Survey", Kind: catalog.KindNPS, CreatedAt: at, Steps: steps},
			{ID: "G3", Name: "Poll", Kind: catalog.KindPoll, CreatedAt: at, Steps: steps}},
	})
	if err != nil {
		t.Fatal(err)
	}
	app, _ := captureApp(t)
	server := func(o *Options) { o.Apps, o.Catalog = []App{app}, known }
	for _, name := range []string{"01-init-visitor-account", "02-click-focus-change-submit", "03-track", "04-updateOptions-meta",
		"20-frustration-rage-error-dead", "21-frustration-uturn", "50-guide-two-step-seen-advanced-dismissed", "51-nps-poll-submit"} {
		r, c := start(t, server), readCapture(t, "testdata/pendo/"+name+".json")
		for i := range c.Requests {
			r.raw(c.request(i))
		}
		r.gather(live)
	}
	r := start(t, server)
	for i, e := range [][2]string{
		{"guideAdvanced", `{"guide_id":"G1aaaaaaaaaaaaaaaaaaaaaaaaa","guide_step_id":"S2","language":"en-US"}`},
		{"guideSeen", `{"guide_id":"G3","guide_step_id":"S1","language":"en-US"}`},
		{"pollResponse", `{"guide_id":"G3","guide_step_id":"S1","language":"en-US","poll_id":"p","poll_type":"FreeForm","poll_response":"x","duration":7}`},
	} {
		r.taken(rawRequest("GET", fmt.Sprintf("/data/guide.gif/KEY?ct=%d&jzb=%s", theTime.UnixMilli(), jzb(agentEventOf(e[0], i, e[1], ""))), "", "User-Agent: x"))
	}
	r.gather(live)
}

// fromSegment gathers what the captures of Segment's SDKs cause.
func fromSegment(t *testing.T, live map[event.Kind]shape) {
	files, err := filepath.Glob("testdata/segment/*.raw")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	r := start(t)
	for _, file := range files {
		request, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r.raw(request)
	}
	r.gather(live)
}

// fromServers gathers what servers cause: Pendo's track events and metadata, unsubscribes and administrators' events.
func fromServers(t *testing.T, live map[event.Kind]shape) {
	r := start(t)
	r.good("/data/track", `{"type":"track","event":"E","visitorId":"v","accountId":"a","timestamp":1795254253000,"properties":{"to":"pro"},`+
		`"context":{"ip":"203.0.113.9","userAgent":"x","url":"https://x.example/"}}`, integrationKey)
	r.api("PUT", "/api/v1/metadata/visitor/custom/value/v/plan", `"gold"`, 200, `"gold"`)
	r.api("PUT", "/api/v1/metadata/account/custom/value/a/plan", `"gold"`, 200, `"gold"`)
	r.api("PUT", "/api/v1/metadata/visitor/pendo/value/v/donotprocess", "true", 200, "true")
	r.good("/data/unsubscribe/KEY", `{"visitorId":"u","accountId":"a","eventType":"unsubscribe","userAgent":"x","timestamp":"2025-10-28T14:05:00Z"}`)
	for _, kind := range event.Kinds() {
		if kind >= event.PageTagged && kind < event.FlowSeen {
			r.good("/data/admin", fmt.Sprintf(`{"event":%q,"timestamp":1795254253000,"properties":{"id":"x","name":"X"}}`, kind), integrationKey)
		}
	}
	r.gather(live)
}

// fromUserpilot gathers what Userpilot's webhooks cause, by the payloads of seed 003. It shows none of nps.score and
// nps.dismissed: these two are of the same make.
func fromUserpilot(t *testing.T, live map[event.Kind]shape) {
	const question, place = `"survey_question":"How likely?","score":10,`, `"hostname":"demo.userpilot.io","pathname":"/dashboard",`
	r := start(t)
	for _, kind := range event.Kinds() {
		if kind < event.FlowSeen {
			continue
		}
		_, action, _ := strings.Cut(kind.String(), ".")
		data := fmt.Sprintf(`"type":%q,"action":%q,"id":1,`, kind.Items(), action)
		switch kind {
		case event.UserpilotNPSScore:
			data = `"action":"score",` + question
		case event.UserpilotNPSFeedback:
			data = `"action":"feedback",` + question + `"follow_up_question":"Why?","feedback":"Great Product",`
		case event.UserpilotNPSDismissed, event.UserpilotNPSAskLater:
			data = fmt.Sprintf(`"action":%q,`, action)
		}
		r.good("/in/userpilot/KEY", fmt.Sprintf(`{"type":%q,"timestamp":1679578625,"app_token":"NX-bd46697c","data":{%s%s`+
			`"user":{"user_id":"1","name":"John Doe","email":"john@userpilot.co"},"company":{"id":"1","name":"Userpilot"}}}`, kind, data, place))
	}
	r.gather(live)
}

// shape is which fields an event has: those of its own, and the paths of members in those that are objects.
type shape map[string]bool

func (s shape) String() string {
	var all []string
	for path := range s {
		all = append(all, path)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (s shape) see(e *event.Event) {
	for name, value := range map[string][]byte{"visitor": e.Visitor, "account": e.Account, "userAgent": e.UserAgent, "ip": e.IP, "url": e.URL,
		"name": e.Name, "source": e.Source, "guide.id": e.Guide.ID, "guide.name": e.Guide.Name, "guide.step": e.Guide.StepID, "guide.language": e.Guide.Language} {
		if value != nil {
			s[name] = true
		}
	}
	if len(e.IDs) > 0 {
		s["ids"] = true
	}
	s.members("guide.properties", e.Guide.Properties)
	s.members("guide.nps", e.Guide.NPS)
	s.members("guide.poll", e.Guide.PollResponses)
	s.properties(e)
}

// properties adds those of which the relay knows the names.
func (s shape) properties(e *event.Event) {
	if e.Properties == nil {
		return
	}
	s["properties"] = true
	switch kind := e.Kind; {
	case kind == event.VisitorMetadataUpdated || kind == event.AccountMetadataUpdated:
		_ = event.Members(e.Properties, func(key, groups []byte) bool {
			return event.Members(groups, func(_, fields []byte) bool {
				s[fmt.Sprintf("properties.%s.GROUP %c", event.AppendText(nil, key), fields[0])] = true
				return true
			}) == nil
		})
	case kind >= event.PageTagged && kind < event.FlowSeen:
		s.members("properties.id", event.Lookup(e.Properties, "id"))
	case e.Kind.Items() == "guide" || e.Kind.Items() == "" || kind >= event.FlowSeen:
		s.members("properties", e.Properties)
	case event.Lookup(e.Properties, "errorClickLog") != nil:
		s["properties.errorClickLog"] = true
	}
}

// members adds the paths of all members of a value, and what is in lists as if it stood there by itself.
func (s shape) members(path string, value []byte) {
	switch {
	case len(value) == 0:
	case value[0] == '{':
		s[path] = true
		_ = event.Members(value, func(key, value []byte) bool {
			s.members(path+"."+string(event.AppendText(nil, key)), value)
			return true
		})
	case value[0] == '[':
		_ = event.Elements(value, func(element []byte) bool { s.members(path+"[]", element); return true })
	default:
		s[path] = true
	}
}
