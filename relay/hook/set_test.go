package hook

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// hookOf compiles a webhook that is on and selects events.
func hookOf(t *testing.T, queue uint32, app string, events ...string) *Webhook {
	t.Helper()
	spec := goodSpec()
	spec.Name, spec.App, spec.Events, spec.Enabled = fmt.Sprintf("hook %d", queue), app, events, true
	w, faults := Compile(spec, anyApp)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	w.Queue = queue
	return w
}

func eventOf(k event.Kind, ids ...string) *event.Event {
	e := &event.Event{Kind: k}
	for _, id := range ids {
		e.IDs = append(e.IDs, event.AppendString(nil, []byte(id)))
	}
	return e
}

// show prints receivers as "queue:ids", with "all" for the empty note.
func show(t *testing.T, receivers []wal.Receiver, ids int) string {
	t.Helper()
	var list []string
	for _, r := range receivers {
		note, err := event.ParseNote(r.Note)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(r.Queue, ":")
		if note.All {
			text += "all"
		} else {
			for i := range ids {
				if note.Has(i) {
					text += fmt.Sprint(i)
				}
			}
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

func TestReceivers(t *testing.T) {
	off := hookOf(t, 9, "", "*")
	off.Enabled = false
	set, err := NewSet([]*Webhook{
		hookOf(t, 7, "", "*"),
		hookOf(t, 3, "", "featureClicked:a,b*", "pageLoaded"),
		hookOf(t, 5, "shop", "feature.clicked:c", "guide*"),
		hookOf(t, 1, "", `trackEventReceived:say "hi"*`, "trackEventReceived:größe", "visitorCreated", "*:every"),
		off,
	})
	if err != nil {
		t.Fatal(err)
	}
	f := func(e *event.Event, app, want string) {
		t.Helper()
		receivers, _ := set.Receivers(nil, nil, e, app, nil)
		if got := show(t, receivers, len(e.IDs)); got != want {
			t.Errorf("%v %s of %q goes to %q, want %q", e.Kind, e.IDs, app, got, want)
		}
	}
	f(eventOf(event.PageLoaded), "shop", "3:all 7:all")
	f(eventOf(event.PageLoaded, "p1", "p2"), "shop", "3:all 7:all")
	f(eventOf(event.FeatureClicked), "shop", "7:all")
	f(eventOf(event.FeatureClicked, "x"), "shop", "7:all")
	f(eventOf(event.FeatureClicked, "a"), "shop", "3:all 7:all")
	f(eventOf(event.FeatureClicked, "x", "a", "bcd", "ab"), "shop", "3:12 7:all")
	f(eventOf(event.FeatureClicked, "c", "a"), "shop", "3:1 5:0 7:all")
	f(eventOf(event.FeatureClicked, "c", "a"), "other", "3:1 7:all")
	f(eventOf(event.FeatureClicked, "a", "a", "c"), "", "3:01 7:all")
	f(eventOf(event.GuideDismissed, "g"), "shop", "5:all 7:all")
	f(eventOf(event.TrackEventReceived, `say "hi" twice`), "", "1:all 7:all")
	f(eventOf(event.TrackEventReceived, "größe"), "", "1:all 7:all")
	f(eventOf(event.TrackEventReceived, "größer"), "", "7:all")
	f(eventOf(event.UTurn, "x", "every"), "", "1:1 7:all")
	f(eventOf(event.VisitorCreated), "", "1:all 7:all")
}

// A filter asks for no more than its selections and its app.
func TestFilter(t *testing.T) {
	off := hookOf(t, 1, "shop", "featureClicked:a,b*", "visitorCreated")
	off.Enabled = false
	f := func(filter *Filter, e *event.Event, app string, want bool) {
		t.Helper()
		if _, ok := filter.Note(nil, e, app); ok != want {
			t.Errorf("%v %s of %q: %v", e.Kind, e.IDs, app, ok)
		}
	}
	f(off.Filter(), eventOf(event.FeatureClicked, "bc"), "shop", true)
	f(off.Filter(), eventOf(event.FeatureClicked, "bc"), "other", false)
	f(off.Filter(), eventOf(event.FeatureClicked, "c"), "shop", false)
	f(off.Filter(), eventOf(event.VisitorCreated), "shop", true)
	f(NewFilter(off.Selections, ""), eventOf(event.VisitorCreated), "other", true)
	f(NewFilter(nil, ""), eventOf(event.VisitorCreated), "shop", false)
}

// TestReceiversAppend holds that what is in dst and notes already stays.
func TestReceiversAppend(t *testing.T) {
	set, err := NewSet([]*Webhook{hookOf(t, 2, "", "featureClicked:a")})
	if err != nil {
		t.Fatal(err)
	}
	receivers := []wal.Receiver{{Queue: 99, Note: []byte("kept")}}
	notes := []byte("kept")
	for range 100 {
		receivers, notes = set.Receivers(receivers, notes, eventOf(event.FeatureClicked, "x", "a"), "", nil)
	}
	if string(notes[:4]) != "kept" || len(receivers) != 101 || string(receivers[0].Note) != "kept" {
		t.Fatalf("%d receivers, notes begin with %q", len(receivers), notes[:4])
	}
	for i, r := range receivers[1:] {
		if got := show(t, []wal.Receiver{r}, 2); got != "2:1" {
			t.Fatalf("receiver %d is %s", i, got)
		}
	}
}

func TestNewSetRefuses(t *testing.T) {
	f := func(want string, hooks ...*Webhook) {
		t.Helper()
		if _, err := NewSet(hooks); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	a, b, c := hookOf(t, 1, "", "*"), hookOf(t, 2, "", "*"), hookOf(t, 0, "", "*")
	f(`join webhooks: "hook 0" has no queue number`, a, c)
	c.Queue = 2
	f(`join webhooks: "hook 2" and "hook 0" share queue 2`, a, b, c)
	c.Queue, c.Name = 3, "hook 1"
	f(`join webhooks: two have the name "hook 1"`, a, c)
}

// TestReceiversAreALinearScan compares the index with going through all selections, which is also what Explain does.
func TestReceiversAreALinearScan(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ids := []string{"a", "ab", "abc", "b", "", `"`, `\`, "ä", "a*"}
	kinds := event.Kinds()
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	entry := func() string {
		names := kinds[random.IntN(len(kinds))].Names()
		name := pick(names)
		if random.IntN(4) == 0 {
			name = name[:random.IntN(len(name)+1)] + "*"
		}
		for range random.IntN(3) {
			if id := pick(ids); id != "" {
				separator := ":"
				if strings.Contains(name, ":") {
					separator = ","
				}
				name += separator + strings.TrimSuffix(id, "*") + pick([]string{"", "*"})
			}
		}
		return name
	}
	for range 200 {
		var hooks []*Webhook
		for q := range 1 + random.IntN(8) {
			spec := goodSpec()
			spec.Name, spec.App, spec.Enabled = fmt.Sprint(q), pick([]string{"", "x", "y"}), random.IntN(5) > 0
			for range 1 + random.IntN(6) {
				if text := entry(); validSelection(text) {
					spec.Events = append(spec.Events, text)
				}
			}
			spec.Enabled = spec.Enabled && len(spec.Events) > 0
			w, faults := Compile(spec, anyApp)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			w.Queue = uint32(q + 1)
			hooks = append(hooks, w)
		}
		set, err := NewSet(hooks)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			var of []string
			for range random.IntN(11) {
				of = append(of, pick(ids))
			}
			compareWithScan(t, set, eventOf(kinds[random.IntN(len(kinds))], of...), pick([]string{"x", "y"}))
		}
	}
}

func validSelection(text string) bool {
	_, err := ParseSelection(text)
	return err == nil
}

func compareWithScan(t *testing.T, set *Set, e *event.Event, app string) {
	t.Helper()
	var want []string
	for _, w := range set.All() {
		ids, all, any := scan(w, e)
		switch {
		case !w.Enabled || w.App != "" && w.App != app || !any:
		case all || len(ids) == len(e.IDs):
			want = append(want, fmt.Sprint(w.Queue, ":all"))
		default:
			want = append(want, fmt.Sprint(w.Queue, ":", strings.Join(ids, "")))
		}
	}
	receivers, _ := set.Receivers(nil, nil, e, app, nil)
	got := show(t, receivers, len(e.IDs))
	if got != strings.Join(want, " ") {
		t.Fatalf("%v %s goes to %q, want %q", e.Kind, e.IDs, got, want)
	}
	compareWithFilters(t, set, receivers, e, app)
	var explained []uint32
	for _, r := range set.Explain(e, app) {
		if r.Receives {
			explained = append(explained, r.Webhook.Queue)
		}
	}
	if !slices.EqualFunc(receivers, explained, func(r wal.Receiver, q uint32) bool { return r.Queue == q }) {
		t.Fatalf("%v %s goes to %q, but is explained to go to %v", e.Kind, e.IDs, got, explained)
	}
}

// compareWithFilters asks each enabled webhook's own filter.
func compareWithFilters(t *testing.T, set *Set, receivers []wal.Receiver, e *event.Event, app string) {
	t.Helper()
	for _, w := range set.All() {
		at := slices.IndexFunc(receivers, func(r wal.Receiver) bool { return r.Queue == w.Queue })
		note, ok := w.Filter().Note([]byte("kept"), e, app)
		rest, kept := strings.CutPrefix(string(note), "kept")
		switch {
		case !kept:
			t.Fatalf("the filter of %d wrote over what was there: %q", w.Queue, note)
		case w.Enabled && ok != (at >= 0):
			t.Fatalf("%v %s: the filter of %d says %v, the set %v", e.Kind, e.IDs, w.Queue, ok, at >= 0)
		case ok && w.Enabled && rest != string(receivers[at].Note) || !ok && rest != "":
			t.Fatalf("%v %s: the filter of %d notes %q", e.Kind, e.IDs, w.Queue, rest)
		}
	}
}

// scan goes through the written entries of a webhook. ids are the places of the event's IDs that they name.
func scan(w *Webhook, e *event.Event) (ids []string, all, any bool) {
	places := map[int]bool{}
	for _, text := range w.Events {
		name, list, hasIDs := strings.Cut(text, ":")
		if !slices.ContainsFunc(e.Kind.Names(), func(n string) bool { return fits(name, n) }) {
			continue
		}
		all = all || !hasIDs
		for i, id := range e.IDs {
			text := string(event.AppendText(nil, id))
			if hasIDs && slices.ContainsFunc(strings.Split(list, ","), func(pattern string) bool { return fits(pattern, text) }) {
				places[i] = true
			}
		}
	}
	for i := range e.IDs {
		if places[i] {
			ids = append(ids, fmt.Sprint(i))
		}
	}
	return ids, all, all || len(ids) > 0
}

func fits(pattern, text string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	return text == pattern || wild && strings.HasPrefix(text, prefix)
}
