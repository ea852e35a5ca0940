package hook

import (
	"cmp"
	"fmt"
	"math"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/sign"
	"edgerelay/relay/spell"
)

var orders = []string{"none", "visitor"}

// UnreadType is the Type of a Spec whose type is no text, a fault that who read it has noted. Compile refuses it like any
// type that there is not, and says nothing of what depends on the type.
const UnreadType = "?"

// Compile checks a spec and makes the webhook it describes, or returns all that is wrong with it. known says which names
// of apps there are. The webhook has no queue number yet.
func Compile(spec Spec, known func(app string) bool) (*Webhook, []Fault) {
	c := checker{spec: &spec}
	c.defaults()
	c.name()
	c.identity(known)
	w := &Webhook{Plan: c.destination(), Selections: c.selections(), Condition: c.condition(), Mask: c.mask(), Schemes: c.schemes(), Header: c.headers()}
	c.format()
	w.properties = c.properties()
	c.pace()
	c.samples(w)
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	w.Spec, w.Target = spec, w.Plan.URL
	w.ByVisitor = spec.Order == "visitor" && !w.Plan.Archive // an archive keeps the order of the log, which is stricter
	return w, nil
}

// checker collects the faults of one spec.
type checker struct {
	spec   *Spec
	kind   *destination.Type // nil when the type is unknown
	faults []Fault
}

func (c *checker) add(field, text string, args ...any) {
	c.faults = append(c.faults, Fault{Field: field, Text: fmt.Sprintf(text, args...)})
}

// defaults fills in what an empty setting stands for.
func (c *checker) defaults() {
	s := c.spec
	s.Type = cmp.Or(s.Type, "url")
	c.kind, _ = destination.ByName(s.Type)
	if c.kind == nil || c.kind.Formats {
		s.Format = cmp.Or(s.Format, "pendo")
	}
	s.Order = cmp.Or(s.Order, "none")
	if len(s.Signature) == 0 && s.Secret != "" {
		s.Signature = []string{sign.Pendo.String()}
	}
	if s.Burst == 0 && s.Rate > 0 {
		s.Burst = int(math.Ceil(min(s.Rate, 1e6)))
	}
}

// name checks the name, which stands in URLs of the admin API, in keys of the log and in metrics.
func (c *checker) name() {
	name := c.spec.Name
	switch {
	case name == "":
		c.add("name", "is missing; give the webhook a name of its own")
	case len(name) > nameMax:
		c.add("name", "is %d bytes long; it may have %d", len(name), nameMax)
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r == '/' || !unicode.IsPrint(r) }):
		c.add("name", "may not contain a slash or a control character, nor start or end with a space")
	case name == "." || name == "..":
		c.add("name", "means a folder in the paths of the admin API; give the webhook a name of letters")
	}
}

// Numbered is the name of another webhook made of a name and a number, as long as names may be.
func Numbered(name string, n int) string {
	behind := fmt.Sprintf(" (%d)", n)
	room := nameMax - len(behind)
	if len(name) > room {
		for !utf8.RuneStart(name[room]) {
			room--
		}
		name = name[:room]
	}
	return strings.TrimRight(name, " ") + behind
}

func (c *checker) identity(known func(app string) bool) {
	s := c.spec
	if s.App != "" && !known(s.App) {
		c.add("app", "there is no app %q; name a configured one, or leave app out for all", s.App)
	}
	if s.Owner != "" {
		if addr, err := mail.ParseAddress(s.Owner); err != nil || addr.Address != s.Owner {
			c.add("owner", `%q is not a mail address; write it like "name@example.com"`, s.Owner)
		}
	}
	if !slices.Contains(orders, s.Order) {
		c.add("order", "unknown order %q; %s", s.Order, spell.Hint(s.Order, orders))
	}
}

// selections parses the events.
func (c *checker) selections() []Selection {
	if c.spec.Enabled && len(c.spec.Events) == 0 {
		c.add("events", `is empty, so nothing would be sent; add events such as ["pageLoaded"] or ["*"], or set enabled = false`)
	}
	if len(c.spec.Events) > EventsMax {
		c.add("events", "has %d entries; it may have %d, each with many IDs: NAME:ID1,ID2", len(c.spec.Events), EventsMax)
		return nil
	}
	var selections []Selection
	for i, text := range c.spec.Events {
		s, err := ParseSelection(text)
		if err != nil {
			c.add(fmt.Sprintf("events[%d]", i), "%v", err)
			continue
		}
		if c.kind != nil && c.kind.Takes != nil {
			if s.Kinds = slices.DeleteFunc(s.Kinds, func(k event.Kind) bool { return !c.kind.Takes(k) }); len(s.Kinds) == 0 {
				c.add(fmt.Sprintf("events[%d]", i), "%q is nothing that %s can take; leave it out", text, c.kind.Title)
			}
		}
		selections = append(selections, s)
	}
	return selections
}

