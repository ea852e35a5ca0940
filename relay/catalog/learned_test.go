package catalog

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
)

func readReply(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLearnCapturedReplies(t *testing.T) {
	c := mustNew(t, Options{})
	for _, name := range []string{"guide-tour.json", "guide-nps.json", "guide-odd.json"} {
		if err := c.Learn("demo", readReply(t, name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	v := c.App("demo")
	f := func(id, kind, properties string) {
		t.Helper()
		d := v.Guide([]byte(id))
		if d == nil || d.Kind.String() != kind || string(d.Properties) != properties || string(d.ID) != id {
			t.Errorf("guide %s: got %+v\nwant %s %s", id, d, kind, properties)
		}
	}
	const step = `{"id":"%s","lastUpdatedAt":1700000000000,"resetAt":0,"type":"building-block"}`
	f(`"G1aaaaaaaaaaaaaaaaaaaaaaaaa"`, "guide", `{"createdAt":0,"createdByUser":{"username":""},"id":"G1aaaaaaaaaaaaaaaaaaaaaaaaa",`+
		`"lastUpdatedAt":1700000000000,"lastUpdatedByUser":{"username":""},"name":"Tour","steps":[`+fmt.Sprintf(step+","+step, "S1", "S2")+`]}`)
	f(`"G2bbbbbbbbbbbbbbbbbbbbbbbbb"`, "nps", `{"createdAt":0,"createdByUser":{"username":""},"id":"G2bbbbbbbbbbbbbbbbbbbbbbbbb",`+
		`"lastUpdatedAt":1700000000000,"lastUpdatedByUser":{"username":""},"name":"NPS","steps":[`+fmt.Sprintf(step, "S1")+`]}`)
	g := func(guide, poll, want string) {
		t.Helper()
		if got := string(v.PollType([]byte(guide), []byte(poll))); got != want {
			t.Errorf("poll %s of guide %s: got %s, want %s", poll, guide, got, want)
		}
	}
	g(`"G2bbbbbbbbbbbbbbbbbbbbbbbbb"`, `"poll-nps"`, `"NPSRating"`)
	g(`"G2bbbbbbbbbbbbbbbbbbbbbbbbb"`, `"poll-text"`, `"FreeForm"`)
	g(`"G2bbbbbbbbbbbbbbbbbbbbbbbbb"`, `"poll"`, ``)
	g(`"G1aaaaaaaaaaaaaaaaaaaaaaaaa"`, `"poll-nps"`, ``)
	g(`"unknown"`, `"poll-nps"`, ``)
	if d := c.App("other").Guide([]byte(`"G1aaaaaaaaaaaaaaaaaaaaaaaaa"`)); d != nil {
		t.Errorf("another app knows the guide: %+v", d)
	}
	if n := c.learned.Len(); n != 3 {
		t.Errorf("got %d guides, want 3", n)
	}
}

func TestLearnRules(t *testing.T) {
	f := func(guide, want string) {
		t.Helper()
		l := NewLearned(0)
		if err := l.Learn("demo", []byte(`{"guides":[`+guide+`]}`)); err != nil {
			t.Errorf("guide %s: %v", guide, err)
			return
		}
		d := l.get("demo", []byte(`"g"`))
		got := "unknown"
		if d != nil {
			got = fmt.Sprintf("%s %s %s %s", d.Kind, d.Name, d.Properties[len(`{"createdAt":0,"createdByUser":{"username":""},"id":"g",`):], d.polls)
		}
		if got != want {
			t.Errorf("guide %s:\ngot  %s\nwant %s", guide, got, want)
		}
	}
	const noUser, noName = `"lastUpdatedByUser":{"username":""}`, `"name":""`
	f(`{"id":"g"}`, `guide "" "lastUpdatedAt":0,`+noUser+`,`+noName+`,"steps":[]} {}`)
	f(`{"name":"n"}`, `unknown`)
	f(`{"id":""}`, `unknown`)
	f(`{"id":7}`, `unknown`)
	f(`null,7,"x",[],{}`, `unknown`)
	f(`{ "name" : "a\/b" , "id" : "\u0067", "steps": null, "polls": 7 }`, `guide "a/b" "lastUpdatedAt":0,`+noUser+`,"name":"a/b","steps":[]} {}`)
	f(`{"id":"g","publishedAt":900,"steps":[{"id":"s","lastUpdatedAt":1000,"resetAt":-1,"type":null},7,{"lastUpdatedAt":"x","resetAt":1.5}]}`,
		`guide "" "lastUpdatedAt":1000,`+noUser+`,`+noName+`,"steps":[{"id":"s","lastUpdatedAt":1000,"resetAt":0,"type":""},`+
			`{"id":"","lastUpdatedAt":0,"resetAt":0,"type":""}]} {}`)
	f(`{"id":"g","publishedAt":2000,"steps":[{"lastUpdatedAt":1000}]}`,
		`guide "" "lastUpdatedAt":2000,`+noUser+`,`+noName+`,"steps":[{"id":"","lastUpdatedAt":1000,"resetAt":0,"type":""}]} {}`)
	f(`{"id":"g","polls":[{"id":"a"},{"id":"b","attributes":{"type":"FreeForm"}},{"attributes":{"type":"NPSRating"}},7]}`,
		`poll "" "lastUpdatedAt":0,`+noUser+`,`+noName+`,"steps":[]} {"a":"","b":"FreeForm"}`)
	f(`{"id":"g","polls":[{"id":"a","attributes":{"type":"NPSRating"}},{"id":"b"}]}`,
		`nps "" "lastUpdatedAt":0,`+noUser+`,`+noName+`,"steps":[]} {"a":"NPSRating","b":""}`)
	f(`{"id":"g","name":"`+strings.Repeat("x", detailsMax)+`"}`, `unknown`)
}

func TestLearnReplies(t *testing.T) {
	l := NewLearned(0)
	fine := func(reply string) {
		t.Helper()
		if err := l.Learn("demo", []byte(reply)); err != nil {
			t.Errorf("reply %s: %v", reply, err)
		}
	}
	wrong := func(reply, want string) {
		t.Helper()
		err := l.Learn("demo", []byte(reply))
		if err == nil || !strings.HasPrefix(err.Error(), `learn guides of app "demo": `) || !strings.Contains(err.Error(), want) {
			t.Errorf("reply %s: got error %v, want one with %q", cutText(reply, 40), err, want)
		}
	}
	fine(`{}`)
	fine(`{"guides":[]}`)
	fine(`{"guides":null}`)
	fine(` {"id":"1", "guides" : [ ] } `)
	wrong(``, "unexpected end")
	wrong(`<html>`, "unexpected '<'")
	wrong(`{"guides":[`, "unexpected end")
	wrong(`[]`, "no JSON object")
	wrong(`{"guides":{}}`, "guides are no list")
	wrong(strings.Repeat(" ", replyMax+1), "more than 8388608")
	if n := l.Len(); n != 0 {
		t.Errorf("got %d guides of nothing", n)
	}
}

// What is configured comes before what passes, and what passes later before what passed.
func TestLearnedComesAfterConfigured(t *testing.T) {
	c := mustNew(t, Options{Guides: []Guide{{ID: "g", Name: "configured"}}})
	learn := func(name string) {
		t.Helper()
		reply := fmt.Sprintf(`{"guides":[{"id":"g","name":%q,"polls":[{"id":"p","attributes":{"type":"FreeForm"}}]},{"id":"h","name":%[1]q}]}`, name)
		if err := c.Learn("demo", []byte(reply)); err != nil {
			t.Fatal(err)
		}
	}
	f := func(id, want string) {
		t.Helper()
		if d := c.App("demo").Guide([]byte(id)); d == nil || string(d.Name) != want {
			t.Errorf("guide %s: got %+v, want the name %s", id, d, want)
		}
	}
	learn("first")
	f(`"g"`, `"configured"`)
	f(`"h"`, `"first"`)
	learn("second")
	f(`"h"`, `"second"`)
	if got := string(c.App("demo").PollType([]byte(`"g"`), []byte(`"p"`))); got != `"FreeForm"` {
		t.Errorf("poll of a configured guide: got %s", got)
	}
	// The next catalog knows what the last one learnt.
	next := mustNew(t, Options{Learned: c.learned})
	if d := next.App("demo").Guide([]byte(`"g"`)); d == nil || string(d.Name) != `"second"` {
		t.Errorf("next catalog: got %+v", d)
	}
}

// sampleReply is a reply with guides from number from on.
func sampleReply(from, n int) []byte {
	reply := []byte(`{"guides":[`)
	for i := range n {
		if i > 0 {
			reply = append(reply, ',')
		}
		reply = fmt.Appendf(reply, `{"id":"guide-%d","name":"Guide %[1]d","steps":[{"id":"s1","type":"building-block","lastUpdatedAt":1700000000000}],"seen":%[1]d}`, from+i)
	}
	return append(reply, `]}`...)
}

func TestLearnedIsBounded(t *testing.T) {
	const bytesMax = 64 << 10
	l := NewLearned(bytesMax)
	for i := range 1000 {
		if err := l.Learn("demo", sampleReply(i*10, 10)); err != nil {
			t.Fatal(err)
		}
		if err := l.Learn("demo", sampleReply(0, 1)); err != nil { // in use all the time
			t.Fatal(err)
		}
		size := 0
		for _, table := range []map[guideKey]*Details{l.young, l.old} {
			for k, d := range table {
				size += d.size(k.app)
			}
		}
		if size > bytesMax || l.Len() < min(50, i*10) {
			t.Fatalf("after %d replies: %d guides, %d bytes, at most %d are allowed", i+1, l.Len(), size, bytesMax)
		}
		if l.get("demo", []byte(`"guide-0"`)) == nil {
			t.Fatalf("after %d replies: the guide in use is forgotten", i+1)
		}
	}
	if l.get("demo", []byte(`"guide-17"`)) != nil {
		t.Errorf("an old guide is not forgotten")
	}
	if l.get("demo", []byte(`"guide-9999"`)) == nil {
		t.Errorf("the last guide is forgotten")
	}
}

// What is returned does not change when its reply's memory is used again.
func TestLearnedOwnsItsBytes(t *testing.T) {
	l := NewLearned(0)
	reply := sampleReply(1, 1)
	if err := l.Learn("demo", reply); err != nil {
		t.Fatal(err)
	}
	d := l.get("demo", []byte(`"guide-1"`))
	before := fmt.Sprintf("%s %s %s %s", d.ID, d.Name, d.Properties, d.polls)
	clear(reply)
	for i := range 20 {
		if err := l.Learn("demo", sampleReply(100*i, 50)); err != nil {
			t.Fatal(err)
		}
	}
	if after := fmt.Sprintf("%s %s %s %s", d.ID, d.Name, d.Properties, d.polls); after != before {
		t.Errorf("got %s, was %s", after, before)
	}
}

func TestConcurrentLearn(t *testing.T) {
	c := mustNew(t, Options{Learned: NewLearned(32 << 10)})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				if err := c.Learn("demo", sampleReply(g*i, 20)); err != nil {
					t.Error(err)
				}
				d := c.App("demo").Guide([]byte(`"guide-7"`))
				if d != nil && string(d.Name) != `"Guide 7"` {
					t.Errorf("got %+v", d)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzLearn(f *testing.F) {
	for _, name := range []string{"guide-tour.json", "guide-nps.json", "guide-odd.json"} {
		f.Add(readReply(f, name))
	}
	f.Add([]byte(`{"guides":[{"id":"g","polls":[{"id":"a","attributes":{"type":"\ud800"}}]},{"id":"g","steps":[[]]}]}`))
	f.Fuzz(func(t *testing.T, reply []byte) {
		l := NewLearned(4 << 10)
		if l.Learn("demo", reply) != nil {
			return
		}
		for k, d := range l.young {
			if k.id != string(d.ID) || len(d.Properties) == 0 || d.Properties[0] != '{' || d.pollType([]byte(`"none"`)) != nil && !strings.Contains(string(d.polls), "none") {
				t.Fatalf("guide %s: %+v", k.id, d)
			}
		}
	})
}

func TestLearnedAll(t *testing.T) {
	l := NewLearned(0)
	for app, reply := range map[string]string{"a": "guide-tour.json", "b": "guide-nps.json"} {
		if err := l.Learn(app, readReply(t, reply)); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for _, g := range l.All() {
		got[g.App+" "+string(g.ID)] = g.Kind.String() + " " + string(g.Name)
	}
	want := map[string]string{`a "G1aaaaaaaaaaaaaaaaaaaaaaaaa"`: `guide "Tour"`, `b "G2bbbbbbbbbbbbbbbbbbbbbbbbb"`: `nps "NPS"`}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
