package hook

import (
	"slices"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
)

// Type is a type of destination as people choose it. As JSON it is what the admin API tells of it.
type Type struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Regions are what region may be, the first of them the default.
	Regions []string `json:"regions"`
	// WriteKey and AccessToken are what the vendor calls the texts in write_key and access_token; "" when the type has none,
	// else they must be set.
	WriteKey    string `json:"write_key"`
	AccessToken string `json:"access_token"`
	// URL says what url must be; "" when it need not be set, and only overrides the vendor's endpoint.
	URL       string        `json:"url"`
	URLSecret bool          `json:"url_secret"` // it goes in and never comes out
	TakesURL  bool          `json:"takes_url"`
	Signs     bool          `json:"signs"`   // it takes secret, secret_previous and signature
	Formats   bool          `json:"formats"` // it takes format and properties
	Batches   bool          `json:"batches"` // it takes batch_events, batch_bytes and batch_age
	Custom    bool          `json:"custom"`  // it takes method and body
	Local     bool          `json:"local"`   // only the config file may have it
	Settings  []TypeSetting `json:"settings"`
	Events    []string      `json:"events"` // kinds of event that there is a body for
}

// TypeSetting is one member of settings that a type takes.
type TypeSetting struct {
	Name     string   `json:"name"`
	Text     string   `json:"text"` // what it is
	Default  string   `json:"default"`
	Choices  []string `json:"choices"` // none: any text
	Required bool     `json:"required"`
	Secret   bool     `json:"secret"` // it goes in and never comes out
	Lines    bool     `json:"lines"`  // it may have several lines
	Local    bool     `json:"local"`  // only the config file may set it
}

// Types are all types of this build, "url" the first. The slice is the caller's.
func Types() []Type {
	var all []Type
	for _, name := range destination.Names() {
		t, _ := destination.ByName(name)
		all = append(all, describe(t))
	}
	return all
}

// TypeByName is one of Types; "" is url.
func TypeByName(name string) (Type, bool) {
	if name == "" {
		name = "url"
	}
	t, known := destination.ByName(name)
	if !known {
		return Type{}, false
	}
	return describe(t), true
}

func describe(t *destination.Type) Type {
	d := Type{Name: t.Name, Title: t.Title, Regions: append([]string{}, t.Regions...), WriteKey: t.Write, AccessToken: t.Access,
		URL: t.Address, URLSecret: t.AddressSecret, TakesURL: !t.NoAddress, Signs: t.Signs, Formats: t.Formats, Batches: !t.Single, Custom: t.Name == "custom", Local: t.Local,
		Settings: []TypeSetting{}, Events: []string{}}
	for _, s := range t.Settings {
		d.Settings = append(d.Settings, TypeSetting{Name: s.Name, Text: s.Text, Default: s.Default,
			Choices: append([]string{}, s.Choices...), Required: s.Required, Secret: s.Secret, Lines: s.Lines, Local: s.Local})
	}
	for _, k := range event.Kinds() {
		if t.Takes == nil || t.Takes(k) {
			d.Events = append(d.Events, k.String())
		}
	}
	return d
}

// Takes says whether the webhook's type has a body for events of this kind.
func (w *Webhook) Takes(k event.Kind) bool {
	t, known := destination.ByName(w.Type)
	return !known || t.Takes == nil || t.Takes(k)
}

// Offered are the types that may be made by the admin API.
func Offered() []Type {
	return slices.DeleteFunc(Types(), func(t Type) bool { return t.Local })
}
