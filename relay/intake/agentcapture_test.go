package intake

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// capture is what the real agent sent in one scene, with its payloads decoded by somebody else's decoder.
type capture struct {
	Note     string
	Requests []struct {
		Method, URL string
		Headers     map[string]string
		Body        []byte
		Decoded     json.RawMessage
	}
}

const captureKey = "11111111-2222-4333-8444-555555555555"

// captureApp is the app of the captures, and a catalog that names what stands in them.
func captureApp(t testing.TB) (App, *catalog.Catalog) {
	t.Helper()
	known, err := catalog.New(catalog.Options{
		Pages: []catalog.Page{{ID: "page-start", Rules: []string{"//*/start?a=1"}}, {ID: "page-frust", Rules: []string{"//*/frust"}},
			{ID: "page-all", Rules: []string{"//127.0.0.1:7201/**"}}},
		Features: []catalog.Feature{{ID: "feature-save", Selectors: []string{"#save.btn-primary"}},
			{ID: "feature-err", Selectors: []string{"div#main > button#err"}, Page: "page-frust"}},
		Tracks: []catalog.Track{{ID: "tt-order", Name: "Order Placed"}},
		Guides: []catalog.Guide{{ID: "G1aaaaaaaaaaaaaaaaaaaaaaaaa", Name: "Two steps", CreatedAt: time.UnixMilli(1615411012615),
			CreatedBy: "pendo-user@example.com", Steps: []catalog.Step{{ID: "S1", Type: "building-block"}, {ID: "S2"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	app := demo()
	app.Keys = append(app.Keys, captureKey)
	return app, known
}

// captures has a server know that app and that catalog.
func captures(t testing.TB) func(*Options) {
	app, known := captureApp(t)
	return func(o *Options) { o.Apps, o.Catalog = []App{app}, known }
}

func readCapture(t testing.TB, file string) (c capture) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return c
}

func captureFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/pendo/[0-9]*.json")
	if err != nil || len(files) != 34 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	return files
}

// request is the capture's bytes, as good as they are known.
func (c *capture) request(i int) []byte {
	q := &c.Requests[i]
	var header []string
	for name, value := range q.Headers {
		if name != "host" && name != "content-length" && name != "connection" {
			header = append(header, name+": "+value)
		}
	}
	sort.Strings(header)
	target, _, _ := strings.Cut(q.URL, "#")
	if at := strings.Index(target, "/data/"); at > 0 {
		target = target[at:]
	}
	return rawRequest(q.Method, target, string(q.Body), header...)
}

// TestAgentCaptures replays what the real agent sent, in order, each scene against a server of its own. Replies and events
// are compared with the golden file beside it, and the events besides with what a naive reading of the decoded payloads
// makes of them.
func TestAgentCaptures(t *testing.T) {
	for _, file := range captureFiles(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			c := readCapture(t, file)
			r := start(t, captures(t))
			var got bytes.Buffer
			var kinds []string
			naive := naiveReader{seen: map[string]bool{}}
			for i := range c.Requests {
				q := &c.Requests[i]
				path, _, _ := strings.Cut(q.URL, "?")
				reply := r.raw(c.request(i))
				fmt.Fprintf(&got, "%s %s\n%d %s\n", q.Method, strings.TrimSuffix(path, captureKey), reply.status, strconv.Quote(reply.body))
				showHeader(&got, reply.header)
				checkReply(t, q.Method, path, reply)
				for _, e := range r.events() {
					e.UserAgent, e.IP = nil, nil
					fmt.Fprintf(&got, "%x %s\n", e.UniqueID[:4], show(e))
					kinds = append(kinds, brief(e))
				}
				if strings.Contains(path, ".gif/") && q.Method != "OPTIONS" {
					naive.read(t, q.URL, q.Decoded)
				}
			}
			compareGolden(t, "testdata/pendo/"+name+".golden", got.Bytes())
			kinds = slices.DeleteFunc(kinds, func(line string) bool {
				return strings.HasPrefix(line, "visitor") || strings.HasPrefix(line, "account")
			})
			slices.Sort(kinds)
			slices.Sort(naive.lines)
			if g, w := strings.Join(kinds, "\n"), strings.Join(naive.lines, "\n"); g != w {
				t.Errorf("events\n%s\nwant\n%s", g, w)
			}
		})
	}
}

func compareGolden(t *testing.T, golden string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", golden, got)
	}
}

// checkReply holds what the agent needs to take a request for delivered.
func checkReply(t *testing.T, method, path string, got reply) {
	t.Helper()
	if got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s: no CORS: %v", path, got.header)
	}
	switch {
	case method == "OPTIONS":
		if got.status != 204 || !strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "content-type") {
			t.Errorf("%s: preflight %d %v", path, got.status, got.header)
		}
	case got.status != 200:
		t.Errorf("%s: %d %s", path, got.status, got.body)
	case strings.Contains(path, ".gif"):
		checkPixel(t, path, got)
	case !json.Valid([]byte(got.body)):
		t.Errorf("%s: %q", path, got.body)
	}
}

