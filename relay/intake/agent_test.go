package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"edgerelay/relay/catalog"
	"edgerelay/relay/people"
)

// sent is a GET of the agent with events that it sends at theTime by its own clock, which is right.
func sent(endpoint, events string, more ...string) []byte {
	return sentAt(theTime, endpoint, events, more...)
}

func sentAt(at time.Time, endpoint, events string, more ...string) []byte {
	target := fmt.Sprintf("/data/%s/KEY?v=2.291.4_prod&ct=%d&jzb=%s", endpoint, at.UnixMilli(), jzb(events))
	return rawRequest("GET", target+strings.Join(more, ""), "")
}

// agentEventOf is one event as the agent makes it; more are further members, with a comma in front.
func agentEventOf(kind string, sequence int, props, more string) string {
	return fmt.Sprintf(`{"type":%q,"browser_time":%d,"visitor_id":"v","account_id":"a","url":"https://app.example.com/users/7",`+
		`"props":%s,"frameId":"m56vMPtUhoWmhIaZ","sequence":%d%s}`, kind, theTime.UnixMilli(), props, sequence, more)
}

// taken sends what must be answered with the image.
func (r *rig) taken(request []byte) {
	r.t.Helper()
	if got := r.raw(request); got.status != 200 || got.body != pixel {
		r.t.Fatalf("%.100s: %d %q", request, got.status, got.body)
	}
}

// meet makes the people of agentEventOf known.
func (r *rig) meet() {
	r.t.Helper()
	r.taken(sent("ptm.gif", `[`+agentEventOf("identify", 9999, `{}`, "")+`]`))
	r.events()
}

const onPage = ` url="https://app.example.com/users/7" ip="127.0.0.1"`

// TestAgentSpellings: all ways in which the agent and its elder and modified sisters send the same batch lead to the same.
func TestAgentSpellings(t *testing.T) {
	r := start(t)
	r.meet()
	n := 0
	f := func(method, target, body string, header ...string) {
		t.Helper()
		n++
		event := agentEventOf("track", n, `{"n":1}`, `,"track_event_name":"T"`)
		fill := strings.NewReplacer("JZB", jzb(`[`+event+`]`), "OBJECT", jzb(event), "CT", fmt.Sprint(theTime.UnixMilli()))
		got := r.raw(rawRequest(method, fill.Replace(target), fill.Replace(body), header...))
		if got.status != 200 {
			t.Errorf("%s %.60s: %d %v", method, target, got.status, got.header)
		}
		checkPixel(t, target, got)
		r.stored(`trackEventReceived visitor="v" account="a" name="T" id="T" source="web" properties={"n":1}` + onPage)
	}
	for _, endpoint := range []string{"ptm", "guide", "poll", "agentic"} {
		f("GET", "/data/"+endpoint+".gif/KEY?v=2.291.4_prod&ct=CT&jzb=JZB", "")
		f("POST", "/data/"+endpoint+".gif/KEY?v=2.291.4_prod&ct=CT&s=200&type=track", `{"events":"JZB"}`, "Content-Type: application/json")
	}
	f("GET", "/data/ptm.gif/KEY?jzb=JZB&ct=CT&rt=7&acc=YWNjdA&source=web", "")
	f("GET", "/data/ptm.gif/KEY?v=2.291.4_prod+quirksmode&ct=CT&jzb=OBJECT", "")
	f("GET", "//data//ptm.gif//KEY/?ct=CT&jzb=JZB", "")
	f("GET", "/pfx/a/data/ptm.gif/KEY?ct=CT&jzb=JZB", "")
	f("GET", "https://relay.example/pfx/data/ptm.gif/KEY?ct=CT&jzb=JZB", "")
	f("GET", "/data/ptm.gif/KEY?jzb=JZB", "") // no ct: the clock is taken for right
	f("GET", "/data/ptm.gif/KEY?ct=yesterday&jzb=JZB", "")
	f("POST", "/data/ptm.gif/KEY?ct=CT", `{"events":"JZB"}`, "Content-Type: text/plain;charset=UTF-8") // sendBeacon
	f("POST", "/data/ptm.gif/KEY?ct=CT", `{"events":"JZB"}`)
	f("POST", "/data/ptm.gif/KEY?ct=CT", " {\"other\":[{}],\n\"events\" : \"JZB==\" } ", "Content-Type: application/x-www-form-urlencoded")
	f("POST", "/data/ptm.gif/KEY?ct=CT", `{"events":"OBJECT"}`)
	f("POST", "/data/ptm.gif/KEY?ct=CT&jzb=JZB", "")
	body := strings.NewReplacer("JZB", jzb(`[`+agentEventOf("track", n+1, `{"n":1}`, `,"track_event_name":"T"`)+`]`)).Replace(`{"events":"JZB"}`)
	f("POST", "/data/ptm.gif/KEY?ct=CT", deflateTo(t, "gzip", []byte(body)), "Content-Encoding: gzip")
	probe := r.raw(rawRequest("GET", "/data/guide.gif/KEY?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5&ct=1&v=1", "", "Origin: https://app.example.com"))
	if checkPixel(t, "probe", probe); probe.status != 200 {
		t.Errorf("probe: %d", probe.status)
	}
	r.stored()
}

