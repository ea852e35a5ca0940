package people

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestRecordBytes(t *testing.T) {
	r := record{seen: true, refused: true}
	r.link([]byte(`"a1"`))
	r.link([]byte(`"a2"`))
	r.metadata[Auto], r.metadata[Segmentio] = []byte(`{"firstvisit":1}`), []byte(`{}`)
	got := r.append(nil)
	want := "\x01\x03" + "\x02" + "\x04\"a1\"" + "\x04\"a2\"" + "\x01\x10{\"firstvisit\":1}" + "\x05\x02{}"
	if string(got) != want {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
	back, err := parseRecord(got)
	if err != nil || !bytes.Equal(back.append(nil), got) || !back.seen || !back.refused || back.count != 2 {
		t.Fatalf("%+v, %v", back, err)
	}
	for n := range len(got) {
		cut, err := parseRecord(got[:n])
		if whole := errors.Is(err, errRecordDamaged); !whole && n != len(got)-4 && n != len(got)-4-18 {
			t.Fatalf("cut at %d: %+v, %v", n, cut, err)
		}
	}
	for _, damaged := range []string{"", "\x02\x00\x00", "\x01\x00\x00\x00\x00", "\x01\x00\x00\x07\x00", "\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		if _, err := parseRecord([]byte(damaged)); !errors.Is(err, errRecordDamaged) {
			t.Fatalf("%q: %v", damaged, err)
		}
	}
}

// TestLinkDoesNotWriteIntoSharedMemory: the bytes that a record was parsed from may be another change's.
func TestLinkDoesNotWriteIntoSharedMemory(t *testing.T) {
	one := record{}
	one.link([]byte(`"a1"`))
	image := one.append(nil)
	image = append(image, "room"...)[:len(image)]
	two, err := parseRecord(image)
	if err != nil {
		t.Fatal(err)
	}
	two.link([]byte(`"a2"`))
	if got := string(image[:len(image)+4]); !strings.HasSuffix(got, "room") {
		t.Fatalf("%q", got)
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte("\x01\x03\x02\x04\"a1\"\x04\"a2\"\x01\x10{\"firstvisit\":1}\x05\x02{}"))
	f.Add([]byte("\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err != nil {
			return
		}
		n := uint64(0)
		r.eachAccount(func([]byte) bool { n++; return true })
		if n != r.count {
			t.Fatalf("%d accounts, counted %d", r.count, n)
		}
		once := r.append(nil)
		again, err := parseRecord(once)
		if err != nil || !bytes.Equal(again.append(nil), once) {
			t.Fatalf("%q came back as %q, %v", b, once, err)
		}
	})
}

func TestGroupNames(t *testing.T) {
	for g := Auto; g < groups; g++ {
		if got, err := ParseGroup(g.String()); got != g || err != nil || g.String() == "" {
			t.Fatalf("%d: %q, %v, %v", g, g, got, err)
		}
	}
	for _, name := range []string{"", "AUTO", "salesforce"} {
		if g, err := ParseGroup(name); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Fatalf("%q: %v, %v", name, g, err)
		}
	}
	if Group(groups).String() != "" || Group(0).String() != "" || Visitor.String() != "visitor" || Account.String() != "account" {
		t.Fatal("names of what is no group")
	}
}

func TestKeys(t *testing.T) {
	f := func(kind Kind, app, id, want string) {
		t.Helper()
		if got := string(appendKey([]byte("x"), kind, app, []byte(id))); got != "x"+want {
			t.Fatalf("key %q, want %q", got[1:], want)
		}
	}
	f(Visitor, "demo", `"v1"`, `people/v/4:demo="v1"`)
	f(Account, "", `"a"`, `people/a/0:="a"`)
	f(Visitor, "d:=#", "\x00\xff", "people/v/4:d:=#=\x00\xff")
	f(Visitor, "demo", strings.Repeat("x", idBytesMax), "people/v/4:demo="+strings.Repeat("x", idBytesMax))
	f(Visitor, "demo", strings.Repeat("x", idBytesMax+1),
		"people/v/4:demo#\xc6\xd8\xe9\x90\x53\x00\x87\x60\x46\x72\x99\x49\xcc\x95\xc2\x38\x52\x21\x27\x0d\x38\x91\x76\xf7\x23\x4f\xe7\xac\x00\xc4\xe4\x30")
}

func FuzzKeysDoNotCollide(f *testing.F) {
	f.Add("demo", "1", "dem", "o1", false)
	f.Add("1:a=", "b", "1:a", "=b", false)
	f.Add("a", "#"+strings.Repeat("x", 32), "a", strings.Repeat("x", 2000), true)
	f.Fuzz(func(t *testing.T, app, id, otherApp, otherID string, account bool) {
		kind := Visitor
		if account {
			kind = Account
		}
		one, two := appendKey(nil, Visitor, app, []byte(id)), appendKey(nil, kind, otherApp, []byte(otherID))
		if equal := app == otherApp && id == otherID && !account; equal != bytes.Equal(one, two) {
			t.Fatalf("%q %q and %q %q share %q", app, id, otherApp, otherID, one)
		}
	})
}
