package page

import (
	"slices"
	"strings"
)

// fieldView is one field of the form.
type fieldView struct {
	Name, Label, Hint  string
	Value, Placeholder string
	Kind               string // of the input
	Mode               string // of the keyboard on a phone
	Types              string // of webhook that have the field; "" = all
	Faults             []string
	Kept               bool // a secret that there is
	Required           bool
}

// typesOf are the types of webhook that have a setting, where not all do.
var typesOf = map[string]string{"write_key": "segment", "access_token": "intercom", "region": "segment intercom"}

// Offers says whether a type of webhook that can be chosen has a setting.
func (v formView) Offers(name string) bool {
	return slices.ContainsFunc(strings.Fields(typesOf[name]), func(of string) bool { return slices.Contains(v.Hook.Types, of) })
}

// examples stand in fields that are empty.
var examples = values{"name": "CRM", "url": "https://example.com/hook", "rate": "no limit", "burst": "a second's worth", "in_flight": "as [delivery] in the config file",
	"timeout": "as [delivery] in the config file", "retries": "as [delivery] in the config file", "schedule": "retries and back-off", "owner": "name@example.com",
	"secret": "not signed", "secret_previous": "none"}

// Field is a field as the form shows it.
func (v formView) Field(name, label, hint string) fieldView {
	f := fieldView{Name: name, Label: label, Hint: hint, Value: v.Values[name], Placeholder: examples[name], Kind: "text", Types: typesOf[name],
		Faults: v.Faults[name], Kept: v.Kept[name], Required: name == "name"}
	switch name {
	case "url":
		f.Kind = "url"
	case "owner":
		f.Kind = "email"
	case "rate":
		f.Mode = "decimal"
	case "burst", "in_flight", "retries":
		f.Mode = "numeric"
	}
	return f
}

// StrayApp says that the webhook is of an app that there is not.
func (v formView) StrayApp() bool {
	app := v.Values["app"]
	return app != "" && !slices.Contains(v.Apps, app)
}
