package hook

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// properties are the fields of metadata that a webhook chose to have in its bodies (seed 003), in the order in which they
// are printed. They are immutable.
type properties struct {
	user    []string
	company []string
}

// owners are the words that may stand before a field's name, with a dot, to say whose it is.
var owners = []struct {
	word          string
	user, company bool
}{
	{"user.", true, false},
	{"visitor.", true, false},
	{"company.", false, true},
	{"account.", false, true},
	{"", true, true},
}

// properties checks the chosen fields; nil when there are none.
//
//	email             the visitor's field and the account's: each has it who has one of that name
//	user.email        only the visitor's; so does visitor.email
//	company.plan      only the account's; so does account.plan
func (c *checker) properties() *properties {
	s := c.spec
	switch {
	case len(s.Properties) > PropertiesMax:
		c.add("properties", "names %d fields; at most %d are sent", len(s.Properties), PropertiesMax)
	case len(s.Properties) > 0 && s.Format != "userpilot":
		c.add("properties", `are sent by the format "userpilot" only; leave them out or change the format`)
	}
	chosen := new(properties)
	for i, p := range s.Properties {
		if err := chosen.choose(p); err != nil {
			c.add(fmt.Sprintf("properties[%d]", i), "%v", err)
		}
	}
	if len(s.Properties) == 0 {
		return nil
	}
	slices.SortStableFunc(chosen.user, inPrint)
	slices.SortStableFunc(chosen.company, inPrint)
	return chosen
}

// choose adds what one entry names.
func (p *properties) choose(entry string) error {
	for _, o := range owners {
		name, ok := strings.CutPrefix(entry, o.word)
		switch {
		case !ok:
			continue
		case name == "" && entry == "":
			return fmt.Errorf("is empty; name a visitor or company field")
		case name == "":
			return fmt.Errorf("%q names no field; put its name behind the dot", entry)
		case o.user && slices.Contains(p.user, name), o.company && slices.Contains(p.company, name):
			return fmt.Errorf("%q is named twice; leave one out", entry)
		}
		if o.user {
			p.user = append(p.user, name)
		}
		if o.company {
			p.company = append(p.company, name)
		}
		return nil
	}
	return nil // the last owner takes every entry
}

// inPrint compares names in the order in which JavaScript prints them: numbers first and ascending, the rest as they came.
func inPrint(a, b string) int {
	place := func(name string) uint64 {
		if !event.IsIndex([]byte(`"` + name + `"`)) {
			return 1 << 32
		}
		n, _ := strconv.ParseUint(name, 10, 64) // of an index it cannot fail
		return n
	}
	return cmp.Compare(place(a), place(b))
}

// People tells what is known of visitors and accounts at the moment when an event is kept. Both functions append an object
// of stable JSON with the fields that the person has of those named, in their order, or nothing when there are none. Err is
// why something was not found that may be there; whoever asked must not keep what came of it.
type People interface {
	AppendVisitorFields(dst []byte, app string, id []byte, names []string) []byte
	AppendAccountFields(dst []byte, app string, id []byte, names []string) []byte
	Err() error
}

// appendExtra appends what the webhook's notes of an event hold beside the selection: nothing for the usual webhook, which
// chose no properties. What is in it leaves with the body as it stands here.
func (s *scratch) appendExtra(dst []byte, w *Webhook, e *event.Event, app string, people People) []byte {
	if w.properties == nil || people == nil {
		return dst
	}
	s.user = people.AppendVisitorFields(s.user[:0], app, e.Visitor, w.properties.user)
	s.company = people.AppendAccountFields(s.company[:0], app, e.Account, w.properties.company)
	return format.AppendExtra(dst, s.user, s.company)
}

// AppendNote appends a note of an event of this app that has only a selection (see Filter.Note), with what else belongs into
// the webhook's notes. The event is as good as accepted now. A note that cannot be read is appended as it is.
func (w *Webhook) AppendNote(dst, selection []byte, e *event.Event, app string, people People) []byte {
	note, err := event.ParseNote(selection)
	if w.properties == nil || err != nil {
		return append(dst, selection...)
	}
	with := pool.Get().(*scratch)
	defer pool.Put(with)
	with.extra = with.appendExtra(with.extra[:0], w, e, app, people)
	note.Extra = with.extra
	return note.Append(dst)
}