// TestAgentTime: what counts is how long before the sending an event happened.
func TestAgentTime(t *testing.T) {
	r := start(t)
	r.meet()
	n := 0
	f := func(browser, clock time.Duration, want string) {
		t.Helper()
		n++
		event := strings.Replace(agentEventOf("load", n, `{}`, ""), fmt.Sprint(theTime.UnixMilli()), fmt.Sprint(theTime.Add(browser).UnixMilli()), 1)
		r.taken(sentAt(theTime.Add(clock), "ptm.gif", `[`+event+`]`))
		if want != "" {
			want = " time=" + want
		}
		r.stored(`pageLoaded visitor="v" account="a" properties={}` + want + onPage)
	}
	f(0, 0, "")
	f(-5*time.Second, 0, "2026-11-21T06:11:55.000Z")
	f(-5*time.Second+time.Hour, time.Hour, "2026-11-21T06:11:55.000Z")              // the clock is fast
	f(-5*time.Second-30*24*time.Hour, -30*24*time.Hour, "2026-11-21T06:11:55.000Z") // and slow
	f(-6*24*time.Hour, 0, "2026-11-15T06:12:00.000Z")                               // kept while the browser was closed
	f(-6*24*time.Hour-time.Hour, -time.Hour, "2026-11-15T06:12:00.000Z")
	f(time.Minute, 0, "") // the clock was put back between
	f(-100*365*24*time.Hour, 0, "")
}

// TestAgentIdentity: key, frameId, sequence and type say what is a repeat.
func TestAgentIdentity(t *testing.T) {
	app := demo()
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	r.meet()
	f := func(want int, events ...string) {
		t.Helper()
		r.taken(sent("ptm.gif", `[`+strings.Join(events, ",")+`]`))
		if got := len(r.events()); got != want {
			t.Errorf("%d events, want %d: %s", got, want, events)
		}
	}
	load, track := agentEventOf("load", 1, `{}`, ""), agentEventOf("track", 2, `{}`, `,"track_event_name":"T"`)
	f(2, load, track)
	f(0, load, track)
	f(0, strings.Replace(load, `"url"`, `"bytes":17,"url"`, 1))
	f(1, agentEventOf("load", 2, `{}`, ""))
	f(1, strings.Replace(load, "m56v", "n56v", 1))
	r.raw(rawRequest("GET", "/data/ptm.gif/WK_TEST_web?jzb="+jzb(`[`+load+`]`), ""))
	if n := len(r.events()); n != 1 {
		t.Errorf("another key: %d events", n)
	}
	bare := `{"type":"load","visitor_id":"v","account_id":"a","browser_time":1}`
	f(1, bare)
	f(0, bare)
	f(1, strings.Replace(bare, ":1}", ":2}", 1))
	timeless := `{"type":"load","visitor_id":"v","account_id":"a"}`
	f(2, timeless, timeless)
}

// TestAgentTrack: names, IDs and properties, in the agent's shapes.
func TestAgentTrack(t *testing.T) {
	r := start(t)
	r.meet()
	n := 0
	f := func(props, want string) {
		t.Helper()
		n++
		r.taken(sent("ptm.gif", `[`+agentEventOf("track", n, props, `,"track_event_name":"Order \u0050laced"`)+`]`))
		r.stored(`trackEventReceived visitor="v" account="a" name="Order Placed" id="Order Placed" source="web" properties=` + want + onPage)
	}
	f(`{"total":12.50,"vip":true,"2":{"x":null},"1":[1,"a"]}`, `{"1":[1,"a"],"2":{"x":null},"total":12.5,"vip":true}`)
	f(`["a",{"b":1},[]]`, `{"0":"a","1":{"b":1},"2":[]}`)
	f(`[]`, `{}`)
	f(`{"__err__":"text"}`, `{"__err__":"text"}`)
	f(`null`, `{}`)
	f(`7`, `{}`)
	f(`{"half":"\ud83d"}`, `{"half":"\ud83d"}`)
}

