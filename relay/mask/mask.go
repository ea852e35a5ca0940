// Package mask takes out of an event what must not leave: members that are dropped, and members in whose place a digest
// stands.
//
// It knows events and stable JSON. It knows no webhook, no format and no configuration. It stands between the log and
// everything that makes bodies, so that there is one place to look at and no vendor to forget. A Mask is immutable and
// safe for concurrent use; a Scratch belongs to one goroutine.
//
// # Names
//
// A name is the way to a member of the event's properties, with dots between its parts. Lists stand in no name: what is
// said of a member is said of it in each object of a list, in lists within lists too.
//
//	email             the property email, at the top and nowhere else
//	user.email        the member email of the object user, or of each object in the list user
//	user.*            every member of user
//	*_email           every property that ends so; a star stands for any text, also none, and also within a part
//	**.email          email at any depth, the top included
//
// Letters count as they are: Email is another key than email, and a name for each is needed. A key that has dots in it is
// met as it stands and also as the way that its dots draw: user.email is found in {"user":{"email":…}} and in
// {"user.email":…}, and whoever drops user drops both. Where names of both lists meet a member, it is dropped. What is
// dropped or hashed is so with everything in it.
//
// Some names mean fields of the event itself, and a property of that name as well:
//
//	ip, userAgent, url, visitorId, accountId      an event without it, or with its digest
//	url.query                                     drop only: the URL up to its question mark, fragment kept
//	nps, nps.reason, nps.…                        the answer to an NPS; the whole can be dropped only
//	pollResponses, pollResponses.response, …      the answers to a poll; the whole can be dropped only
//	guideProperties, guideProperties.…            what is known of the guide; the whole can be dropped only
//
// Stars do not stand for these, ip* is a property only, but **.reason reaches into nps, pollResponses and guideProperties.
// The event's kind, time, unique ID, the IDs of pages, features and guides, and a track event's name always leave.
//
// # Digests
//
// In place of a value stands the lower-case hex SHA-256 of its text, as a string: of a string's characters, of the JSON of
// anything else. With a key it is the HMAC-SHA256. Without one, whoever has a list of e-mail addresses can find out which
// of them it was. null and "" stay: there is nothing to hide, and receivers see that there is nothing.
package mask

import (
	"fmt"
	"slices"
	"strings"

	"edgerelay/relay/event"
)

// Limits of a mask.
const (
	NamesMax = 200 // in both lists together
	partsMax = 32  // of one name
	nameMax  = 512 // bytes
)

// Mask is what to drop and what to hash. It is immutable and safe for concurrent use. A nil Mask changes nothing.
type Mask struct {
	key    []byte
	fields [fieldCount]action
	query  bool // url.query is dropped

	properties, guideProperties, nps, pollResponses rules
}

// action is what to do with a value. Of two, the greater counts.
type action uint8

const (
	keep action = iota
	digest
	drop
)

// field is one of the event's own that can be masked.
type field uint8

const (
	ip field = iota
	userAgent
	url
	visitorID
	accountID
	nps
	pollResponses
	guideProperties
	fieldCount
)

// fieldNames are the names of fields in configurations.
var fieldNames = [fieldCount]string{"ip", "userAgent", "url", "visitorId", "accountId", "nps", "pollResponses", "guideProperties"}

// structured are the fields that are no text: parts of them can be hashed, the whole cannot.
func (f field) structured() bool { return f >= nps }

// Fault is one entry that is wrong.
type Fault struct {
	Entry string // "drop[2]", counted from 0
	Msg   string
}

// Faults are all entries that are wrong.
type Faults []Fault

// Error is one line.
func (f Faults) Error() string {
	var all []string
	for _, one := range f {
		all = append(all, one.Entry+" "+one.Msg)
	}
	return strings.Join(all, "; ")
}

func (f *Faults) add(entry, format string, args ...any) {
	*f = append(*f, Fault{entry, fmt.Sprintf(format, args...)})
}

// Compile checks and joins two lists of names. key is that of the HMAC, "" for a plain digest. The error is Faults, with
// every entry that is wrong.
func Compile(drops, hashes []string, key string) (*Mask, error) {
	m := &Mask{}
	if key != "" {
		m.key = []byte(key)
	}
	var faults Faults
	if n := len(drops) + len(hashes); n > NamesMax {
		faults.add("drop", "and hash have %d entries together; %d is the most", n, NamesMax)
	}
	m.addAll("drop", drops, drop, &faults)
	m.addAll("hash", hashes, digest, &faults)
	for i, name := range hashes {
		if at := slices.Index(drops, name); at >= 0 {
			faults.add(fmt.Sprintf("hash[%d]", i), "%q is also in drop[%d]; leave one of them out", name, at)
		}
	}
	if faults != nil {
		return nil, faults
	}
	return m, nil
}

