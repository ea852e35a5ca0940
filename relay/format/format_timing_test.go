package format

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func BenchmarkPendo(b *testing.B) {
	run := func(name string, e event.Event) {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = Pendo(dst[:0], &e, event.Note{All: true})
			}
			b.SetBytes(int64(len(dst)))
		})
	}
	for _, k := range []event.Kind{event.TrackEventReceived, event.PageLoaded, event.PollSubmitted, event.VisitorCreated, event.VisitorUnsubscribed} {
		run(k.String(), event.Sample(k))
	}
	for _, size := range []int{600, 10_000, 1_000_000} {
		e := event.Sample(event.TrackEventReceived)
		e.Properties = []byte(`{"text":"` + strings.Repeat("x", size) + `"}`)
		run(fmt.Sprintf("trackEventReceived/properties=%d", size), e)
	}
}

// BenchmarkShapes is every shape, for a usual event of visitors.
func BenchmarkShapes(b *testing.B) {
	encoders := all()
	for _, name := range slices.Sorted(maps.Keys(encoders)) {
		b.Run(name, func(b *testing.B) {
			e, n := event.Sample(event.TrackEventReceived), event.Note{All: true}
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = encoders[name](dst[:0], &e, n)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}