// checkPixel holds the headers that browsers need to show an image to a page of any origin.
func checkPixel(t *testing.T, what string, got reply) {
	t.Helper()
	h := got.header
	if len(got.body) != 43 || !strings.HasPrefix(got.body, "GIF89a") || h.Get("Content-Type") != "image/gif" ||
		h.Get("Cache-Control") != "no-store" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || h.Get("X-Content-Type-Options") != "" {
		t.Errorf("%s: %q %v", what, got.body, h)
	}
}

// brief is the part of an event that a naive reading of the payload can tell too.
func brief(e *event.Event) string {
	name := e.Name
	if e.Guide.ID != nil {
		name = append(append([]byte(nil), e.Guide.ID...), e.Guide.StepID...)
	}
	return fmt.Sprintf("%s %s %s %s", e.Kind, e.Visitor, e.Account, name)
}

// naiveReader does what intake does, by maps.
type naiveReader struct {
	seen  map[string]bool
	lines []string
}

func (n *naiveReader) read(t *testing.T, target string, payload json.RawMessage) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	var events []map[string]any
	if err := json.Unmarshal(payload, &events); err != nil {
		if strings.Contains(u.Path, "log.gif") || strings.Contains(u.Path, "errorlog") {
			return
		}
		t.Fatalf("%s: %v", target, err)
	}
	polls := map[string][]string{}
	for _, e := range events {
		id := fmt.Sprint(e["frameId"], " ", e["sequence"], " ", e["type"])
		if n.seen[id] {
			continue
		}
		n.seen[id] = true
		props, _ := e["props"].(map[string]any)
		name, guide := "", quote(props["guide_id"])+quote(props["guide_step_id"])
		add := func(kind event.Kind, name string) {
			n.lines = append(n.lines, fmt.Sprintf("%s %s %s %s", kind, quote(e["visitor_id"]), quote(e["account_id"]), name))
		}
		switch e["type"] {
		case "load":
			add(event.PageLoaded, name)
		case "click":
			add(event.FeatureClicked, name)
		case "track":
			add(event.TrackEventReceived, quote(e["track_event_name"]))
		case "guideSeen":
			kind := event.GuideDisplayed
			if types := fmt.Sprint(props["step_poll_types"]); strings.Contains(types, "NPSRating") {
				kind = event.NPSDisplayed
			}
			add(kind, guide)
		case "guideAdvanced":
			add(event.GuideAdvanced, guide)
		case "guideDismissed":
			add(event.GuideDismissed, guide)
		case "pollResponse":
			if polls[guide] == nil {
				add(event.NPSSubmitted, guide)
			}
			polls[guide] = append(polls[guide], id)
		}
		labels, _ := e["frustrationTypes"].([]any)
		for _, l := range labels {
			kind, ok := event.KindOf(l.(string))
			if !ok {
				t.Fatalf("label %v", l)
			}
			add(kind, name)
		}
	}
}

func quote(v any) string {
	if s, ok := v.(string); ok {
		return string(text(s))
	}
	return ""
}

// TestAgentCapturesTwice sends everything once more after all of it, as an agent does that was cut off before the answer:
// not one event is told again.
func TestAgentCapturesTwice(t *testing.T) {
	r := start(t, captures(t))
	send := func() int {
		for _, file := range captureFiles(t) {
			c := readCapture(t, file)
			for i := range c.Requests {
				r.raw(c.request(i))
			}
		}
		return len(r.events())
	}
	if n := send(); n != 97 {
		t.Errorf("%d events at first", n)
	}
	before := r.counter("edge_intake_duplicate_events_total")
	if n := send(); n != 0 {
		t.Errorf("%d events told again", n)
	}
	if n := r.counter("edge_intake_duplicate_events_total") - before; n < 97 {
		t.Errorf("%v duplicates were counted", n)
	}
}

// TestVectors decodes the agent's own encoding, in all the spellings it may arrive in.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/pendo/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Vectors []struct {
			JZB  string
			JSON json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &all); err != nil || len(all.Vectors) < 40 {
		t.Fatalf("%d vectors, %v", len(all.Vectors), err)
	}
	rig := start(t)
	r := offline(t, rig.server)
	for i, v := range all.Vectors {
		want, err := r.stable.Append(nil, v.JSON)
		if err != nil {
			t.Fatal(err)
		}
		padded := v.JZB + strings.Repeat("=", (4-len(v.JZB)%4)%4)
		for _, spelling := range []string{v.JZB, padded, strings.NewReplacer("-", "+", "_", "/").Replace(padded),
			strings.NewReplacer("-", " ", "_", "/").Replace(v.JZB)} {
			got, err := r.unpack([]byte(spelling))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("vector %d: %v\n got %.200s\nwant %.200s", i, err, got, want)
			}
		}
	}
}

// jzb encodes a payload as the agent does.
func jzb(payload string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(payload))
	z.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}