// TestAgentClicks: features by element, pages by URL; what matches nothing is told as well.
func TestAgentClicks(t *testing.T) {
	known, err := catalog.New(catalog.Options{
		Pages:    []catalog.Page{{ID: "p-users", Rules: []string{"//*/users/*"}}, {App: "other", ID: "p-other", Rules: []string{"/**"}}},
		Features: []catalog.Feature{{ID: "f-save", Selectors: []string{"form button.primary"}, Page: "p-users"}, {ID: "f-any", Selectors: []string{"button"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Catalog = known })
	r.meet()
	const target = `{"target":{"tag":"BUTTON","id":"","cls":"primary","attrs":{},"parentElem":{"tag":"FORM","id":"f","cls":""}}}`
	click := agentEventOf("click", 1, target, `,"eventProperties":{"elementType":"button"},"frustrationTypes":["rageClick","newLabel",7,"deadClick"]`)
	nothing := strings.NewReplacer("BUTTON", "DIV", "users/7", "home").Replace(agentEventOf("click", 2, target, `,"frustrationTypes":["errorClick"],"errorClickLog":"Uncaught"`))
	load := agentEventOf("load", 3, `{"load_time":-1}`, `,"frustrationTypes":["uTurn"]`)
	r.taken(sent("ptm.gif", `[`+click+`,`+nothing+`,`+load+`]`))
	const who, chosen = ` visitor="v" account="a"`, ` properties={"elementType":"button"}`
	home := strings.Replace(onPage, "users/7", "home", 1)
	r.stored(`featureClicked`+who+` id="f-save" id="f-any"`+chosen+onPage,
		`rageClick`+who+` id="p-users" id="f-save" id="f-any"`+chosen+onPage,
		`deadClick`+who+` id="p-users" id="f-save" id="f-any"`+chosen+onPage,
		`featureClicked`+who+` properties={}`+home,
		`errorClick`+who+` properties={"errorClickLog":"Uncaught"}`+home,
		`pageLoaded`+who+` id="p-users" properties={}`+onPage,
		`uTurn`+who+` id="p-users" properties={}`+onPage)
}

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

// TestAgentMeta: metadata goes to the group agent, and is news once.
func TestAgentMeta(t *testing.T) {
	r := start(t)
	r.meet()
	n := 0
	f := func(props string, want ...string) {
		t.Helper()
		n++
		r.taken(sent("ptm.gif", `[`+agentEventOf("meta", n, props, "")+`]`))
		r.stored(want...)
	}
	const props = `{"visitor":{"id":"v","role":"admin"},"account":{"id":"a","plan":"gold"},"parentAccount":{"id":"top","tier":1},"date":"21/11/2026"}`
	f(props, `visitorMetadataUpdated visitor="v" account="a" properties={"metadata":{"agent":{"role":"admin"}},"previous":{"agent":{}}}`+onPage,
		`accountMetadataUpdated visitor="v" account="a" properties={"metadata":{"agent":{"plan":"gold"}},"previous":{"agent":{}}}`+onPage,
		`accountMetadataUpdated visitor="v" account="top" properties={"metadata":{"agent":{"tier":1}},"previous":{"agent":{}}}`+onPage)
	f(props)
	f(`{"visitor":{"id":"v"},"account":{"id":null}}`)
	f(`{"visitor":{"role":"user"}}`, `visitorMetadataUpdated visitor="v" account="a" properties={"metadata":{"agent":{"role":"user"}},"previous":{"agent":{"role":"admin"}}}`+onPage)
	var p people.Person
	if _, err := r.book.Load(&p, people.Visitor, "demo", []byte(`"v"`)); err != nil || string(p.Metadata(people.Agent)) != `{"role":"user"}` {
		t.Errorf("%s %v", p.Metadata(people.Agent), err)
	}
}

// TestAgentExclusions: of excluded people and those marked do-not-process nothing is kept, and only the latter's agent
// is told to stop.
func TestAgentExclusions(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"test-*"}, nil); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	change := r.book.Begin()
	if _, err := change.SetDoNotProcess("demo", []byte(`"secret"`), true); err != nil {
		t.Fatal(err)
	}
	r.commit(change)
	for _, visitor := range []string{"test-1", "secret"} {
		events := strings.ReplaceAll(`[`+agentEventOf("load", 1, `{}`, "")+`,`+agentEventOf("meta", 2, `{"visitor":{"x":1}}`, "")+`]`, `"v"`, `"`+visitor+`"`)
		r.taken(sent("ptm.gif", events))
	}
	r.stored()
	f := func(visitor string, want int) {
		t.Helper()
		for _, endpoint := range []string{"guide.json", "segmentflag.json", "guide.js", "segmentflag.js"} {
			payload := jzb(`{"visitorId":"` + visitor + `","accountId":null,"url":"https://x.example/"}`)
			get := r.raw(rawRequest("GET", "/data/"+endpoint+"/KEY?id=17&ct=1&v=1&jzb="+payload, ""))
			post := r.post("/data/"+endpoint+"/KEY?id=17&ct=1&v=1", `{"events":"`+payload+`"}`)
			if get.status != want || post.status != want {
				t.Errorf("%s of %s: %d, %d", endpoint, visitor, get.status, post.status)
			}
		}
	}
	f("v", 200)
	f("test-1", 200)
	f("secret", 451)
}

// TestAgentStubs: what is not events gets an answer on which the agent goes on.
func TestAgentStubs(t *testing.T) {
	r := start(t)
	f := func(method, target, body, want, kind string) {
		t.Helper()
		got := r.raw(rawRequest(method, target, body))
		if got.status != 200 || got.body != want || got.header.Get("Content-Type") != kind || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: %d %q %v", method, target, got.status, got.body, got.header)
		}
		if got := r.raw(rawRequest(method, strings.Replace(target, "KEY", "WRONG", 1), body)); got.status != 403 || (want == pixel) != (got.body == pixel) {
			t.Errorf("%s %s with a wrong key: %d %q", method, target, got.status, got.body)
		}
		if got := r.raw(rawRequest("OPTIONS", target, "")); got.status != 204 {
			t.Errorf("OPTIONS %s: %d", target, got.status)
		}
	}
	const json = "application/json"
	for _, query := range []string{"", "?jzb=", "?jzb=%00", "?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5", "?jzb=" + jzb(`{"visitorId":7}`), "?jzb=" + jzb(`{"visitorId":[]}`)} {
		f("GET", "/data/guide.json/KEY"+query, "", `{"guides":[]}`, json)
		f("GET", "/p//data/segmentflag.json/KEY"+query, "", `{"segmentFlags":[]}`, json)
	}
	f("POST", "/data/guide.json/KEY", `{"events":"%"}`, `{"guides":[]}`, json)
	f("POST", "/data/guide.json/KEY", `{`, `{"guides":[]}`, json)
	f("GET", "/data/guide.js/KEY", "", `pendo.guidesPayload({"guides":[]});`, "application/javascript; charset=utf-8")
	f("GET", "/data/segmentflag.js/KEY", "", `pendo.segmentsPayload({"segmentFlags":[]});`, "application/javascript; charset=utf-8")
	f("GET", "/data/log.gif/KEY?msg=Single%20item&version=2.291.4_prod", "", pixel, "image/gif")
	f("GET", "/data/recordingconf/KEY?jzb=x", "", `{"enable":false}`, json)
	f("POST", "/data/rec/KEY?recordingId=log", "\x78\x9c\x00", `{}`, json)
	f("GET", "/data/devlog/KEY?jzb=x", "", `{}`, json)
	f("POST", "/data/devlog/KEY", `{"events":"x"}`, `{}`, json)
	f("POST", "/data/errorlog?apiKey=KEY", `{"error":"e","version":"v","visitorId":"v"}`, `{}`, json)
	r.stored()
}

