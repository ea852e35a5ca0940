package expression

import (
	"testing"

	"edgerelay/relay/event"
)

// BenchmarkMatch is one filter on one event, which the Env sees for the first time.
func BenchmarkMatch(b *testing.B) {
	f := func(text string) {
		b.Run(text, func(b *testing.B) {
			filter, err := CompileFilter(text)
			if err != nil {
				b.Fatal(err)
			}
			e, v := sample(properties), new(Env)
			b.ReportAllocs()
			for b.Loop() {
				v.Begin(e, event.Note{All: true})
				_, _ = filter.Match(v)
				v.End()
			}
		})
	}
	f(`properties.plan == "pro"`)
	f(`properties.count > 2`)
	f(`visitor endsWith "@example.com"`)
	f(`url matches "^https://[a-z.]+/pricing"`)
	f(`any(properties.items, .n > 4 && .sku == "B")`)
}

// BenchmarkMatchMany is one event before the filters of a hundred webhooks.
func BenchmarkMatchMany(b *testing.B) {
	filter, err := CompileFilter(`properties.plan == "pro" && properties.user.email endsWith ".c"`)
	if err != nil {
		b.Fatal(err)
	}
	e, v := sample(properties), new(Env)
	b.ReportAllocs()
	for b.Loop() {
		v.Begin(e, event.Note{All: true})
		for range 100 {
			_, _ = filter.Match(v)
		}
		v.End()
	}
}

// BenchmarkTemplate is a body of names alone, and one with calculations.
func BenchmarkTemplate(b *testing.B) {
	f := func(name, text string) {
		b.Run(name, func(b *testing.B) {
			template, err := CompileTemplate(text, JSONBody)
			if err != nil {
				b.Fatal(err)
			}
			e, v, dst := sample(properties), new(Env), []byte(nil)
			b.ReportAllocs()
			for b.Loop() {
				v.Begin(e, event.Note{All: true})
				if dst, err = template.Append(dst[:0], v); err != nil {
					b.Fatal(err)
				}
				v.End()
			}
		})
	}
	f("names", `{"text":"{{ visitor }} did {{ event }}","properties":{{ properties }}}`)
	f("calculated", `{"text":"{{ upper(visitor) }} did {{ name ?? event }}","more":{{ properties.count > 2 }}}`)
}
