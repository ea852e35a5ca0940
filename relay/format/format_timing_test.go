package format

import (
	"fmt"
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
