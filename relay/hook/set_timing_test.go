package hook

import (
	"fmt"
	"testing"

	"edgerelay/relay/event"
)

// BenchmarkReceivers looks up one event among many webhooks of which few want it.
func BenchmarkReceivers(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var hooks []*Webhook
			for q := range size {
				spec := goodSpec()
				spec.Name, spec.Enabled = fmt.Sprint(q), true
				spec.Events = []string{fmt.Sprintf("featureClicked:id-%d", q), fmt.Sprintf("trackEventReceived:name %d", q)}
				w, faults := Compile(spec, anyApp)
				if len(faults) > 0 {
					b.Fatal(faults)
				}
				w.Queue = uint32(q + 1)
				hooks = append(hooks, w)
			}
			set, err := NewSet(hooks)
			if err != nil {
				b.Fatal(err)
			}
			e := eventOf(event.FeatureClicked, "other", "id-0")
			receivers, notes := set.Receivers(nil, nil, e, "demo", nil)
			b.ReportAllocs()
			for b.Loop() {
				receivers, notes = set.Receivers(receivers[:0], notes[:0], e, "demo", nil)
			}
		})
	}
}
