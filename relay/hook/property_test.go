package hook

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// choosing is a webhook that selects events and chose properties.
func choosing(t *testing.T, queue uint32, events string, properties ...string) *Webhook {
	t.Helper()
	spec := goodSpec()
	spec.Name, spec.Events, spec.Enabled = fmt.Sprintf("hook %d", queue), []string{events}, true
	spec.Format, spec.Properties = "userpilot", properties
	w, faults := Compile(spec, anyApp)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	w.Queue = queue
	return w
}

// askedPeople answers with what it was asked for: {"app/id":["name",…]}.
type askedPeople struct{ asked int }

func (p *askedPeople) append(dst []byte, app string, id []byte, names []string) []byte {
	p.asked++
	if len(id) == 0 || len(names) == 0 {
		return dst
	}
	return fmt.Appendf(dst, `{"%s/%s":"%s"}`, app, id[1:len(id)-1], strings.Join(names, ","))
}

func (p *askedPeople) AppendVisitorFields(dst []byte, app string, id []byte, names []string) []byte {
	return p.append(dst, app, id, names)
}

func (p *askedPeople) AppendAccountFields(dst []byte, app string, id []byte, names []string) []byte {
	return p.append(dst, app, id, names)
}

func (p *askedPeople) Err() error { return errors.New("nobody here asks for that") }

// TestProperties: whose field a name means, and in which order they stand.
func TestProperties(t *testing.T) {
	f := func(entries, user, company string) {
		t.Helper()
		got := choosing(t, 1, "*", strings.Fields(entries)...).properties
		if want := (&properties{strings.Fields(user), strings.Fields(company)}); !reflect.DeepEqual(*got, *want) &&
			fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", entries, got, want)
		}
	}
	f("email", "email", "email")
	f("user.email company.plan", "email", "plan")
	f("visitor.email account.plan", "email", "plan")
	f("user.company.size company.user.x", "company.size", "user.x")
	f("b 10 user.a 9 company.0 x.y", "9 10 b a x.y", "0 9 10 b x.y")
	f("user.name company.name", "name", "name")
	if w := choosing(t, 1, "*"); w.properties != nil {
		t.Errorf("no properties are %v", w.properties)
	}
}

func TestPropertyFaults(t *testing.T) {
	f := func(want string, properties ...string) {
		t.Helper()
		spec := goodSpec()
		spec.Format, spec.Properties = "userpilot", properties
		_, faults := Compile(spec, anyApp)
		if len(faults) != 1 || faults[0].Error() != want {
			t.Errorf("%q: %v, want %s", properties, faults, want)
		}
	}
	f(`properties[0]: is empty; name a visitor or company field`, "")
	f(`properties[1]: "company." names no field; put its name behind the dot`, "a", "company.")
	f(`properties[1]: "email" is named twice; leave one out`, "email", "email")
	f(`properties[1]: "user.email" is named twice; leave one out`, "email", "user.email")
	f(`properties[1]: "email" is named twice; leave one out`, "account.email", "email")
	f(`properties[1]: "visitor.email" is named twice; leave one out`, "user.email", "visitor.email")
	f(`properties: names 11 fields; at most 10 are sent`, strings.Split("abcdefghijk", "")...)
}

