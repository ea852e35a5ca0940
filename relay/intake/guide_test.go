package intake

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/catalog"
)

// TestGuides: which kind a guide event is, the polls of the step tell, else the catalog.
func TestGuides(t *testing.T) {
	known, err := catalog.New(catalog.Options{Guides: []catalog.Guide{
		{ID: "g", Name: "Tour", Steps: []catalog.Step{{ID: "s1"}, {ID: "s2"}}},
		{ID: "p", Kind: catalog.KindPoll}, {ID: "n", Kind: catalog.KindNPS}}})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Catalog = known })
	r.meet()
	n := 0
	f := func(kind, props string, want ...string) {
		t.Helper()
		n++
		r.taken(sent("guide.gif", `[`+agentEventOf(kind, n, props, "")+`]`))
		var got []string
		for _, e := range r.events() {
			got = append(got, fmt.Sprintf("%s %s %s %s %s", e.Kind, e.IDs, e.Guide.StepID, e.Guide.Name, e.Guide.Language))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s %s: %q", kind, props, got)
		}
	}
	f("guideSeen", `{"guide_id":"g","guide_step_id":"s1","language":"en-US"}`, `guideDisplayed ["g"] "s1" "Tour" "en-US"`)
	f("guideSeen", `{"guide_id":"x","guide_step_id":"s1","step_poll_types":[]}`, `guideDisplayed ["x"] "s1"  `)
	f("guideSeen", `{"guide_id":"x","step_poll_types":["FreeForm"]}`, `pollDisplayed ["x"]   `)
	f("guideSeen", `{"guide_id":"x","step_poll_types":["FreeForm","NPSRating"]}`, `npsDisplayed ["x"]   `)
	f("guideSeen", `{"guide_id":"p","step_poll_types":"NPSRating"}`, `pollDisplayed ["p"]  "" `)
	f("guideSeen", `{"guide_id":"n"}`, `npsDisplayed ["n"]  "" `)
	f("guideSeen", `{"guide_id":"n","step_poll_types":["FreeForm"]}`, `npsDisplayed ["n"]  "" `)
	f("guideSeen", `{"guide_id":17}`, `guideDisplayed ["17"]   `)
	f("guideAdvanced", `{"guide_id":"g","guide_step_id":"s1","destination_step_id":"s2"}`, `guideAdvanced ["g"] "s1" "Tour" `)
	f("guideAdvanced", `{"guide_id":"g","guide_step_id":"s2"}`, `guideAdvanced ["g"] "s2" "Tour" `, `guideCompleted ["g"] "s2" "Tour" `)
	f("guideAdvanced", `{"guide_id":"g","guide_step_id":"s2","destination_step_id":"s1"}`, `guideAdvanced ["g"] "s2" "Tour" `)
	f("guideAdvanced", `{"guide_id":"g","guide_step_id":"s1"}`, `guideAdvanced ["g"] "s1" "Tour" `)
	f("guideAdvanced", `{"guide_id":"x","guide_step_id":"s1"}`, `guideAdvanced ["x"] "s1"  `)
	f("guideDismissed", `{"guide_id":"n","guide_step_id":"s1"}`, `guideDismissed ["n"] "s1" "" `)
	f("guideActivity", `{"guide_id":"g"}`)
	if got := r.counter("edge_intake_unnamed_agent_events_total", "type", "guideActivity"); got != 1 {
		t.Errorf("%v", got)
	}
}

