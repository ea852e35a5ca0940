package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

const crm = `{"name":"crm","url":"https://example.com/hook","secret":"s3cret-of-crm","events":["pageLoaded"],"headers":{"Authorization":"Bearer t0ken","X-Team":"growth"}}`

// receives says which webhooks get a page event of app web.
func (g *rig) receives() (queues []uint32) {
	e := event.Sample(event.PageLoaded)
	receivers, _ := g.Set().Receivers(nil, nil, &e, "web", nil)
	for _, r := range receivers {
		queues = append(queues, r.Queue)
	}
	return queues
}

var _ State = (*wal.Log)(nil)

func TestLifeOfAWebhook(t *testing.T) {
	g := newRig(t)
	w := g.create(crm)
	if w.Name != "crm" || w.Origin != API || w.Version != 1 || w.Enabled || w.Queue != 1 || w.Created == nil {
		t.Errorf("made %+v", w)
	}
	g.runs(map[string]string{"crm": "off"})
	_, err := g.Create(g.doc(crm))
	g.refused(err, Exists, "name")
	if w, err = g.Enable("crm", Terms{}); err != nil || !w.Enabled || w.Version != 2 {
		t.Errorf("turned on: %+v, %v", w, err)
	}
	if got := g.receives(); !slices.Equal(got, []uint32{1}) {
		t.Errorf("%v receive", got)
	}
	_, err = g.Edit("crm", g.doc(`{"rate":5}`), 1)
	g.refused(err, Stale, "")
	if w, err = g.Edit("crm", g.doc(`{"rate":5,"name":"sales","events":["featureClicked"]}`), 2); err != nil || w.Name != "sales" || w.Version != 3 {
		t.Errorf("edited: %+v, %v", w, err)
	}
	g.runs(map[string]string{"sales": "on"})
	if got := g.receives(); got != nil {
		t.Errorf("after the edit %v receive", got)
	}
	if _, err = g.Get("crm"); err == nil {
		t.Error("the old name is still there")
	}
	g.open() // a start finds it as it was left
	if w, err = g.Get("sales"); err != nil || w.Version != 3 || !w.Enabled || w.Queue != 1 || w.compiled.Rate != 5 || w.compiled.Secret != "s3cret-of-crm" {
		t.Errorf("after a restart: %+v, %v", w, err)
	}
	g.runs(map[string]string{"sales": "on"})
	if w, err = g.Disable("sales"); err != nil || w.Enabled {
		t.Errorf("turned off: %+v, %v", w, err)
	}
	if err := g.Delete("sales", 0); err != nil {
		t.Fatal(err)
	}
	g.refused(g.Delete("sales", 0), NotFound, "")
	g.runs(map[string]string{})
	if again := g.create(crm); again.Queue == w.Queue {
		t.Error("a new webhook has the queue of a deleted one")
	}
	g.open()
	if len(g.List()) != 1 {
		t.Errorf("after a restart there are %d", len(g.List()))
	}
}

func TestSecretsStayIn(t *testing.T) {
	g := newRig(t)
	w := g.create(crm)
	shown, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"s3cret-of-crm", "t0ken"} {
		if bytes.Contains(shown, []byte(s)) {
			t.Errorf("shown: %s", shown)
		}
		for key, value := range g.state.values {
			if strings.Contains(value, s) {
				t.Errorf("%q is kept readable under %s: %s", s, key, value)
			}
		}
	}
	if !bytes.Contains(shown, []byte(`"secret":"••••"`)) || !bytes.Contains(shown, []byte(`"X-Team":"growth"`)) {
		t.Errorf("shown: %s", shown)
	}
	// A URL may hold a secret, too.
	if _, err := g.Edit("crm", g.doc(`{"url":"https://example.com/in?Token=t0ken&sig=t0ken&page=7"}`), 0); err != nil {
		t.Fatal(err)
	}
	if w, err = g.Get("crm"); err != nil || w.Spec["url"] != "https://example.com/in?Token=••••&sig=••••&page=7" {
		t.Errorf("the URL is shown as %v, %v", w.Spec["url"], err)
	}
	if shown, err = json.Marshal(w); err != nil {
		t.Fatal(err)
	}
	// What was shown can be sent back.
	var back struct{ Settings json.RawMessage }
	if err := json.Unmarshal(shown, &back); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Edit("crm", g.doc(string(back.Settings)), 0); err != nil {
		t.Fatal(err)
	}
	got, err := g.Compiled("crm")
	if err != nil || got.Secret != "s3cret-of-crm" || got.Headers["Authorization"] != "Bearer t0ken" || got.URL != "https://example.com/in?Token=t0ken&sig=t0ken&page=7" {
		t.Errorf("after it was sent back as shown: %+v, %v", got, err)
	}
	if _, err = g.Edit("crm", g.doc(`{"secret":null,"signature":null}`), 0); err != nil {
		t.Fatal(err)
	}
	if got, err = g.Compiled("crm"); err != nil || got.Secret != "" {
		t.Errorf("a secret that was taken away: %q, %v", got.Secret, err)
	}
}

