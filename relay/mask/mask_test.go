package mask

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"edgerelay/relay/event"
)

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return `"` + hex.EncodeToString(digest[:]) + `"`
}

// names are a list written in one line.
func names(line string) []string {
	return strings.Fields(line)
}

func compile(t testing.TB, drops, hashes, key string) *Mask {
	t.Helper()
	m, err := Compile(names(drops), names(hashes), key)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDrop(t *testing.T) {
	s := new(Scratch)
	f := func(drops, object, want string) {
		t.Helper()
		m := compile(t, drops, "", "")
		got := string(m.AppendObject([]byte("x"), []byte(object), s))
		if got != "x"+want {
			t.Errorf("%s of %s:\n%s\n%s", drops, object, got[1:], want)
		}
	}
	// What goes, and that all else stays byte for byte.
	f(`email`, `{"email":"a@b.c"}`, `{}`)
	f(`email`, `{"email":"a@b.c","b":1e+21,"c":"\u0001é"}`, `{"b":1e+21,"c":"\u0001é"}`)
	f(`email`, `{"a":[],"email":{"x":[{"y":"}]\"\\"}]},"z":{}}`, `{"a":[],"z":{}}`)
	f(`email`, `{"a":1,"email":null}`, `{"a":1}`)
	f(`email`, `{"emails":1,"e":2,"Email":3,"user":{"email":4}}`, `{"emails":1,"e":2,"Email":3,"user":{"email":4}}`)
	f(`a c`, `{"a":1,"b":2,"c":3,"d":4}`, `{"b":2,"d":4}`)
	f(`email`, `{}`, `{}`)

	// Nested, also in lists, and in lists of lists.
	f(`user.email`, `{"email":1,"user":{"email":2,"name":"n","user":{"email":3}}}`, `{"email":1,"user":{"name":"n","user":{"email":3}}}`)
	f(`user.email`, `{"user":[{"email":1},{"x":2,"email":3},[[{"email":4}],5],"email"]}`, `{"user":[{},{"x":2},[[{}],5],"email"]}`)
	f(`user.email`, `{"user":"email"}`, `{"user":"email"}`)
	f(`a.b.c.d`, `{"a":{"b":{"c":{"d":1,"e":2}}}}`, `{"a":{"b":{"c":{"e":2}}}}`)
	f(`user`, `{"user":{"deep":[{"er":1}]},"x":1}`, `{"x":1}`)

	// Stars.
	f(`*`, `{"a":1,"b":{"c":2}}`, `{}`)
	f(`user.*`, `{"user":{"a":1,"b":2},"c":3}`, `{"user":{},"c":3}`)
	f(`*_email`, `{"_email":0,"work_email":1,"work_email_2":2,"email":3}`, `{"work_email_2":2,"email":3}`)
	f(`e*l`, `{"el":0,"email":1,"e":2,"l":3,"emails":4}`, `{"e":2,"l":3,"emails":4}`)
	f(`*a*b*`, `{"ab":0,"xaybz":1,"ba":2}`, `{"ba":2}`)
	f(`*.email`, `{"email":0,"a":{"email":1},"b":{"c":{"email":2}}}`, `{"email":0,"a":{},"b":{"c":{"email":2}}}`)
	f(`**.email`, `{"email":0,"a":{"email":1,"x":[{"email":2,"y":{"email":3}}]},"z":9}`, `{"a":{"x":[{"y":{}}]},"z":9}`)
	f(`**.a.b`, `{"a":{"a":{"b":1},"b":2,"c":3}}`, `{"a":{"a":{},"c":3}}`)

	// Keys as they are: escaped, numeric, with dots, empty.
	f(`email`, string(stable(t, `{"em\u0061il":1,"x":2}`)), `{"x":2}`)
	f(`q"\q`, `{"q":1,"q\"\\q":3}`, `{"q":1}`)
	f(`a*b`, `{"a\nb":1,"a\ud800b":2,"a\u0000c":3}`, `{"a\u0000c":3}`)
	f(`é`, string(stable(t, `{"\u00e9":1,"x":2}`)), `{"x":2}`)
	f(`1 users.2`, `{"1":1,"2":2,"users":{"2":3,"3":4}}`, `{"2":2,"users":{"3":4}}`)
	f(`user.email`, `{"user.email":1,"user.name":2,"user":{"email":3}}`, `{"user.name":2,"user":{}}`)
	f(`user.email.work`, `{"user.email":{"work":1,"home":2},"user":{"email.work":3,"x.work":4}}`, `{"user.email":{"home":2},"user":{"x.work":4}}`)
	f(`user`, `{"user.email":1,"users.email":2}`, `{"users.email":2}`)
	f(`*_email`, `{"a.b_email":1,"c":2}`, `{"c":2}`)
	f(`**.email`, `{"x":{"a.email":1,"email.a":2,"emails":3}}`, `{"x":{"emails":3}}`)
	f(`a`, `{"":1,"a":2,".":3,"a.":4}`, `{"":1,".":3}`)

	// What is no stable JSON does not leave.
	f(`email`, `{"a":1`, `{}`)
	f(`email`, `{"a":1}}`, `{}`)
	f(`email`, `{"a" :1}`, `{}`)
	f(`email`, `{"a":"x`, `{}`)
	f(`email`, `{"a":"x\"`, `{}`)
	f(`email`, `[1,`, `[]`)
	f(`**.email`, strings.Repeat(`[`, 600)+strings.Repeat(`]`, 600), `[]`)
	f(`email`, strings.Repeat(`[`, 512)+strings.Repeat(`]`, 512), strings.Repeat(`[`, 512)+strings.Repeat(`]`, 512))
	f(`email`, `7`, `7`)
	f(`email`, ``, ``)
}

func stable(t testing.TB, raw string) []byte {
	t.Helper()
	var s event.Stable
	b, err := s.Append(nil, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHash(t *testing.T) {
	s := new(Scratch)
	f := func(hashes, object, want string) {
		t.Helper()
		m := compile(t, "", hashes, "")
		if got := string(m.AppendObject(nil, []byte(object), s)); got != want {
			t.Errorf("%s of %s:\n%s\n%s", hashes, object, got, want)
		}
	}
	f(`email`, `{"email":"abc","x":1}`, `{"email":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","x":1}`)
	f(`email`, `{"a":1,"email":"a\"\n\u0001é"}`, `{"a":1,"email":`+sum("a\"\n\u0001é")+`}`)
	f(`a b c d e f`, `{"a":12.5,"b":true,"c":{"x":[1]},"d":["y"],"e":null,"f":""}`,
		`{"a":`+sum(`12.5`)+`,"b":`+sum(`true`)+`,"c":`+sum(`{"x":[1]}`)+`,"d":`+sum(`["y"]`)+`,"e":null,"f":""}`)
	f(`users.email`, `{"users":[{"email":"1"},{"email":"2"}]}`, `{"users":[{"email":`+sum("1")+`},{"email":`+sum("2")+`}]}`)
	f(`**.id`, `{"id":{"id":1}}`, `{"id":`+sum(`{"id":1}`)+`}`)
}

func TestHashWithKey(t *testing.T) {
	mac := hmac.New(sha256.New, []byte("k"))
	mac.Write([]byte("a@b.c"))
	want := `{"email":"` + hex.EncodeToString(mac.Sum(nil)) + `"}`
	keyed, plain := compile(t, "", "email", "k"), compile(t, "", "email", "")
	s := new(Scratch)
	for range 3 { // one scratch may serve masks with and without keys
		if got := string(keyed.AppendObject(nil, []byte(`{"email":"a@b.c"}`), s)); got != want {
			t.Errorf("%s", got)
		}
		if got := string(plain.AppendObject(nil, []byte(`{"email":"a@b.c"}`), s)); got != `{"email":`+sum("a@b.c")+`}` {
			t.Errorf("%s", got)
		}
	}
}

// Where both meet, dropping is the safer one.
func TestDropGoesBeforeHash(t *testing.T) {
	m := compile(t, "user.*", "user.email x", "")
	got := string(m.AppendObject(nil, []byte(`{"user":{"email":1},"x":"1"}`), new(Scratch)))
	if got != `{"user":{},"x":`+sum("1")+`}` {
		t.Errorf("%s", got)
	}
}

func full() *event.Event {
	return &event.Event{
		Kind: event.PollSubmitted, UniqueID: [20]byte{1}, Time: 2, Received: 3,
		AppName: []byte("app"), App: []byte(`{"id":1}`), Subscription: []byte(`{"id":2}`),
		Visitor: []byte(`"ann"`), Account: []byte(`"acme"`), UserAgent: []byte(`"ua"`), IP: []byte(`"1.2.3.4"`),
		URL: []byte(`"https://h/p?q=1#/r?s=2"`), IDs: [][]byte{[]byte(`"i"`)}, Name: []byte(`"n"`), Source: []byte(`"web"`),
		Properties: []byte(`{"email":"e","ip":"p","url":"u","nps":{"reason":"pr"}}`),
		Guide: event.Guide{ID: []byte(`"g"`), Properties: []byte(`{"name":"gn","createdBy":"ann"}`),
			NPS: []byte(`{"rating":9,"reason":"because"}`), PollResponses: []byte(`[{"pollId":"p","response":"yes"},{"response":"no"}]`)},
	}
}

// show is the event's maskable fields, one a line.
func show(e *event.Event) string {
	return string(bytes.Join([][]byte{e.Visitor, e.Account, e.UserAgent, e.IP, e.URL, e.Properties, e.Guide.Properties, e.Guide.NPS,
		e.Guide.PollResponses}, []byte("\n")))
}

func TestApply(t *testing.T) {
	s := new(Scratch)
	before := show(full())
	f := func(drops, hashes string, changes ...string) {
		t.Helper()
		e := full()
		got := compile(t, drops, hashes, "").Apply(s, e)
		want := before
		for i := 0; i < len(changes); i += 2 {
			if !strings.Contains(want, changes[i]) {
				t.Errorf("nothing to change: %s", changes[i])
			}
			want = strings.Replace(want, changes[i], changes[i+1], 1)
		}
		if show(got) != want {
			t.Errorf("drop %s, hash %s:\n%s\n%s", drops, hashes, show(got), want)
		}
		if show(e) != before {
			t.Errorf("drop %s, hash %s: the event was changed:\n%s", drops, hashes, show(e))
		}
		if got.Kind != e.Kind || got.UniqueID != e.UniqueID || got.Time != 2 || got.Received != 3 || string(got.AppName) != "app" ||
			string(got.App) != `{"id":1}` || string(got.Subscription) != `{"id":2}` || string(got.IDs[0]) != `"i"` ||
			string(got.Name) != `"n"` || string(got.Source) != `"web"` || string(got.Guide.ID) != `"g"` {
			t.Errorf("drop %s, hash %s: %v", drops, hashes, got)
		}
	}
	f(``, ``)
	f(`email`, ``, `"email":"e",`, ``)
	f(`ip`, ``, `"1.2.3.4"`, ``, `"ip":"p",`, ``)
	f(``, `ip`, `"1.2.3.4"`, sum("1.2.3.4"), `"ip":"p"`, `"ip":`+sum("p"))
	f(`userAgent`, ``, `"ua"`, ``)
	f(`url`, ``, `"https://h/p?q=1#/r?s=2"`, ``, `"url":"u",`, ``)
	f(`url.query`, ``, `"https://h/p?q=1#/r?s=2"`, `"https://h/p#/r"`)
	f(`url.query`, `url`, `"https://h/p?q=1#/r?s=2"`, sum("https://h/p#/r"), `"url":"u"`, `"url":`+sum("u"))
	f(`visitorId`, `accountId`, `"ann"`, ``, `"acme"`, sum("acme"))
	f(``, `visitorId`, `"ann"`, sum("ann"))
	f(`nps`, ``, `{"rating":9,"reason":"because"}`, ``, `,"nps":{"reason":"pr"}`, ``)
	f(`nps.reason`, ``, `,"reason":"because"`, ``, `{"reason":"pr"}`, `{}`)
	f(``, `nps.*`, `9,"reason":"because"`, sum("9")+`,"reason":`+sum("because"), `"reason":"pr"`, `"reason":`+sum("pr"))
	f(`pollResponses.response`, ``, `,"response":"yes"`, ``, `"response":"no"`, ``)
	f(`pollResponses`, ``, `[{"pollId":"p","response":"yes"},{"response":"no"}]`, ``)
	f(``, `pollResponses.response`, `"yes"`, sum("yes"), `"no"`, sum("no"))
	f(`guideProperties.createdBy`, ``, `,"createdBy":"ann"`, ``)
	f(`guideProperties`, ``, `{"name":"gn","createdBy":"ann"}`, ``)
	f(`**.reason **.createdBy **.response`, ``, `,"createdBy":"ann"`, ``, `,"reason":"because"`, ``, `{"reason":"pr"}`, `{}`,
		`,"response":"yes"`, ``, `"response":"no"`, ``)
	f(`*`, ``, `{"email":"e","ip":"p","url":"u","nps":{"reason":"pr"}}`, `{}`)
}

// What an event lacks, a mask does not bring.
func TestApplyToNothing(t *testing.T) {
	m := compile(t, "ip url url.query nps.x", "userAgent visitorId accountId email pollResponses.y guideProperties.z", "k")
	if got := show(m.Apply(new(Scratch), &event.Event{})); got != "\n\n\n\n\n\n\n\n" {
		t.Errorf("%q", got)
	}
}

// An empty mask gives the event itself, and so does none.
func TestEmpty(t *testing.T) {
	e, m := full(), compile(t, "", "", "")
	if !m.Empty() || m.Apply(new(Scratch), e) != e || (*Mask)(nil).Apply(nil, e) != e {
		t.Errorf("not the event")
	}
	if got := (*Mask)(nil).AppendObject(nil, []byte(`{"a":1}`), nil); string(got) != `{"a":1}` {
		t.Errorf("%s", got)
	}
}

// What Apply gave stays as it is while an object is masked with the same scratch.
func TestAppendObjectAfterApply(t *testing.T) {
	m, s := compile(t, "email", "ip", ""), new(Scratch)
	for range 2 {
		got := m.Apply(s, full())
		want := show(got)
		m.AppendObject(nil, []byte(`{"email":1,"long":"`+strings.Repeat("x", 5000)+`"}`), s)
		if show(got) != want {
			t.Errorf("%s", show(got))
		}
		s.Release()
	}
}

func TestCompileFaults(t *testing.T) {
	f := func(drops, hashes []string, want string) {
		t.Helper()
		m, err := Compile(drops, hashes, "")
		var faults Faults
		if m != nil || !errors.As(err, &faults) || err.Error() != want {
			t.Errorf("%q, %q: %v", drops, hashes, err)
		}
	}
	f([]string{""}, nil, `drop[0] "" is empty`)
	f([]string{"a", "a..b", ".c"}, []string{"d."}, `drop[1] "a..b" has a part without a name; write it like user.email; `+
		`drop[2] ".c" has a part without a name; write it like user.email; hash[0] "d." has a part without a name; write it like user.email`)
	f([]string{"a"}, []string{"b", "a"}, `hash[1] "a" is also in drop[0]; leave one of them out`)
	f([]string{"a", "a"}, nil, `drop[1] "a" stands in the list already`)
	f([]string{"**"}, nil, `drop[0] "**" has "**" elsewhere than in front of a name; write it like **.email, or user.*`)
	f([]string{"a.**"}, nil, `drop[0] "a.**" has "**" elsewhere than in front of a name; write it like **.email, or user.*`)
	f([]string{"a**b"}, nil, `drop[0] "a**b" has "**" elsewhere than in front of a name; write it like **.email, or user.*`)
	f(nil, []string{"url.query"}, `hash[0] "url.query" can only be dropped`)
	f(nil, []string{"nps"}, `hash[0] "nps" can only be dropped as a whole; name what in it to hash, such as "nps.*"`)
	f([]string{strings.Repeat("x", nameMax+1)}, nil, `drop[0] "`+strings.Repeat("x", nameMax+1)+`" is too long`)
	f([]string{strings.Repeat("x.", partsMax) + "x"}, nil, `drop[0] "`+strings.Repeat("x.", partsMax)+`x" has too many parts`)
}

func TestMaskIsSharedByGoroutines(t *testing.T) {
	m := compile(t, "email", "**.name", "k")
	want := string(m.AppendObject(nil, []byte(`{"email":1,"a":{"name":"n"}}`), new(Scratch)))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			s := new(Scratch)
			for range 200 {
				if got := string(m.AppendObject(nil, []byte(`{"email":1,"a":{"name":"n"}}`), s)); got != want {
					t.Errorf("%s", got)
				}
			}
		})
	}
	group.Wait()
}

// TestFieldsInOtherLetters: a name that is a field but for its letters would leave what its author means to hide.
func TestFieldsInOtherLetters(t *testing.T) {
	for _, name := range []string{"visitorID", "IP", "useragent", "URL", "AccountId"} {
		for _, lists := range [][2][]string{{{name}, nil}, {nil, {name}}} {
			if _, err := Compile(lists[0], lists[1], ""); err == nil || !strings.Contains(err.Error(), "which means the event's own") {
				t.Errorf("%q: %v", name, err)
			}
		}
		if _, err := Compile([]string{"**." + name, "user." + name}, nil, ""); err != nil {
			t.Error(err)
		}
	}
}
