package format

import (
	"bytes"
	"testing"
)

// TestExtra: what was appended is read again, and takes no byte when it is nothing. The bytes are those of logs on disk.
func TestExtra(t *testing.T) {
	f := func(user, company, want string) {
		t.Helper()
		extra := AppendExtra([]byte("x"), []byte(user), []byte(company))
		if string(extra) != "x"+want {
			t.Errorf("%s, %s: %q, want %q", user, company, extra[1:], want)
		}
		gotUser, gotCompany, err := ParseExtra(extra[1:])
		if string(gotUser) != user || string(gotCompany) != company || err != nil {
			t.Errorf("%q: %s, %s, %v", extra, gotUser, gotCompany, err)
		}
	}
	f(``, ``, "")
	f(`{"name":"John"}`, `{}`, "\x0f{\"name\":\"John\"}\x02{}")
	f(``, `{}`, "\x00\x02{}")
	f(`{}`, ``, "\x02{}\x00")
	long := `{"a":"` + string(bytes.Repeat([]byte("a"), 300)) + `"}`
	f(long, `{}`, "\xb4\x02"+long+"\x02{}")
}

// TestExtraIsBroken: what no AppendExtra wrote is an error, whatever it is.
func TestExtraIsBroken(t *testing.T) {
	for _, extra := range []string{"\x00", "\x02{}", "\x03{}\x00", "\x02{}\x05{}", "\x02[]\x00", "\x01{\x00", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x80"} {
		if user, company, err := ParseExtra([]byte(extra)); err == nil || user != nil || company != nil {
			t.Errorf("%q: %s, %s, %v", extra, user, company, err)
		}
	}
	if user, _, err := ParseExtra([]byte("\x02{}\x00more")); err != nil || string(user) != "{}" {
		t.Errorf("it may not grow: %s, %v", user, err)
	}
}