// TestTokens: in signed mode the token says who it is, and nobody else may.
func TestTokens(t *testing.T) {
	app := demo()
	app.SigningKey = "signing key"
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	type claims = jwt.MapClaims
	sign := func(method jwt.SigningMethod, key any, c claims) string {
		t.Helper()
		token, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := claims{"visitor": map[string]any{"id": "signed", "role": "admin"}, "account": map[string]any{"id": "acct", "plan": "gold"}}
	at := func(c claims, name string, d time.Duration) claims {
		copied := claims{name: theTime.Add(d).Unix()}
		for k, v := range c {
			copied[k] = v
		}
		return copied
	}
	n := 0
	events := func() string { n++; return `[` + agentEventOf("load", n, `{}`, "") + `]` }
	f := func(what, token string, status int) {
		t.Helper()
		get := r.raw(sent("ptm.gif", events(), "&jwt="+token+"&signingKeyName=key1"))
		post := r.post("/data/ptm.gif/KEY?ct="+fmt.Sprint(theTime.UnixMilli()), `{"events":"`+jzb(events())+`","jwt":"`+token+`","signingKeyName":"key1"}`)
		for _, got := range []reply{get, post} {
			if checkPixel(t, what, got); got.status != status {
				t.Errorf("%s: %d %v", what, got.status, got.header)
			}
		}
		all := r.events()
		if status != 200 && len(all) != 0 {
			t.Errorf("%s: %d events", what, len(all))
		}
		for _, e := range all {
			if string(e.Visitor) != `"signed"` || e.Account != nil && string(e.Account) != `"acct"` {
				t.Errorf("%s: %s", what, show(e))
			}
		}
	}
	key := []byte(app.SigningKey)
	hs256 := sign(jwt.SigningMethodHS256, key, good)
	f("HS256", hs256, 200)
	f("HS384", sign(jwt.SigningMethodHS384, key, good), 200)
	f("HS512", sign(jwt.SigningMethodHS512, key, good), 200)
	f("no account", sign(jwt.SigningMethodHS256, key, claims{"visitor": map[string]any{"id": "signed"}}), 200)
	f("valid", sign(jwt.SigningMethodHS256, key, at(good, "exp", time.Hour)), 200)
	f("just expired", sign(jwt.SigningMethodHS256, key, at(good, "exp", -time.Minute)), 200)
	f("expired", sign(jwt.SigningMethodHS256, key, at(good, "exp", -time.Hour)), 403)
	f("not valid yet", sign(jwt.SigningMethodHS256, key, at(good, "nbf", time.Hour)), 403)
	f("another key", sign(jwt.SigningMethodHS256, []byte("other"), good), 403)
	f("none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good), 403)
	f("no signature", hs256[:strings.LastIndexByte(hs256, '.')+1], 403)
	f("changed", strings.Replace(hs256, ".", ".e", 1), 403)
	f("rubbish", "a.b.c", 403)
	f("no visitor", sign(jwt.SigningMethodHS256, key, claims{"account": map[string]any{"id": "acct"}}), 403)
	f("visitor of a wrong type", sign(jwt.SigningMethodHS256, key, claims{"visitor": map[string]any{"id": []int{1}}}), 403)
	f("visitor that is no object", sign(jwt.SigningMethodHS256, key, claims{"visitor": "v"}), 403)
	f("long", strings.Repeat("x", 10_000), 403)

	// without a token
	if got := r.raw(sent("ptm.gif", events())); got.status != 403 {
		t.Errorf("no token: %d", got.status)
	}
	r.stored()
	anonymous := strings.NewReplacer(`"v"`, `"_PENDO_T_x"`, `"a"`, "null").Replace(events())
	r.taken(sent("ptm.gif", anonymous))
	if n := len(r.events()); n != 2 {
		t.Errorf("anonymous: %d events", n)
	}
	r.taken(rawRequest("GET", "/data/guide.gif/KEY?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5", ""))
	if got := r.raw(rawRequest("GET", "/data/guide.json/KEY?jwt=a.b.c&jzb="+jzb(`{}`), "")); got.status != 403 {
		t.Errorf("guide.json: %d", got.status)
	}

	// metadata: the signed fields win
	n++
	meta := `[` + agentEventOf("meta", n, `{"visitor":{"id":"v","role":"root","language":"en_US"},"account":{"id":"a","plan":"free"},"parentAccount":{"id":"x","y":1}}`, "") + `]`
	r.taken(sent("ptm.gif", meta, "&jwt="+hs256))
	const who = ` visitor="signed" account="acct"`
	r.stored(`visitorMetadataUpdated`+who+` properties={"metadata":{"agent":{"role":"admin","language":"en_US"}},"previous":{"agent":{}}}`+onPage,
		`accountMetadataUpdated`+who+` properties={"metadata":{"agent":{"plan":"gold"}},"previous":{"agent":{}}}`+onPage)
	if got := r.counter("edge_intake_refused_requests_total", "reason", "bad_token"); got != 24 {
		t.Errorf("%v refused", got)
	}

	// without a key in the configuration a token means nothing
	plain := start(t)
	plain.meet()
	plain.taken(sent("ptm.gif", `[`+agentEventOf("load", 1, `{}`, "")+`]`, "&jwt=a.b.c"))
	plain.stored(`pageLoaded visitor="v" account="a" properties={}` + onPage)
}
