package expression

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// costly takes all the steps that one filter may take, and honest hardly any.
const (
	costly = `any(properties.l, let a = #; any(properties.l, # == a + 5000))`
	honest = `properties.plan == "pro" && visitor != "nobody"`
)

// TestFiltersShareAllowance has a thousand filters that each take all they can before one event, and an honest one behind
// them, which they must not starve.
func TestFiltersShareAllowance(t *testing.T) {
	greedy, err := CompileFilter(costly)
	if err != nil {
		t.Fatal(err)
	}
	modest, err := CompileFilter(honest)
	if err != nil {
		t.Fatal(err)
	}
	e := sample(`{"l":[` + strings.Repeat("1,", 2000) + `1],"plan":"pro"}`)
	var v Env
	for range 2 { // the next event has all of it again
		v.Begin(e, event.Note{All: true})
		taken := 0
		for i := range 1000 {
			if _, err := greedy.Match(&v); !errors.Is(err, ErrCost) {
				t.Fatalf("filter %d ended with %v", i, err)
			}
			taken += v.allowed
		}
		if most := stepsEvent + 1000*stepsSure; taken > most {
			t.Errorf("they took %d steps, %d is the most", taken, most)
		}
		if matched, err := modest.Match(&v); !matched || err != nil {
			t.Errorf("the honest filter says %v, %v", matched, err)
		}
		v.End()
	}
}

// TestLookingIsPaidFor has filters that ask a large event for many members, and for the same large one under many names.
func TestLookingIsPaidFor(t *testing.T) {
	var names []string
	for i := range 150 {
		names = append(names, fmt.Sprintf("properties.p%d == 1", i))
	}
	var deep []string
	for i := range 22 {
		deep = append(deep, "len(properties"+strings.Repeat(".a", i)+") == 5")
	}
	large := strings.Repeat(`[],`, 1<<19)
	for _, test := range []struct{ text, properties string }{
		{strings.Join(names, " || "), `{"t":"` + large + `"}`},
		{strings.Join(deep, " || "), strings.Repeat(`{"a":`, 23) + `[` + large + `[]]` + strings.Repeat(`}`, 23)},
	} {
		filter, err := CompileFilter(test.text)
		if err != nil {
			t.Fatal(err)
		}
		var v Env
		v.Begin(sample(test.properties), event.Note{All: true})
		if _, err := filter.Match(&v); !errors.Is(err, ErrCost) {
			t.Errorf("%.40s ended with %v", test.text, err)
		}
		v.Begin(sample(properties), event.Note{All: true})
		if _, err := filter.Match(&v); err != nil {
			t.Errorf("%.40s fails on a small event: %v", test.text, err)
		}
	}
	template, err := CompileTemplate(strings.Repeat(`{{ properties.p }}{{ properties.q }}`, 50), TextBody)
	if err != nil {
		t.Fatal(err)
	}
	var v Env
	v.Begin(sample(`{"t":"`+large+`"}`), event.Note{All: true})
	if _, err := template.Append(nil, &v); !errors.Is(err, ErrCost) {
		t.Errorf("a template ended with %v", err)
	}
}

// TestSplitIsBounded has a text of a megabyte taken apart into its letters.
func TestSplitIsBounded(t *testing.T) {
	filter, err := CompileFilter(`len(split(properties.t, "")) > 5`)
	if err != nil {
		t.Fatal(err)
	}
	var v Env
	v.Begin(sample(`{"t":"`+strings.Repeat("a", 1<<20)+`"}`), event.Note{All: true})
	if _, err := filter.Match(&v); err == nil || !strings.Contains(err.Error(), "more than 50000 parts") {
		t.Errorf("it ended with %v", err)
	}
	v.Begin(sample(`{"t":"abcdefgh"}`), event.Note{All: true})
	if matched, err := filter.Match(&v); !matched || err != nil {
		t.Errorf("a short text: %v, %v", matched, err)
	}
}
