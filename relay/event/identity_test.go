package event

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestUniqueID(t *testing.T) {
	f := func(want string, parts ...string) {
		t.Helper()
		var list [][]byte
		for _, p := range parts {
			list = append(list, []byte(p))
		}
		if id := UniqueID(list...); hex.EncodeToString(id[:]) != want {
			t.Errorf("%q: got %x, want %s", parts, id, want)
		}
	}
	// By sha1sum over the drawn bytes, such as: printf '\002ab\001c' | sha1sum
	f("da39a3ee5e6b4b0d3255bfef95601890afd80709")
	f("5ba93c9db0cff93f52b521d7420e43f6eda2784f", "")
	f("3a256b9d37c5a519213f421acce4f9fdf9d158ce", "ab", "c")
	f("bc6142fef5b1382718e8db4b31fcd289fea76c5d", "a", "bc")
	f("44ba8821161c91a7b3855dbbde12f44799c21a77", "abc")
}

// Both ways of hashing must agree: a part more or less moves an event from one to the other.
func TestUniqueIDOfLargeParts(t *testing.T) {
	for size := identityStack - 64; size < identityStack+64; size++ {
		parts := [][]byte{[]byte("key"), bytes.Repeat([]byte("x"), size), nil}
		if got, want := UniqueID(parts...), uniqueIDLarge(parts); got != want {
			t.Fatalf("%d bytes: %x, hashed part by part %x", size, got, want)
		}
	}
}

func TestIdentity(t *testing.T) {
	f := func(id [20]byte, want uint64) {
		t.Helper()
		if got := Identity(id); got != want {
			t.Errorf("%x: it is %#x, want %#x", id, got, want)
		}
	}
	f([20]byte{1, 2, 3, 4, 5, 6, 7, 8}, 0x0102030405060708)
	f([20]byte{0: 1, 8: 2, 19: 3}, 0x0300000000000003)
	f([20]byte{19: 1}, 1)
	f([20]byte{19: 2}, 2)
	f([20]byte{}, 1)
}

func TestOrderKey(t *testing.T) {
	f := func(app, visitor string, want uint64) {
		t.Helper()
		if got := OrderKey([]byte(app), []byte(visitor)); got != want {
			t.Errorf("%s %s: got %#x, want %#x", app, visitor, got, want)
		}
	}
	f("app", "", 0)
	f("app", `""`, 0)
	f("app", `"v"`, 0x5b85989130a6e265)
	f("app2", `"v"`, 0xa52223327ef5412c)
	f("", `"Webhook Visitor"`, 0x5bb86e4d54aa38dc)
	if OrderKey([]byte("app"), nil) != 0 {
		t.Error("no visitor asks for an order")
	}
}

func TestReset(t *testing.T) {
	e := Sample(TrackEventReceived)
	ids := e.IDs
	e.Reset()
	if e.Kind != 0 || e.Visitor != nil || e.Properties != nil || e.Guide.ID != nil || e.UniqueID != [20]byte{} || e.Time != 0 {
		t.Errorf("something is left: %+v", e)
	}
	if len(e.IDs) != 0 || cap(e.IDs) != cap(ids) || ids[0] != nil {
		t.Errorf("IDs: %d of %d, the first still %q", len(e.IDs), cap(e.IDs), ids[0])
	}
}
