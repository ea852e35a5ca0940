//go:build !race

package hook

import (
	"fmt"
	"testing"

	"edgerelay/relay/event"
)

// TestReceiversDoNotAllocate holds the hot path at no allocation, with few and with many webhooks and IDs.
func TestReceiversDoNotAllocate(t *testing.T) {
	var hooks []*Webhook
	for q := range uint32(300) {
		hooks = append(hooks, hookOf(t, q+1, "", fmt.Sprintf("featureClicked:id-%d,id-1*", q), "page*"))
	}
	set, err := NewSet(hooks)
	if err != nil {
		t.Fatal(err)
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("id-%d", i))
	}
	f := func(e *event.Event, want int) {
		t.Helper()
		receivers, notes := set.Receivers(nil, nil, e, "demo", nil)
		if len(receivers) != want {
			t.Errorf("%d receivers, want %d", len(receivers), want)
		}
		if allocs := testing.AllocsPerRun(100, func() { receivers, notes = set.Receivers(receivers[:0], notes[:0], e, "demo", nil) }); allocs != 0 {
			t.Errorf("%v allocations for %v with %d IDs", allocs, e.Kind, len(e.IDs))
		}
	}
	f(eventOf(event.PageLoaded), 300)
	f(eventOf(event.FeatureClicked, "id-7"), 1)
	f(eventOf(event.FeatureClicked, many...), 300)
	f(eventOf(event.UTurn, many...), 0)
}

// namedPeople have an email.
type namedPeople struct{}

func (namedPeople) AppendVisitorFields(dst []byte, _ string, _ []byte, _ []string) []byte {
	return append(dst, `{"email":"ada@example.com"}`...)
}

func (namedPeople) AppendAccountFields(dst []byte, _ string, _ []byte, _ []string) []byte { return dst }

func (namedPeople) Err() error { return nil }

// Properties are copied, no more.
func TestPropertiesDoNotAllocate(t *testing.T) {
	set, err := NewSet([]*Webhook{choosing(t, 1, "featureClicked", "email"), choosing(t, 2, "featureClicked:b", "email"), hookOf(t, 3, "", "*")})
	if err != nil {
		t.Fatal(err)
	}
	e := eventOf(event.FeatureClicked, "a", "b")
	var people People = namedPeople{}
	receivers, notes := set.Receivers(nil, nil, e, "demo", people)
	if allocs := testing.AllocsPerRun(100, func() { receivers, notes = set.Receivers(receivers[:0], notes[:0], e, "demo", people) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if len(receivers) != 3 || len(receivers[1].Note) <= len(receivers[0].Note) {
		t.Errorf("receivers %+v", receivers)
	}
}

// A filter is asked for each event that a replay reads.
func TestFilterDoesNotAllocate(t *testing.T) {
	filter := hookOf(t, 1, "", "featureClicked:id-1*", "page*").Filter()
	note := make([]byte, 0, 64)
	f := func(e *event.Event, want bool) {
		t.Helper()
		ok := false
		allocs := testing.AllocsPerRun(100, func() { note, ok = filter.Note(note[:0], e, "demo") })
		if allocs != 0 || ok != want {
			t.Errorf("%v: %v, with %v allocations", e.Kind, ok, allocs)
		}
	}
	f(eventOf(event.PageLoaded), true)
	f(eventOf(event.FeatureClicked, "id-7", "id-12", "id-13"), true)
	f(eventOf(event.UTurn, "id-1"), false)
}