// TestPolls: the answers of one submission are one event.
func TestPolls(t *testing.T) {
	known, err := catalog.New(catalog.Options{Guides: []catalog.Guide{{ID: "n", Kind: catalog.KindNPS}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := known.Learn("demo", []byte(`{"guides":[{"id":"l","name":"L","steps":[{"id":"s","pollIds":["q"]}],"polls":[{"id":"q","attributes":{"type":"PickList"}}]}]}`)); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Catalog = known })
	r.meet()
	n := 0
	answer := func(guide, step, poll, kind, response string) string {
		n++
		if kind != "" {
			kind = `,"poll_type":"` + kind + `"`
		}
		return agentEventOf("pollResponse", n, fmt.Sprintf(`{"guide_id":%q,"guide_step_id":%q,"poll_id":%q,"poll_response":%s,"duration":11964,"language":"en-US"%s}`,
			guide, step, poll, response, kind), "")
	}
	f := func(answers []string, want ...string) {
		t.Helper()
		r.taken(sent("poll.gif", `[`+strings.Join(answers, ",")+`]`))
		r.taken(sent("poll.gif", `[`+strings.Join(answers, ",")+`]`)) // once more
		var got []string
		for _, e := range r.events() {
			got = append(got, fmt.Sprintf("%s %s %s%s%s", e.Kind, e.Guide.ID, e.Guide.StepID, e.Guide.NPS, e.Guide.PollResponses))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	f([]string{answer("g", "s", "p1", "PositiveNegative", `1`), answer("g", "s", "p2", "FreeForm", `"Open Text Answer"`), answer("g", "s", "p3", "", `null`)},
		`pollSubmitted "g" "s"[{"duration":11964,"pollId":"p1","pollType":"PositiveNegative","response":1},`+
			`{"duration":11964,"pollId":"p2","pollType":"FreeForm","response":"Open Text Answer"},{"duration":11964,"pollId":"p3","response":null}]`)
	f([]string{answer("g", "s", "p1", "NPSRating", `9`), answer("g", "s", "p2", "FreeForm", `"Keep up the great work!"`)},
		`npsSubmitted "g" "s"{"rating":9,"reason":"Keep up the great work!","source":"web"}`)
	f([]string{answer("g", "s", "p2", "FreeForm", `"why"`), answer("g", "s", "p1", "NPSRating", `0`)},
		`npsSubmitted "g" "s"{"rating":0,"reason":"why","source":"web"}`)
	f([]string{answer("g", "s", "p1", "NPSRating", `9`)}, `npsSubmitted "g" "s"{"rating":9,"reason":"","source":"web"}`)
	f([]string{answer("g", "s", "p1", "NPSRating", `9`), answer("g", "s", "p2", "FreeForm", `"x"`), answer("g", "s", "p3", "PickList", `"y"`)},
		`npsSubmitted "g" "s"{"rating":9,"reason":"x","source":"web"}`,
		`pollSubmitted "g" "s"[{"duration":11964,"pollId":"p3","pollType":"PickList","response":"y"}]`)
	// two steps, two guides, and the same poll twice are different submissions
	f([]string{answer("g", "s1", "p1", "A", `1`), answer("g", "s2", "p2", "A", `2`), answer("h", "s1", "p1", "A", `3`), answer("g", "s1", "p1", "A", `4`), answer("g", "s1", "p5", "A", `5`)},
		`pollSubmitted "g" "s1"[{"duration":11964,"pollId":"p1","pollType":"A","response":1}]`,
		`pollSubmitted "g" "s2"[{"duration":11964,"pollId":"p2","pollType":"A","response":2}]`,
		`pollSubmitted "h" "s1"[{"duration":11964,"pollId":"p1","pollType":"A","response":3}]`,
		`pollSubmitted "g" "s1"[{"duration":11964,"pollId":"p1","pollType":"A","response":4},{"duration":11964,"pollId":"p5","pollType":"A","response":5}]`)
	// the catalog fills in what the agent does not say
	f([]string{answer("n", "s", "p1", "", `7`), answer("n", "s", "p2", "FreeForm", `"r"`)}, `npsSubmitted "n" "s"{"rating":7,"reason":"r","source":"web"}`)
	f([]string{answer("n", "s", "p1", "", `7`)}, `npsSubmitted "n" "s"{"rating":7,"reason":"","source":"web"}`)
	// a survey in two steps: the reason brings the rating of the step before with it, of the same visitor and guide
	f([]string{answer("n", "s1", "p1", "NPSRating", `3`)}, `npsSubmitted "n" "s1"{"rating":3,"reason":"","source":"web"}`)
	f([]string{answer("m", "s2", "p2", "FreeForm", `"slow"`)}, `pollSubmitted "m" "s2"[{"duration":11964,"pollId":"p2","pollType":"FreeForm","response":"slow"}]`)
	f([]string{answer("n", "s2", "p2", "FreeForm", `"slow"`)}, `npsSubmitted "n" "s2"{"rating":3,"reason":"slow","source":"web"}`)
	f([]string{strings.Replace(answer("n", "s2", "p2", "FreeForm", `"slow"`), `"visitor_id":"v"`, `"visitor_id":"v2"`, 1)}, "visitorCreated  ", `npsSubmitted "n" "s2"{"reason":"slow","source":"web"}`)
	f([]string{answer("l", "s", "q", "", `"one"`)}, `pollSubmitted "l" "s"[{"duration":11964,"pollId":"q","pollType":"PickList","response":"one"}]`)
}
