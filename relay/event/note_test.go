package event

import (
	"bytes"
	"reflect"
	"testing"
)

func TestNote(t *testing.T) {
	f := func(n Note, digits string) {
		t.Helper()
		b := n.Append([]byte("x"))[1:]
		if want := bytesOf(t, digits); !bytes.Equal(b, want) {
			t.Errorf("%+v: got %x, want %x", n, b, want)
		}
		back, err := ParseNote(b)
		if err != nil || !reflect.DeepEqual(back, n) {
			t.Errorf("%x: got %+v, %v, want %+v", b, back, err, n)
		}
	}
	f(Note{All: true}, "")
	f(Note{All: true, Extra: []byte("up")}, "00 7570")
	f(Note{}, "01")
	f(Note{Extra: []byte("up")}, "01 7570")
	f(Note{Bits: []byte{0x05}}, "02 05")
	f(Note{Bits: []byte{0, 0x80}, Extra: []byte{0}}, "03 0080 00")
	many := bytes.Repeat([]byte{0xff}, 200)
	f(Note{Bits: many, Extra: many}, "c901"+string(bytes.Repeat([]byte("ff"), 400)))
}

// Notes that say the same have the same bytes.
func TestNoteHasOneForm(t *testing.T) {
	f := func(n Note, digits string) {
		t.Helper()
		if b, want := n.Append(nil), bytesOf(t, digits); !bytes.Equal(b, want) {
			t.Errorf("%+v: got %x, want %x", n, b, want)
		}
	}
	f(Note{All: true, Bits: []byte{1}, Extra: []byte{}}, "")
	f(Note{Bits: []byte{1, 0, 0}}, "02 01")
	f(Note{Bits: []byte{0, 0}}, "01")
}

func TestNoteDamaged(t *testing.T) {
	for _, digits := range []string{"02", "03 01", "80", "ffffffffffffffffffff", "ffffffffffffffffff01 00"} {
		if n, err := ParseNote(bytesOf(t, digits)); err == nil {
			t.Errorf("%s: got %+v", digits, n)
		}
	}
}

func TestNoteSelect(t *testing.T) {
	var n Note
	chosen := map[int]bool{}
	for _, i := range []int{0, 3, 7, 8, 31, 200} {
		n.Select(i)
		chosen[i] = true
	}
	n.Select(3)
	n, err := ParseNote(n.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i := -1; i < 300; i++ {
		if n.Has(i) != chosen[i] {
			t.Errorf("Has(%d) = %v", i, n.Has(i))
		}
	}
	if all := (Note{All: true}); !all.Has(0) || !all.Has(1000) || all.Has(-1) {
		t.Error("All does not have all")
	}
}
