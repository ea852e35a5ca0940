package relay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/hook"
)

const reloadApp = "[[app]]\nname = \"demo\"\nintegration_keys = [\"k1\"]\n"

func reloadHook(name, url, events string) string {
	return fmt.Sprintf("[[webhook]]\nname = %q\nurl = %q\nevents = [%q]\nenabled = true\nallow_private = true\n", name, url, events)
}

// reload reloads and checks which keys are said to change.
func (r *running) reload(keys ...string) {
	r.t.Helper()
	changes, err := r.Reload(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, c.Key)
	}
	if !slices.Equal(got, keys) {
		r.t.Errorf("changed: %q, want %q", got, keys)
	}
}

func TestReload(t *testing.T) {
	one, two := newTarget(t), newTarget(t)
	r := run(t, reloadApp+reloadHook("a", one.URL, "trackEventReceived"))
	r.track("k1", "first")
	one.wait(`"first"`)
	before := r.fleet.Sender("a")
	r.reload()
	if r.fleet.Sender("a") != before {
		t.Error("a webhook that stays as it is got a new sender")
	}

	r.write(reloadApp + "extra_keys = [\"x\"]\n" + reloadHook("a", one.URL, "trackEventReceived") + reloadHook("b", two.URL, "trackEventReceived") +
		"[[track]]\nid = \"T1\"\nname = \"second\"\n")
	r.reload("app.demo.extra_keys", "track.T1.id", "track.T1.name", "webhook.b.allow_private", "webhook.b.enabled", "webhook.b.events",
		"webhook.b.format", "webhook.b.in_flight", "webhook.b.name", "webhook.b.order", "webhook.b.retries", "webhook.b.timeout", "webhook.b.type", "webhook.b.url")
	r.track("k1", "second")
	if one.wait(`"second"`) != 1 || two.wait(`"T1"`) != 1 {
		t.Error("not once each")
	}

	// A faulty file changes nothing.
	r.write(reloadApp + reloadHook("a", one.URL, "trackEvent"))
	_, err := r.Reload(context.Background())
	if faults := Faults(nil); !errors.As(err, &faults) || !strings.Contains(err.Error(), "events[0]") {
		t.Errorf("a faulty file: %v", err)
	}
	// One that takes the name of a webhook made by hand, the same.
	if _, err := r.hooks.Create(hook.Document{"name": []byte(`"made"`), "url": []byte(`"https://example.com/"`)}); err != nil {
		t.Fatal(err)
	}
	r.write(reloadApp + reloadHook("made", one.URL, "*"))
	if _, err := r.Reload(context.Background()); err == nil || !strings.Contains(err.Error(), `"made"`) {
		t.Errorf("a name that is taken: %v", err)
	}
	r.track("k1", "third")
	if one.wait(`"third"`) != 1 || two.wait(`"third"`) != 1 {
		t.Error("a refused reload changed who receives")
	}

	// A webhook that is taken out receives nothing more; other keys are refused at once.
	r.write("[delivery]\nretries = 7\n" + strings.ReplaceAll(reloadApp, "k1", "k2") + reloadHook("b", two.URL, "trackEventReceived"))
	if _, err := r.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.track("k2", "fourth")
	two.wait(`"fourth"`)
	if one.count(`"fourth"`) != 0 {
		t.Error("a webhook that is no more received")
	}
	if w, err := r.hooks.Compiled("b"); err != nil || w.Retries != 7 {
		t.Errorf("b has %d retries, %v", w.Retries, err)
	}
}

func TestReloadAppliesDelivery(t *testing.T) {
	one := newTarget(t)
	r := run(t, reloadApp+reloadHook("a", one.URL, "*"))
	before := r.fleet.Sender("a")
	r.write("[delivery]\nuser_agent = \"me/1\"\n" + reloadApp + reloadHook("a", one.URL, "*"))
	r.reload("delivery.user_agent")
	if r.fleet.Sender("a") == before {
		t.Error("the sender goes on as before")
	}
}

// TestPendingChangesStayNamed: what waits for the next start is said again with each reload, until the file is as it was.
func TestPendingChangesStayNamed(t *testing.T) {
	r := run(t, reloadApp)
	r.write("[smtp]\nserver = \"127.0.0.1:25\"\nfrom = \"a@example.com\"\n[delivery]\nretries = 7\n" + reloadApp)
	r.reload("delivery.retries", "smtp.from", "smtp.server")
	r.reload("smtp.from", "smtp.server")
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	if changes, err := r.Compare("same.toml", text); err != nil || len(changes) != 2 || changes[0].Key != "smtp.from" {
		t.Errorf("compared: %+v, %v", changes, err)
	}
	r.write(reloadApp)
	r.reload("delivery.retries")
	r.reload()
}

func TestDifference(t *testing.T) {
	load := func(text string) *Config {
		t.Helper()
		c, err := LoadBytes("test", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	from := load(reloadApp + "[log]\nretain = \"1h\"\n[[webhook]]\nname = \"a\"\nurl = \"https://example.com/\"\nsecret = \"one\"\n")
	to := load(reloadApp + "[log]\nretain = \"2h\"\n[[webhook]]\nname = \"a\"\nurl = \"https://example.com/x\"\nsecret = \"two\"\n")
	var got []string
	for _, c := range Difference(from, to) {
		got = append(got, c.String())
	}
	want := []string{"~ log.retain = 1h → 2h  (with the next start)", "~ webhook.a.secret = (not shown) → (not shown)",
		"~ webhook.a.url = https://example.com/ → https://example.com/x"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCompareReadsNoForeignVariables: who may ask for a comparison may not read the relay's whole environment by it.
func TestCompareReadsNoForeignVariables(t *testing.T) {
	t.Setenv("OF_THE_FILE", "https://example.com/of-the-file")
	t.Setenv("OF_NOBODY", "https://example.com/of-nobody")
	hook := func(variable string) string {
		return reloadApp + "[[webhook]]\nname = \"a\"\nurl = \"${" + variable + "}\"\n"
	}
	r := run(t, hook("OF_THE_FILE"))
	changes, err := r.Compare("mine.toml", []byte(runningListeners+hook("OF_THE_FILE")))
	if err != nil || len(changes) != 1 || changes[0].Key != "log.dir" {
		t.Errorf("changes %+v, %v; want the one of the data folder", changes, err)
	}
	changes, err = r.Compare("mine.toml", []byte(runningListeners+strings.Replace(hook("OF_THE_FILE"), "name = \"a\"", "name = \"b ${OF_THE_FILE} b\"", 1)))
	for _, c := range changes {
		if strings.Contains(c.String(), "of-the-file") {
			t.Errorf("a change shows the value of a variable: %s", c)
		}
	}
	if err == nil && len(changes) == 0 {
		t.Error("another name is no change")
	}
	if _, err = r.Compare("mine.toml", []byte(hook("OF_NOBODY"))); err == nil || strings.Contains(err.Error(), "of-nobody") || !strings.Contains(err.Error(), "mine.toml:") {
		t.Errorf("a foreign variable: %v", err)
	}
}