func (m *Mask) addAll(list string, names []string, do action, faults *Faults) {
	for i, name := range names {
		entry := fmt.Sprintf("%s[%d]", list, i)
		if slices.Contains(names[:i], name) {
			faults.add(entry, "%q stands in the list already", name)
			continue
		}
		m.add(entry, name, do, faults)
	}
}

func (m *Mask) add(entry, name string, do action, faults *Faults) {
	parts, msg := parse(name)
	if msg != "" {
		faults.add(entry, "%q %s", name, msg)
		return
	}
	if name == "url.query" {
		if do == digest {
			faults.add(entry, `"url.query" can only be dropped`)
		}
		m.query = true
	}
	if near := slices.IndexFunc(fieldNames[:], func(f string) bool { return f != name && strings.EqualFold(f, name) }); near >= 0 {
		faults.add(entry, "%q is not %q, which means the event's own; write that, or %q for a property", name, fieldNames[near], "**."+name)
		return
	}
	if f := field(slices.Index(fieldNames[:], name)); f < fieldCount {
		if do == digest && f.structured() {
			faults.add(entry, "%q can only be dropped as a whole; name what in it to hash, such as %q", name, name+".*")
		}
		m.fields[f] = max(m.fields[f], do)
	}
	m.properties = append(m.properties, rule{parts, do})
	for f, of := range map[field]*rules{nps: &m.nps, pollResponses: &m.pollResponses, guideProperties: &m.guideProperties} {
		switch {
		case parts[0].anywhere:
			*of = append(*of, rule{parts, do})
		case name != fieldNames[f] && parts[0].text == fieldNames[f]:
			*of = append(*of, rule{parts[1:], do})
		}
	}
}

// Empty says that m changes nothing.
func (m *Mask) Empty() bool {
	return m == nil || len(m.properties) == 0
}

// Apply is e as m lets it out. The result is e itself when m is empty; otherwise it lies in s, aliases e and s, and is
// valid until the next Apply with s. e is only read. It allocates only to make s larger, and where s meets another key than
// before.
func (m *Mask) Apply(s *Scratch, e *event.Event) *event.Event {
	if m.Empty() {
		return e
	}
	s.begin()
	s.meet(m)
	s.event = *e
	out := &s.event
	out.IP = m.text(s, ip, e.IP)
	out.UserAgent = m.text(s, userAgent, e.UserAgent)
	out.Visitor = m.text(s, visitorID, e.Visitor)
	out.Account = m.text(s, accountID, e.Account)
	out.URL = m.text(s, url, m.withoutQuery(s, e.URL))
	out.Properties = m.tree(s, m.properties, e.Properties)
	out.Guide.Properties = m.whole(s, guideProperties, m.guideProperties, e.Guide.Properties)
	out.Guide.NPS = m.whole(s, nps, m.nps, e.Guide.NPS)
	out.Guide.PollResponses = m.whole(s, pollResponses, m.pollResponses, e.Guide.PollResponses)
	return out
}

// AppendObject appends object, which is stable JSON that stands for itself, such as the properties of a user, as m lets it
// out; names are those of its members. What is no whole value becomes {}: nothing leaves that was not looked at. What the
// last Apply gave stays valid.
func (m *Mask) AppendObject(dst, object []byte, s *Scratch) []byte {
	if m.Empty() || len(object) == 0 {
		return append(dst, object...)
	}
	s.meet(m)
	return s.appendMasked(dst, m.properties, object)
}

// text is the value of a field that is a JSON string, or nil.
func (m *Mask) text(s *Scratch, f field, value []byte) []byte {
	switch m.fields[f] {
	case drop:
		return nil
	case digest:
		return s.keepFrom(s.appendDigest(s.buffer, value))
	}
	return value
}

// whole is the value of a field that holds more than a text.
func (m *Mask) whole(s *Scratch, f field, of rules, value []byte) []byte {
	if m.fields[f] == drop {
		return nil
	}
	return m.tree(s, of, value)
}

// tree is value without what the rules say of it.
func (m *Mask) tree(s *Scratch, of rules, value []byte) []byte {
	if len(of) == 0 || len(value) == 0 {
		return value
	}
	return s.keepFrom(s.appendMasked(s.buffer, of, value))
}

// withoutQuery is the URL, a JSON string, without what stands between a question mark and the fragment. Applications that
// route by fragments have question marks there: from each one on to the next # nothing is kept.
func (m *Mask) withoutQuery(s *Scratch, literal []byte) []byte {
	if !m.query || len(literal) < 2 {
		return literal
	}
	dst, in := s.buffer, false
	for _, c := range literal[:len(literal)-1] {
		if in = c == '?' || in && c != '#'; !in {
			dst = append(dst, c)
		}
	}
	return s.keepFrom(append(dst, '"'))
}
