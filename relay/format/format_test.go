package format

import (
	"slices"
	"testing"

	"edgerelay/relay/event"
)

func TestByName(t *testing.T) {
	for _, name := range Names() {
		encode, ok := ByName(name)
		if !ok || encode == nil {
			t.Fatalf("ByName(%q) finds nothing, though Names lists it", name)
		}
		e := event.Sample(event.PageLoaded)
		if body := encode(nil, &e, event.Note{All: true}); len(body) == 0 {
			t.Errorf("format %q encodes nothing", name)
		}
	}
	for _, name := range []string{"", "Pendo", "pendo ", "xml"} {
		if _, ok := ByName(name); ok {
			t.Errorf("ByName(%q) finds something", name)
		}
	}
}

func TestNames(t *testing.T) {
	want := []string{"pendo", "pendo-dotted", "segment", "userpilot", "standard", "cloudevents"}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
	Names()[0] = "changed"
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("a caller changed the table: %q", got)
	}
}
