package destination

import (
	"encoding/hex"
	"maps"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

// hexID is an event's uniqueId as vendors get it.
func hexID(e *event.Event) string { return hex.EncodeToString(e.UniqueID[:]) }

// holdTaken holds that a vendor took just these events, each once, by so many digits of their uniqueIds, and that it has
// nothing to complain of.
func holdTaken(t *testing.T, vendor fake.Vendor, events []event.Event, digits int) {
	t.Helper()
	want := map[string]int{}
	for i := range events {
		want[hexID(&events[i])[:digits]] = 1
	}
	if got := vendor.Taken(); !maps.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
	if broken := vendor.Broken(); len(broken) > 0 {
		t.Errorf("broke %q", broken)
	}
}

// fuzzAnalytics: whatever the reply, a judge's verdict is sane, and an error's status delivers nothing, except of a vendor
// that takes part of a request.
func fuzzAnalytics(f *testing.F, judge func(*Answer) Verdict, partly bool, bodies ...string) {
	for _, body := range bodies {
		for _, status := range []int{200, 202, 400, 401, 403, 413, 429, 503} {
			f.Add(status, uint8(3), body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, count uint8, body string) {
		a := reply{status: status, count: int(count)%50 + 1, body: body}.answer()
		a.Item = func(int) []byte { return []byte(`{"user_id":"u","device_id":"d","properties":{"$insert_id":"x"}}`) }
		v := holdSane(t, judge, a)
		fine := status >= 200 && status < 300
		if v.Outcome == Delivered && v.Each == nil && !fine || v.Outcome == Split && a.Count == 1 {
			t.Fatalf("%d %s of %d: %s", status, body, a.Count, written(v))
		}
		for _, one := range v.Each {
			if one.Outcome == Delivered && !fine && !partly {
				t.Fatalf("%d %s of %d: %s", status, body, a.Count, written(v))
			}
		}
	})
}
