//go:build !race

package event

import (
	"errors"
	"testing"
)

// The pages of the input are never touched; the race detector would touch them all.
func TestStableSizeMax(t *testing.T) {
	var s Stable
	var fault *SyntaxError
	if _, err := s.Append(nil, make([]byte, SizeMax+1)); !errors.As(err, &fault) || fault.Offset != SizeMax {
		t.Fatalf("one byte too many: %v", err)
	}
}
