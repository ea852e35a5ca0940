package relay

import "testing"

func TestConnectionsLeaveDescriptorsToTheLog(t *testing.T) {
	f := func(descriptors, want int) {
		t.Helper()
		if got := connectionsMax(descriptors); got != want {
			t.Errorf("of %d descriptors %d connections, want %d", descriptors, got, want)
		}
	}
	f(0, 0)
	f(10, 8)
	f(256, 128)
	f(19_999, 9_999)
	f(20_000, 0)
	f(1<<30, 0)
}