// TestReceiversKeepProperties: who chose properties gets them with the note, nobody else, and nobody is asked for nothing.
func TestReceiversKeepProperties(t *testing.T) {
	set, err := NewSet([]*Webhook{hookOf(t, 1, "", "featureClicked:a"), choosing(t, 2, "featureClicked:b", "user.email", "plan"),
		choosing(t, 3, "featureClicked", "company.plan"), choosing(t, 4, "pageLoaded", "email"), choosing(t, 5, "featureClicked")})
	if err != nil {
		t.Fatal(err)
	}
	e := eventOf(event.FeatureClicked, "a", "b")
	e.Visitor, e.Account = []byte(`"v"`), []byte(`"acme"`)
	ask := func(people People) (shown []string) {
		t.Helper()
		receivers, _ := set.Receivers(nil, nil, e, "shop", people)
		if got := show(t, receivers, 2); got != "1:0 2:1 3:all 5:all" {
			t.Errorf("receivers are %s", got)
		}
		for _, r := range receivers {
			note, err := event.ParseNote(r.Note)
			if err != nil {
				t.Fatal(err)
			}
			user, company, err := format.ParseExtra(note.Extra)
			if err != nil {
				t.Fatal(err)
			}
			shown = append(shown, fmt.Sprintf("%s %s", user, company))
		}
		return shown
	}
	people := new(askedPeople)
	want := []string{" ", `{"shop/v":"email,plan"} {"shop/acme":"plan"}`, ` {"shop/acme":"plan"}`, " "}
	if got := ask(people); !reflect.DeepEqual(got, want) {
		t.Errorf("kept: %q, want %q", got, want)
	}
	want = []string{" ", `{"shop/v":"email,plan"} `, " ", " "}
	e.Account = nil
	if got := ask(people); !reflect.DeepEqual(got, want) {
		t.Errorf("without a company: %q, want %q", got, want)
	}
	if got := ask(nil); !reflect.DeepEqual(got, []string{" ", " ", " ", " "}) {
		t.Errorf("without people: %q", got)
	}

	people = new(askedPeople)
	set.Receivers(nil, nil, eventOf(event.UTurn), "shop", people)
	if people.asked != 0 {
		t.Errorf("%d questions for an event that nobody takes", people.asked)
	}
}

// TestAppendNote: a selection made alone and completed later is what Receivers makes in one go.
func TestAppendNote(t *testing.T) {
	e := eventOf(event.FeatureClicked, "a", "b")
	e.Visitor, e.Account = []byte(`"v"`), []byte(`"acme"`)
	f := func(w *Webhook) {
		t.Helper()
		set, err := NewSet([]*Webhook{w})
		if err != nil {
			t.Fatal(err)
		}
		receivers, _ := set.Receivers(nil, nil, e, "shop", new(askedPeople))
		selection, _ := w.Filter().Note(nil, e, "shop")
		if got := w.AppendNote([]byte("kept"), selection, e, "shop", new(askedPeople)); string(got) != "kept"+string(receivers[0].Note) {
			t.Errorf("%q, want %q", got, receivers[0].Note)
		}
	}
	f(hookOf(t, 1, "", "featureClicked:a"))
	f(hookOf(t, 1, "", "featureClicked"))
	f(choosing(t, 1, "featureClicked:b", "email"))
	f(choosing(t, 1, "featureClicked", "email"))
	w := choosing(t, 1, "*", "email")
	if got := w.AppendNote(nil, []byte("\xff"), e, "shop", new(askedPeople)); string(got) != "\xff" {
		t.Errorf("a note that nobody can read became %q", got)
	}
}

// TestSampleNote: a trial shows every chosen field, of the account only where the event has one.
func TestSampleNote(t *testing.T) {
	f := func(e event.Event, want string, properties ...string) {
		t.Helper()
		w := choosing(t, 1, "*", properties...)
		note, err := event.ParseNote(w.SampleNote(&e))
		if err != nil {
			t.Fatal(err)
		}
		user, company, _ := format.ParseExtra(note.Extra)
		if got := fmt.Sprintf("%v %s %s", note.All, user, company); got != want {
			t.Errorf("%q: %s, want %s", properties, got, want)
		}
	}
	sample := event.Sample(event.PageLoaded)
	f(sample, `true {"email":"visitor@example.com","seats":"sample seats"} {"plan":"enterprise","seats":"sample seats"}`,
		"user.email", "company.plan", "seats")
	sample.Account = nil
	f(sample, `true {"email":"visitor@example.com"} `, "user.email", "company.plan")
	f(sample, `true  `)
}
