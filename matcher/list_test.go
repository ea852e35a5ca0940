package matcher

import (
	"math"
	"testing"
)

func TestOffset(t *testing.T) {
	if got := offset(math.MaxInt32); got != math.MaxInt32 {
		t.Errorf("offset: got %d, want %d", got, math.MaxInt32)
	}
	defer func() {
		want := "matcher: selections need offset -1, above the limit 4294967295"
		if got := recover(); got != want {
			t.Errorf("offset out of range: got panic %v, want %q", got, want)
		}
	}()
	offset(-1) // out of range on every machine, as a sum beyond 32 bits is on most
}

func TestShelf(t *testing.T) {
	var s shelf
	for _, run := range []string{"a", "", "bcd"} {
		s.begin()
		s.data = append(s.data, run...)
	}
	s.end()
	f := func(n uint32, want string) {
		t.Helper()
		if got := string(s.at(n)); got != want {
			t.Errorf("run %d: got %q, want %q", n, got, want)
		}
	}
	f(0, "a")
	f(1, "")
	f(2, "bcd")
}