// format checks the format.
func (c *checker) format() {
	s := c.spec
	_, ok := format.ByName(s.Format)
	switch {
	case c.kind == nil:
	case !c.kind.Formats && s.Format != "":
		c.add("format", "is of no use to a webhook of type %s, whose vendor says what bodies look like; leave it out", s.Type)
	case c.kind.Formats && !ok:
		c.add("format", "unknown format %q; %s", s.Format, spell.Hint(s.Format, format.Names()))
	}
}

// schemes finds the signatures.
func (c *checker) schemes() []sign.Scheme {
	s := c.spec
	var schemes []sign.Scheme
	if c.kind != nil && !c.kind.Signs {
		c.useless("is of no use to a webhook of type "+s.Type+", whose vendor checks no signatures; leave it out",
			use{"secret", s.Secret != ""}, use{"secret_previous", s.SecretPrevious != ""}, use{"signature", len(s.Signature) > 0})
		return nil
	}
	for i, name := range s.Signature {
		scheme, err := sign.ParseScheme(name)
		field := fmt.Sprintf("signature[%d]", i)
		switch {
		case err != nil:
			c.add(field, "unknown signature %q; %s", name, spell.Hint(name, sign.Names()))
		case slices.Contains(schemes, scheme):
			c.add(field, "%q is named twice; leave one out", name)
		default:
			schemes = append(schemes, scheme)
		}
	}
	switch {
	case s.Secret != "" && len(schemes) > 0:
		c.secrets(schemes)
	case s.Secret == "" && len(s.Signature) > 0:
		c.add("signature", "needs a secret to sign with; set secret, or leave signature out")
	}
	if s.Secret == "" && s.SecretPrevious != "" {
		c.add("secret_previous", "is of no use without a secret; set secret to the new one")
	}
	return schemes
}

// secrets lets a signer try the schemes, the secret and the previous secret, to see which of them it refuses.
func (c *checker) secrets(schemes []sign.Scheme) {
	try := func(field, secret, previous string) bool {
		_, err := sign.New(schemes, secret, previous)
		if err != nil {
			c.add(field, "%v", err)
		}
		return err == nil
	}
	if try("signature", "any", "") {
		_ = try("secret", c.spec.Secret, "")
		_ = try("secret_previous", "any", c.spec.SecretPrevious)
	}
}

// pace checks rate, limits and waits.
func (c *checker) pace() {
	s := c.spec
	if !(s.Rate >= 0) || math.IsInf(s.Rate, 0) {
		c.add("rate", "%v is out of range; set events a second, 0 for no limit", s.Rate)
	}
	if s.Burst < 0 {
		c.add("burst", "%d is negative; set how many deliveries may go at once after a pause, 0 for a second's worth", s.Burst)
	} else if s.Burst > 0 && s.Rate == 0 {
		c.add("burst", "is of no use without a rate; set rate too, or leave burst out")
	}
	if s.InFlight < 1 || s.InFlight > InFlightMax {
		c.add("in_flight", "%d is out of range; it must be from 1 to %d", s.InFlight, InFlightMax)
	}
	if s.Timeout <= 0 || s.Timeout > TimeoutMax {
		c.add("timeout", "%v is out of range; it must be more than 0s and at most 5m", s.Timeout)
	}
	if s.Retries < 0 || s.Retries > RetriesMax {
		c.add("retries", "%d is out of range; it must be from 0 to %d", s.Retries, RetriesMax)
	}
	if len(s.Schedule) > ScheduleMax {
		c.add("schedule", "has %d waits; it may have %d", len(s.Schedule), ScheduleMax)
	}
	for i, wait := range s.Schedule {
		if wait < 0 || wait > WaitMax {
			c.add(fmt.Sprintf("schedule[%d]", i), "%v is out of range; a wait must be from 0s to %v", wait, WaitMax/time.Hour*time.Hour)
		}
	}
}
