//go:build !race

package expression

import (
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// What the filters of most webhooks ask for is told without memory: of each event, and of events whose texts repeat.
func TestMatchAllocations(t *testing.T) {
	e, v := sample(properties), new(Env)
	f := func(text string, want float64) {
		t.Helper()
		filter, err := CompileFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() {
			v.Begin(e, event.Note{All: true})
			_, _ = filter.Match(v)
			v.End()
		}); got > want {
			t.Errorf("%s: %v allocations, want at most %v", text, got, want)
		}
	}
	f(`properties.plan == "pro"`, 0)
	f(`event == "pageLoaded" || visitor == "ann@example.com" && properties.beta`, 0)
	f(`properties.count == 3 and properties.user.email != nil`, 0)
	f(`properties.count > 2`, 1)
	f(`visitor endsWith "@example.com"`, 1)
	f(`properties.plan in ["pro", "team"]`, 2)
}

// A template of names alone copies them from the event.
func TestTemplateAllocations(t *testing.T) {
	e, v := sample(properties), new(Env)
	template, err := CompileTemplate(`{"text":"{{ visitor }} did {{ event }}", "plan": {{ properties.plan }}, "at": {{ timestamp }}, "all": {{ properties }},
		"nothing": {{ properties.nope }}, "quoted": "{{ properties.user }}"}`, JSONBody)
	if err != nil {
		t.Fatal(err)
	}
	var dst []byte
	if got := testing.AllocsPerRun(100, func() {
		v.Begin(e, event.Note{All: true})
		dst, _ = template.Append(dst[:0], v)
		v.End()
	}); got > 0 {
		t.Errorf("%v allocations", got)
	}
	if !strings.HasPrefix(string(dst), `{"text":"ann@example.com did trackEventReceived","plan":"pro","at":1626805075,"all":{`) {
		t.Errorf("%s", dst)
	}
}
