// Package destination describes the types of destination that a webhook may have: which settings each takes, where its
// requests go and how they prove who sends, how bodies are made of events, how many events one request takes, and what
// a reply means for each of them. One file describes one vendor.
//
// It does no I/O, knows no queue and no lane: who makes the requests is package deliver, or for destinations that need
// more than one POST (Plan.Carrier), package freight. Types and Plans are immutable once made and safe for concurrent
// use.
package destination

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"edgerelay/relay/event"
)

// Type is one type of destination, by the name that a webhook's type has.
type Type struct {
	Name  string
	Title string // for people: "Google Analytics 4"

	// Regions are the names that region may have, the first of them the default; none when the vendor has no regions.
	Regions []string
	// Write and Access say what the vendor calls the text in write_key and access_token: "API key". "" when it has none;
	// else it must be set.
	Write, Access string
	// Address says what url must be, "the Incoming Webhook's URL"; "" when the vendor's endpoint is known, and url then
	// only overrides it.
	Address string
	// NoAddress says that url is of no use to it.
	NoAddress bool
	// AddressSecret says that url is a key: whoever has it can post. It goes in and never comes out.
	AddressSecret bool
	// Local says that it reaches files of this machine: only the config file may have such a webhook.
	Local bool
	// Signs says that deliveries may be signed with a secret.
	Signs bool
	// Formats says that the user chooses the format.
	Formats bool
	// Single says that each request has one event, whatever the settings are, so that limits of batches are of no use.
	Single bool
	// Settings are those of the table settings that the type takes.
	Settings []Setting

	// Takes says which kinds of event the type has a body for; nil is all. Others are never sent to it.
	Takes func(k event.Kind) bool

	// Plan works out how to deliver. What Type says of the settings was checked before, and what is wrong by that was
	// reported; credentials, url and settings may be missing all the same. It reports what else is wrong with them through
	// fault, by the setting's name. Its result is never nil, and nothing is delivered by it then.
	Plan func(s *Settings, fault func(field, text string, args ...any)) *Plan
}

// Setting is one key of a webhook's table settings.
type Setting struct {
	Name     string
	Text     string   // what it is, for people, in a few words
	Default  string   // in place of one that is not set
	Choices  []string // the values it may have; none: any text
	Required bool
	Secret   bool // it goes in and never comes out
	Local    bool // it reaches into this machine: only the configuration file may set it, nobody over the network
	Lines    bool // it may have several lines, as a key in PEM has
	// Own says that where it is left out, something of this machine stands in for it, such as its credentials: only the
	// configuration file may leave it out.
	Own bool
}

// Settings are what a webhook's user set, as far as a type may use it, with defaults in place of what was left empty.
type Settings struct {
	Webhook     string // its name
	URL         string
	Format      string // of a type with Formats
	WriteKey    string
	AccessToken string
	Region      string
	More        map[string]string // the table settings

	// Method, Body and Headers are for the type custom, which has templates in all of them and in URL.
	Method, Body string
	Headers      map[string]string
}

// Of is a setting of the type's own, or its default.
func (s *Settings) Of(name string) string { return s.More[name] }

// types are all types, in the order of the documents that name them.
func types() []*Type {
	return []*Type{
		&address,
		&segment,
		&intercom,
		&userpilot,
		&slack,
		&amplitude,
		&mixpanel,
		&ga4,
		&hubspot,
		&salesforce,
		&zendesk,
		&jira,
		&productboard,
		&zapier,
		&snowflake,
		&bigQuery,
		&archiveS3,
		&archiveSFTP,
		&archiveFile,
		&exportMail,
		&datadog,
		&splunk,
		&custom,
	}
}

// ByName finds a type. The type must not be changed.
func ByName(name string) (*Type, bool) {
	for _, t := range types() {
		if t.Name == name {
			return t, true
		}
	}
	return nil, false
}

// Names are the types that ByName finds. The slice is the caller's.
func Names() []string {
	var names []string
	for _, t := range types() {
		names = append(names, t.Name)
	}
	return names
}

// SecretSetting says whether any type takes a secret under this name.
func SecretSetting(name string) bool {
	return slices.ContainsFunc(types(), func(t *Type) bool {
		return slices.ContainsFunc(t.Settings, func(s Setting) bool { return s.Name == name && s.Secret })
	})
}

// Fault is one thing that is wrong with a webhook's settings: the setting's name, and what is wrong with it and the next
// step.
type Fault struct{ Field, Text string }

// Make checks settings against the type and works out its plan. With faults, which are all that is wrong, the plan is not
// to be delivered by: it has defaults in place of what is wrong, so that the caller can go on checking.
func (t *Type) Make(s Settings) (*Plan, []Fault) {
	var faults []Fault
	fault := func(field, text string, args ...any) {
		faults = append(faults, Fault{field, fmt.Sprintf(text, args...)})
	}
	t.checkCredential("write_key", s.WriteKey, t.Write, fault)
	t.checkCredential("access_token", s.AccessToken, t.Access, fault)
	if t.Address != "" && s.URL == "" {
		fault("url", "is missing; set %s", t.Address)
	}
	t.checkRegion(&s, fault)
	t.checkSettings(&s, fault)
	known := slices.Clone(faults)
	plan := t.Plan(&s, func(field, text string, args ...any) {
		if !slices.ContainsFunc(known, func(f Fault) bool { return f.Field == field }) { // it may follow from that one
			fault(field, text, args...)
		}
	})
	plan.Type, plan.Settings = t.Name, s
	if plan.Judge == nil {
		plan.Judge = JudgeStatus
	}
	return plan, faults
}

func (t *Type) checkCredential(field, value, called string, fault func(field, text string, args ...any)) {
	switch {
	case value != "" && called == "":
		fault(field, "is of no use to a webhook of type %s; leave it out", t.Name)
	case value == "" && called != "":
		fault(field, "is missing; a webhook of type %s needs %s", t.Name, called)
	case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		fault(field, "has a space or a control character in it; copy %s once more", called)
	}
}

func (t *Type) checkRegion(s *Settings, fault func(field, text string, args ...any)) {
	switch {
	case len(t.Regions) == 0 && s.Region != "":
		fault("region", "is of no use to a webhook of type %s; leave it out", t.Name)
	case len(t.Regions) == 0:
	case s.Region == "":
		s.Region = t.Regions[0]
	case !slices.Contains(t.Regions, s.Region):
		fault("region", "%q is no region of %s; use one of %s, or set url to the endpoint", s.Region, t.Title, strings.Join(t.Regions, ", "))
		s.Region = t.Regions[0]
	}
}

// checkSettings checks the type's own settings and fills in their defaults.
func (t *Type) checkSettings(s *Settings, fault func(field, text string, args ...any)) {
	given := s.More
	s.More = make(map[string]string, len(t.Settings))
	for _, one := range t.Settings {
		value := given[one.Name]
		field := "settings." + one.Name
		switch {
		case value == "" && one.Required:
			fault(field, "is missing; it is %s", one.Text)
		case value != "" && len(one.Choices) > 0 && !slices.Contains(one.Choices, value):
			fault(field, "%q is not among its values; use one of %s", value, strings.Join(one.Choices, ", "))
			value = ""
		}
		if value == "" {
			value = one.Default
		}
		s.More[one.Name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := s.More[name]; !known {
			fault("settings."+name, "is no setting of the type %s; it takes %s", t.Name, t.settingNames())
		}
	}
}

func (t *Type) settingNames() string {
	if len(t.Settings) == 0 {
		return "none"
	}
	var names []string
	for _, one := range t.Settings {
		names = append(names, one.Name)
	}
	return strings.Join(names, ", ")
}
