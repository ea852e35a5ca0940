package hook

import (
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// conditional is a webhook of all track events with a condition, numbered n.
func conditional(t *testing.T, n uint32, where string) *Webhook {
	t.Helper()
	spec := goodSpec()
	spec.Name, spec.Enabled, spec.Events, spec.Where = strings.Repeat("x", int(n)), true, []string{"trackEventReceived"}, where
	w, faults := Compile(spec, anyApp)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	w.Queue = n
	return w
}

func TestWhere(t *testing.T) {
	hooks := []*Webhook{
		conditional(t, 1, ``),
		conditional(t, 2, `properties.toTier == "pro"`),
		conditional(t, 3, `properties.toTier == "basic"`),
		conditional(t, 4, `properties.toTier > 3`), // fails on a text
		conditional(t, 5, `visitor startsWith "Webhook" and not (properties.missing.deep ?? false)`),
	}
	set, err := NewSet(hooks)
	if err != nil {
		t.Fatal(err)
	}
	e := event.Sample(event.TrackEventReceived)
	for range 2 { // scratch is used again
		receivers, _ := set.Receivers(nil, nil, &e, "demo", nil)
		var got []uint32
		for _, r := range receivers {
			got = append(got, r.Queue)
		}
		if !slices.Equal(got, []uint32{1, 2, 5}) {
			t.Errorf("receivers are %v", got)
		}
	}
	if n := hooks[3].Condition.Faults(); n != 2 {
		t.Errorf("%d faults", n)
	}
	want := []string{"selects it by", "selects it by", `but its where does not hold: properties.toTier == "basic"`, "but its where fails on this event: ", "selects it by"}
	for i, r := range set.Explain(&e, "demo") {
		if !strings.Contains(r.Why, want[i]) || r.Receives != (i == 0 || i == 1 || i == 4) {
			t.Errorf("webhook %d: %v, %s", i+1, r.Receives, r.Why)
		}
		if _, ok := hooks[i].Filter().Note(nil, &e, "demo"); ok != r.Receives {
			t.Errorf("webhook %d: its filter says %v", i+1, ok)
		}
	}
}

func TestWhereFaults(t *testing.T) {
	f := func(where, want string) {
		t.Helper()
		spec := goodSpec()
		spec.Where = where
		_, faults := Compile(spec, anyApp)
		if len(faults) != 1 || faults[0].Field != "where" || !strings.Contains(faults[0].Text, want) {
			t.Errorf("%s: %v, want one with %q", where, faults, want)
		}
	}
	f(`propertys.plan == "pro"`, "1:1: unknown name propertys")
	f(`visitor ==`, "1:")
}
