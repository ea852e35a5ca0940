package people

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// open is a Book on an empty log.
func open(t *testing.T) (*Book, *fakeLog) {
	t.Helper()
	l := newFakeLog()
	t.Cleanup(l.close)
	return Open(Options{State: l}), l
}

// change runs f in a change that must be committed.
func change(t *testing.T, b *Book, l *fakeLog, f func(c *Change)) {
	t.Helper()
	c := b.Begin()
	f(c)
	if err := send(c, l, &fakeBatch{}); err != nil {
		t.Fatal(err)
	}
}

func see(t *testing.T, c *Change, visitor, account string) Sighting {
	t.Helper()
	s, err := c.See("demo", quoted(visitor), quoted(account), 1700000000000)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func merge(t *testing.T, c *Change, kind Kind, id string, group Group, values string) Diff {
	t.Helper()
	d, err := c.Merge(kind, "demo", quoted(id), group, []byte(values))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func known(t *testing.T, b *Book, visitor, account string, want bool) {
	t.Helper()
	for range 2 { // from the record, then perhaps from the table
		if got := b.Known("demo", quoted(visitor), quoted(account)); got != want {
			t.Fatalf("Known(%q, %q) = %v, want %v", visitor, account, got, want)
		}
	}
}

func refused(t *testing.T, b *Book, visitor string, want bool) {
	t.Helper()
	for range 2 {
		got, err := b.Refused("demo", quoted(visitor))
		if err != nil || got != want {
			t.Fatalf("Refused(%q) = %v, %v, want %v", visitor, got, err, want)
		}
	}
}

func show(t *testing.T, b *Book, kind Kind, id, want string) {
	t.Helper()
	var p Person
	got := "none"
	found, err := b.Load(&p, kind, "demo", quoted(id))
	if err != nil {
		t.Fatal(err)
	}
	if found {
		got = string(p.AppendJSON(nil))
	}
	if got != want {
		t.Fatalf("%s %s is\n%s, want\n%s", kind, id, got, want)
	}
}

func TestFirstSightingsAreReportedOnce(t *testing.T) {
	b, l := open(t)
	f := func(visitor, account string, want Sighting) {
		t.Helper()
		known(t, b, visitor, account, visitor+account == "")
		change(t, b, l, func(c *Change) {
			if got := see(t, c, visitor, account); got != want {
				t.Fatalf("See(%q, %q) = %+v, want %+v", visitor, account, got, want)
			}
			if again := see(t, c, visitor, account); again != (Sighting{}) {
				t.Fatalf("See(%q, %q) again in one change = %+v", visitor, account, again)
			}
		})
		known(t, b, visitor, account, true)
	}
	f("", "", Sighting{})
	f("v1", "", Sighting{NewVisitor: true})
	f("v1", "a1", Sighting{NewAccount: true})
	f("v2", "a1", Sighting{NewVisitor: true})
	f("v2", "a2", Sighting{NewAccount: true})
	f("v1", "a2", Sighting{}) // both known, not together
	f("", "a3", Sighting{NewAccount: true})
	f("v3", "a3", Sighting{NewVisitor: true})
	known(t, b, "v3", "", true)
	known(t, b, "", "a3", true)
	if b.Known("other app", quoted("v1"), quoted("a1")) {
		t.Fatal("a visitor of one app is known in another")
	}
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":["a1","a2"],"metadata":{"auto":{"firstvisit":1700000000000}}}`)
	show(t, b, Account, "a1", `{"id":"a1","metadata":{"auto":{"firstvisit":1700000000000}}}`)
	show(t, b, Visitor, "a1", "none")
	show(t, b, Visitor, "", "none")
}

func TestMetadataIsNoSighting(t *testing.T) {
	b, l := open(t)
	change(t, b, l, func(c *Change) {
		if has, err := c.Has(Visitor, "demo", quoted("v1")); has || err != nil {
			t.Fatal(has, err)
		}
		merge(t, c, Visitor, "v1", Custom, `{"plan":"gold"}`)
		merge(t, c, Account, "a1", Agent, `{"name":"Acme"}`)
		if has, err := c.Has(Visitor, "demo", quoted("v1")); !has || err != nil {
			t.Fatal(has, err)
		}
	})
	known(t, b, "v1", "", false)
	known(t, b, "", "a1", false)
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":[],"metadata":{"custom":{"plan":"gold"}}}`)
	change(t, b, l, func(c *Change) {
		if got := see(t, c, "v1", "a1"); got != (Sighting{NewVisitor: true, NewAccount: true}) {
			t.Fatalf("%+v", got)
		}
	})
	show(t, b, Visitor, "v1",
		`{"id":"v1","accountIds":["a1"],"metadata":{"auto":{"firstvisit":1700000000000},"custom":{"plan":"gold"}}}`)
}

// TestMade: a record may be made without anything in it. It is no sighting, and made once.
func TestMade(t *testing.T) {
	b, l := open(t)
	make := func(want bool) {
		t.Helper()
		change(t, b, l, func(c *Change) {
			for _, kind := range []Kind{Visitor, Account} {
				if err := c.Make(kind, "demo", quoted("x")); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Make(Visitor, "demo", nil); err != nil {
				t.Fatal(err)
			}
			if c.Changed() != want {
				t.Fatalf("changed: %v", !want)
			}
		})
	}
	make(true)
	make(false)
	known(t, b, "x", "", false)
	show(t, b, Visitor, "x", `{"id":"x","accountIds":[],"metadata":{}}`)
	show(t, b, Account, "x", `{"id":"x","metadata":{}}`)
	change(t, b, l, func(c *Change) {
		if got := see(t, c, "x", "x"); got != (Sighting{NewVisitor: true, NewAccount: true}) {
			t.Fatalf("%+v", got)
		}
	})
	make(false)
}

func TestFirstVisitStaysWithWhatIsThere(t *testing.T) {
	b, l := open(t)
	f := func(id, before, after string) {
		t.Helper()
		change(t, b, l, func(c *Change) {
			merge(t, c, Account, id, Auto, before)
			see(t, c, "v1", id)
		})
		show(t, b, Account, id, `{"id":"`+id+`","metadata":{"auto":`+after+`}}`)
	}
	f("a1", `{"lastbrowsername":"Chrome"}`, `{"lastbrowsername":"Chrome","firstvisit":1700000000000}`)
	f("a2", `{"firstvisit":1500000000000}`, `{"firstvisit":1500000000000}`) // told by the metadata API
}

func TestDoNotProcess(t *testing.T) {
	b, l := open(t)
	mark := func(visitor string, on, want bool) {
		t.Helper()
		change(t, b, l, func(c *Change) {
			if got, err := c.SetDoNotProcess("demo", quoted(visitor), on); got != want || err != nil {
				t.Fatalf("SetDoNotProcess(%q, %v) = %v, %v, want %v", visitor, on, got, err, want)
			}
		})
		refused(t, b, visitor, on)
	}
	refused(t, b, "v1", false)
	mark("v1", false, false)
	mark("v1", true, true)
	mark("v1", true, false)
	known(t, b, "v1", "", false)
	change(t, b, l, func(c *Change) {
		if got := see(t, c, "v1", "a1"); got != (Sighting{Refused: true}) {
			t.Fatalf("%+v", got)
		}
	})
	known(t, b, "", "a1", false)
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":[],"metadata":{"pendo":{"donotprocess":true}}}`)
	mark("v1", false, true)
	if err := intake(b, l, "v1", "a1", "click"); err != nil {
		t.Fatal(err)
	}
	known(t, b, "v1", "a1", true)
	mark("v1", true, true) // what the table knew is forgotten
	known(t, b, "v1", "a1", false)
	known(t, b, "v1", "", false)

	change(t, b, l, func(c *Change) { merge(t, c, Visitor, "v2", Pendo, `{"donotprocess":true}`) })
	refused(t, b, "v2", true)
	change(t, b, l, func(c *Change) { merge(t, c, Visitor, "v2", Pendo, `{"donotprocess":null}`) })
	refused(t, b, "v2", false)
	change(t, b, l, func(c *Change) { merge(t, c, Account, "v2", Pendo, `{"donotprocess":"as you like"}`) })
	c := b.Begin()
	defer c.Done(false)
	within := func(visitor []byte, want bool) {
		t.Helper()
		if got, err := c.Refused("demo", visitor); got != want || err != nil {
			t.Fatalf("within the change: %v, %v, want %v", got, err, want)
		}
	}
	within(quoted("v1"), true)
	within(quoted("v3"), false)
	within(nil, false)
	if changed, err := c.SetDoNotProcess("demo", quoted("v3"), true); !changed || err != nil {
		t.Fatal(changed, err)
	}
	within(quoted("v3"), true)
	refused(t, b, "v3", false)
	if _, err := c.SetDoNotProcess("demo", nil, true); err == nil {
		t.Fatal("nobody can be marked")
	}
}

func TestAccountsAreBounded(t *testing.T) {
	b, l := open(t)
	for i := range AccountsMax + 50 {
		if err := intake(b, l, "v1", fmt.Sprintf("a%d", i), "click"); err != nil {
			t.Fatal(err)
		}
	}
	var p Person
	if _, err := b.Load(&p, Visitor, "demo", quoted("v1")); err != nil {
		t.Fatal(err)
	}
	if p.record.count != AccountsMax || !p.record.linked(quoted("a99")) || p.record.linked(quoted("a100")) {
		t.Fatalf("%d accounts", p.record.count)
	}
	puts := l.puts
	for i := range AccountsMax + 50 {
		known(t, b, "v1", fmt.Sprintf("a%d", i), true)
		change(t, b, l, func(c *Change) { see(t, c, "v1", fmt.Sprintf("a%d", i)) })
	}
	if l.puts != puts {
		t.Fatalf("%d writes for a visitor whose list is full", l.puts-puts)
	}

	for i := range 100 { // long ones are bounded by their bytes
		if err := intake(b, l, "v2", strings.Repeat("x", 1000)+fmt.Sprint(i), "click"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Load(&p, Visitor, "demo", quoted("v2")); err != nil {
		t.Fatal(err)
	}
	if p.record.count != 16 || len(p.record.accounts) > accountsBytesMax {
		t.Fatalf("%d accounts, %d bytes", p.record.count, len(p.record.accounts))
	}
}

func TestLongIDs(t *testing.T) {
	b, l := open(t)
	long := strings.Repeat("x", 1<<20)
	if err := intake(b, l, long, long, "click"); err != nil {
		t.Fatal(err)
	}
	known(t, b, long, long, true)
	known(t, b, long+"y", "", false)
	for key := range l.state {
		if len(key) > 64 {
			t.Fatalf("a key of %d bytes", len(key))
		}
	}
	var p Person
	if found, err := b.Load(&p, Visitor, "demo", quoted(long)); !found || err != nil {
		t.Fatal(found, err)
	}
	if got := p.AppendJSON(nil); !strings.HasPrefix(string(got), `{"id":"xxx`) || len(got) < len(long) {
		t.Fatalf("%.60s", got)
	}
}

func TestRestartKnowsEverybody(t *testing.T) {
	b, l := open(t)
	for i := range 100 {
		if err := intake(b, l, fmt.Sprint("v", i), fmt.Sprint("a", i%7), "click"); err != nil {
			t.Fatal(err)
		}
	}
	b = Open(Options{State: l})
	for i := range 100 {
		known(t, b, fmt.Sprint("v", i), fmt.Sprint("a", i%7), true)
	}
	if s := b.Stats(); s.StateReads != 100 { // not 200: the second question is the table's
		t.Fatalf("%+v", s)
	}
	known(t, b, "v1", "a2", false)
}

func TestStateFaultsAreToldAndNotCached(t *testing.T) {
	b, l := open(t)
	if err := intake(b, l, "v1", "", "click"); err != nil {
		t.Fatal(err)
	}
	fault := errors.New("block checksum mismatch")
	l.failGet = fault
	known(t, b, "v1", "", false)
	c := b.Begin()
	_, see := c.See("demo", quoted("v1"), quoted("a1"), 0)
	_, merge := c.Merge(Account, "demo", quoted("a1"), Agent, []byte(`{}`))
	_, mark := c.SetDoNotProcess("demo", quoted("v1"), true)
	_, has := c.Has(Visitor, "demo", quoted("v1"))
	_, within := c.Refused("demo", quoted("v1"))
	made := c.Make(Visitor, "demo", quoted("v1"))
	c.Done(false)
	_, refused := b.Refused("demo", quoted("v1"))
	_, load := b.Load(&Person{}, Visitor, "demo", quoted("v1"))
	for _, err := range []error{see, merge, mark, has, within, made, refused, load} {
		if !errors.Is(err, fault) || !strings.Contains(err.Error(), "read ") {
			t.Fatalf("%v, want %v", err, fault)
		}
	}
	l.failGet = nil
	known(t, b, "v1", "", true)

	l.state["people/v/4:demo=\"v2\""] = []byte{9, 9, 9}
	if _, err := b.Refused("demo", quoted("v2")); !errors.Is(err, errRecordDamaged) {
		t.Fatal(err)
	}
}