func TestFaultsOfDocuments(t *testing.T) {
	g := newRig(t)
	f := func(text, field string) {
		t.Helper()
		_, err := g.Create(g.doc(text))
		g.refused(err, Invalid, field)
	}
	f(`{"name":"a","url":"https://example.com/","colour":"red"}`, "colour")
	f(`{"name":"a","url":7}`, "url")
	f(`{"name":"a","url":"https://example.com/","timeout":30}`, "timeout")
	f(`{"name":"a","url":"https://example.com/","schedule":["5s","x"]}`, "schedule")
	f(`{"name":"a","url":"https://example.com/","headers":{"A":1}}`, "headers")
	f(`{"name":"a","url":"https://example.com/","allow_private":true}`, "allow_private")
	f(`{"name":"a","url":"https://10.0.0.1/"}`, "url")
	f(`{"name":"a","url":"https://example.com/","events":["pageloded"]}`, "events[0]")
	f(`{"name":"a","url":"https://example.com/","app":"none"}`, "app")
	f(`{}`, "name")
	if len(g.List()) != 0 || len(g.fleet.senders) != 0 {
		t.Error("something was made")
	}
}

func TestWhatAReceiverTurnedOff(t *testing.T) {
	g := newRig(t)
	g.create(`{"name":"crm","url":"https://example.com/hook","events":["*"],"enabled":true}`)
	w, err := g.Compiled("crm")
	if err != nil {
		t.Fatal(err)
	}
	g.TurnedOff(w, "50 attempts in a row failed")
	g.journal.errors[1] = g.now
	if got, _ := g.Get("crm"); got.Off == nil || got.Off.Reason != "50 attempts in a row failed" || !got.Enabled {
		t.Errorf("off: %+v", got)
	}
	if len(g.told) != 1 || !slices.Equal(g.journal.notes, []string{"crm: turned off: 50 attempts in a row failed"}) {
		t.Errorf("told %q, noted %q", g.told, g.journal.notes)
	}
	if got := g.receives(); len(got) != 1 {
		t.Error("its events are not held")
	}
	g.open()
	g.runs(map[string]string{"crm": "50 attempts in a row failed"})
	if _, err := g.Edit("crm", g.doc(`{"url":"https://example.com/other"}`), 0); err != nil {
		t.Fatal(err)
	}
	g.runs(map[string]string{"crm": "50 attempts in a row failed"})

	g.fleet.waiting["crm"] = 7
	_, err = g.Enable("crm", Terms{})
	g.refused(err, NeedsReview, "reviewed")
	_, err = g.Enable("crm", Terms{Reviewed: true})
	g.refused(err, NeedsFrom, "from")
	_, err = g.Enable("crm", Terms{Reviewed: true, From: "then"})
	g.refused(err, Invalid, "from")
	g.now = g.now.Add(15 * 24 * time.Hour)
	delete(g.journal.errors, 1)
	_, err = g.Enable("crm", Terms{Reviewed: true, From: Held})
	g.refused(err, NeedsForce, "force")
	g.journal.left[1] = true
	if got, err := g.Enable("crm", Terms{From: Now}); err != nil || got.Off != nil || g.fleet.waiting["crm"] != 0 {
		t.Errorf("on again: %+v, %v; %d wait", got, err, g.fleet.waiting["crm"])
	}
	g.runs(map[string]string{"crm": "on"})
	g.TurnedOff(w, "an old sender's last word") // its settings were edited since
	g.open()
	g.runs(map[string]string{"crm": "on"})
}

func TestLoad(t *testing.T) {
	g := newRig(t)
	g.open(g.fileHook("a", true), g.fileHook("b", false))
	g.create(`{"name":"made","url":"https://example.com/","events":["*"],"enabled":true,"app":"web"}`)
	g.runs(map[string]string{"a": "on", "b": "off", "made": "on"})
	_, err := g.Disable("a")
	g.refused(err, ReadOnly, "")
	_, err = g.Enable("b", Terms{})
	g.refused(err, ReadOnly, "")
	a := g.fleet.hooks["a"].Queue
	load := func(rules Rules, file ...*hook.Webhook) {
		t.Helper()
		if err := g.Load(rules, file); err != nil {
			t.Fatal(err)
		}
	}
	load(g.rules("web"), g.fileHook("b", true), g.fileHook("c", true))
	g.runs(map[string]string{"a": "off", "b": "on", "c": "on", "made": "on"})
	if _, err := g.Get("a"); err == nil {
		t.Error("a is still shown")
	}
	_, err = g.Create(g.doc(`{"name":"a","url":"https://example.com/"}`))
	g.refused(err, Exists, "name")

	// A file that takes the name of a webhook made here changes nothing.
	before, did := maps.Clone(g.fleet.senders), len(g.fleet.did)
	if err := g.Load(g.rules("web"), []*hook.Webhook{g.fileHook("made", true)}); err == nil {
		t.Error("the file took a name that is taken")
	}
	if !maps.Equal(before, g.fleet.senders) || len(g.fleet.did) != did || len(g.List()) != 3 {
		t.Errorf("a refused file changed something: %v, %d webhooks", g.fleet.senders, len(g.List()))
	}

	// The app goes, and comes back: so does what cannot work without it.
	load(g.rules(), g.fileHook("a", true))
	if w, err := g.Get("made"); err != nil || len(w.Faults) == 0 {
		t.Errorf("a webhook of an app that is no more: %+v, %v", w, err)
	}
	g.runs(map[string]string{"a": "on", "b": "off", "c": "off", "made": "off"})
	load(g.rules("web"), g.fileHook("a", true))
	g.runs(map[string]string{"a": "on", "b": "off", "c": "off", "made": "on"})
	if g.fleet.hooks["a"].Queue != a {
		t.Error("a came back with another queue")
	}
	// While it is not running, the file may take a name; the other one yields.
	g.open(g.fileHook("made", true))
	g.runs(map[string]string{"made": "on", "made (2)": "on"})
}

