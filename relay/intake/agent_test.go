package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