// TestNamesMakeRoom: a name of the full length yields too, and the webhook works on.
func TestNamesMakeRoom(t *testing.T) {
	g := newRig(t)
	name, yielded := strings.Repeat("é", 50), strings.Repeat("é", 48)+" (2)"
	g.create(fmt.Sprintf(`{"name":%q,"url":"https://example.com/","events":["*"],"enabled":true}`, name))
	for range 2 { // it stays so
		g.open(g.fileHook(name, true))
		g.runs(map[string]string{name: "on", yielded: "on"})
	}
}

// TestDeletionGoesOn: when the program ends after any write of a deletion, the next start leaves nothing of the webhook,
// or all of it.
func TestDeletionGoesOn(t *testing.T) {
	for writes := 1; writes < 4; writes++ {
		g := newRig(t)
		number := g.create(crm).Queue
		g.journal.left[number] = true
		g.state.end = writes
		if err := g.Delete("crm", 0); (err == nil) != (writes == 3) {
			t.Errorf("%d writes: %v", writes, err)
		}
		g.state.fail, g.state.end = false, 0
		g.open()
		if len(g.List()) != 0 || len(g.state.values) != 1 || len(g.journal.left) != 0 { // the last number is kept
			t.Errorf("%d writes left %v, %v", writes, g.state.values, g.journal.left)
		}
		if dropped := slices.Contains(g.fleet.did, fmt.Sprint("drop ", number)); dropped != (writes < 3) {
			t.Errorf("%d writes: the fleet did %v", writes, g.fleet.did)
		}
	}
}

func TestFailedChangesChangeNothing(t *testing.T) {
	g := newRig(t)
	g.create(crm)
	want := g.List()
	f := func(what string) {
		t.Helper()
		for name, change := range map[string]func() error{
			"create": func() error { _, err := g.Create(g.doc(strings.ReplaceAll(crm, "crm", "new"))); return err },
			"edit":   func() error { _, err := g.Edit("crm", g.doc(`{"rate":9}`), 0); return err },
			"enable": func() error { _, err := g.Enable("crm", Terms{}); return err },
		} {
			if err := change(); err == nil {
				t.Errorf("%s: %s went through", what, name)
			}
			if got := g.List(); len(got) != 1 || got[0].Version != want[0].Version || got[0].Enabled {
				t.Errorf("%s: %s left %+v", what, name, got)
			}
		}
	}
	g.state.fail = true
	f("disk")
	g.state.fail, g.fleet.fail = false, true
	f("sender")
	g.open()
	if got := g.List(); len(got) != 1 || got[0].Enabled || got[0].compiled.Rate != 0 {
		t.Errorf("after a restart %+v", got)
	}
}

func TestVault(t *testing.T) {
	dir := t.TempDir()
	none := func(string) (string, bool) { return "", false }
	v, err := OpenVault(dir, none)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info.Mode(), err)
	}
	sealed := v.seal("one", []byte("text"))
	again, err := OpenVault(dir, none)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := again.open("one", sealed); err != nil || string(text) != "text" {
		t.Errorf("opened %q, %v", text, err)
	}
	if _, err := again.open("other", sealed); err == nil {
		t.Error("it opens under another name")
	}
	if _, err := again.open("one", sealed[:5]); err == nil {
		t.Error("it opens cut short")
	}
	f := func(key string, ok bool) {
		t.Helper()
		v, err := OpenVault(dir, func(string) (string, bool) { return key, true })
		if ok != (err == nil) {
			t.Errorf("key %q: %v", key, err)
		}
		if ok {
			if _, err := v.open("one", sealed); err == nil || !strings.Contains(err.Error(), KeyVariable) {
				t.Errorf("another key opens it: %v", err)
			}
		}
	}
	f(strings.Repeat("ab", 32), true)
	f("q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=", true)
	f("short", false)
	f("", false)
}
