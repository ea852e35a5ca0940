package page

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"edgerelay/relay/hook"
)

// fieldView is one field of the form.
type fieldView struct {
	Name, Label, Hint  string
	Value, Placeholder string
	Kind               string // of the input
	Mode               string // of the keyboard on a phone
	Options            []option
	Lines              bool // it may have several
	Rows               int  // of a field of several lines
	Secret             bool
	Faults             []string
	Kept               bool // a secret that there is
	Required           bool
}

// option is one value that a field may have.
type option struct {
	Value, Name string
	Chosen      bool
}

// Takes says whether the form's type of webhook has a setting.
func (v formView) Takes(name string) bool { return takes(&v.Type, name) }

func takes(t *hook.Type, name string) bool {
	switch name {
	case "write_key":
		return t.WriteKey != ""
	case "access_token":
		return t.AccessToken != ""
	case "region":
		return len(t.Regions) > 0
	case "secret", "secret_previous", "signature":
		return t.Signs
	case "format", "properties":
		return t.Formats
	case "batch_events", "batch_bytes", "batch_age":
		return t.Batches
	case "url":
		return t.TakesURL
	case "method", "body":
		return t.Custom
	}
	return true
}

// examples stand in fields that are empty.
var examples = values{"name": "CRM", "rate": "no limit", "burst": "a second's worth", "in_flight": "as [delivery] in the config file",
	"timeout": "as [delivery] in the config file", "retries": "as [delivery] in the config file", "schedule": "retries and back-off", "owner": "name@example.com",
	"secret": "not signed", "secret_previous": "none", "batch_events": "as many as the type likes", "batch_bytes": "the type's own limit", "batch_age": "as the type likes",
	"method": "POST", "drop": "nothing", "hash": "nothing", "hash_key": "none"}

// Field is a field as the form shows it.
func (v formView) Field(name, label, hint string) fieldView {
	f := fieldView{Name: name, Label: label, Hint: hint, Value: v.Values[name], Placeholder: examples[name], Kind: "text", Rows: 6,
		Faults: v.Faults[name], Kept: v.Kept[name], Required: name == "name"}
	switch name {
	case "url":
		f.Kind = "url"
	case "owner":
		f.Kind = "email"
	case "rate":
		f.Mode = "decimal"
	case "burst", "in_flight", "retries", "batch_events":
		f.Mode = "numeric"
	}
	return f
}

// Where is the field of a condition.
func (v formView) Where() fieldView {
	f := v.Field("where", "Where", `A condition on the event, such as properties.plan == "pro"; empty is no condition`)
	f.Rows = 2
	return f
}

// URL is the field of the address, which is the vendor's own unless one is set.
func (v formView) URL() fieldView {
	f := v.Field("url", "URL", "Posts to this address in place of "+v.Type.Title+"'s own, such as a proxy")
	f.Placeholder = v.Type.Title + "'s own"
	if v.Type.URL != "" {
		f.Hint, f.Placeholder, f.Required = upper(v.Type.URL), "https://", true
	}
	return f
}

// Credential is the field of a key by which the vendor knows who sends, under the vendor's name for it.
func (v formView) Credential(name string) fieldView {
	called := v.Type.WriteKey
	if name == "access_token" {
		called = v.Type.AccessToken
	}
	label, hint := called, ""
	if i := strings.IndexAny(called, ",("); i > 0 {
		label, hint = called[:i], called
	}
	for _, article := range []string{"the ", "an ", "a "} {
		label = strings.TrimPrefix(label, article)
	}
	f := v.Field(name, upper(strings.TrimSpace(label)), upper(hint))
	f.Secret, f.Required = true, true
	return f
}

// Region is the field of the vendor's region.
func (v formView) Region() fieldView {
	f := v.Field("region", "Region", "")
	f.Options = options(f.Value, v.Type.Regions[0], v.Type.Regions)
	return f
}

// Own are the fields of those settings that only this type has.
func (v formView) Own() (own []fieldView) {
	for _, s := range v.Type.Settings {
		if s.Local && !v.Fixed {
			continue
		}
		f := v.Field(settingsField+s.Name, titled(s.Name), upper(s.Text))
		f.Placeholder, f.Secret, f.Required, f.Lines = s.Default, s.Secret, s.Required, s.Lines
		if len(s.Choices) > 0 {
			f.Options = options(f.Value, s.Default, s.Choices)
		}
		own = append(own, f)
	}
	return own
}

// options are the values to choose from. The default is what stands for an empty one.
func options(chosen, fallback string, all []string) []option {
	name := "not set"
	if fallback != "" {
		name = fallback + " (default)"
	}
	list := []option{{"", name, chosen == ""}}
	for _, value := range all {
		if value != fallback || value == chosen {
			list = append(list, option{value, value, value == chosen})
		}
	}
	if chosen != "" && !slices.Contains(all, chosen) { // it is refused, and stays to be seen
		list = append(list, option{chosen, chosen, true})
	}
	return list
}

// capitals are words of settings' names that are written in capitals.
var capitals = map[string]string{"id": "ID", "url": "URL", "api": "API", "csv": "CSV", "tls": "TLS", "ssh": "SSH", "ip": "IP"}

// titled is a setting's name as a label: "hub_id" is "Hub ID".
func titled(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if known := capitals[word]; known != "" {
			words[i] = known
		}
	}
	return upper(strings.Join(words, " "))
}

// upper is a text with a capital in front.
func upper(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// StrayApp says that the webhook is of an app that there is not.
func (v formView) StrayApp() bool {
	app := v.Values["app"]
	return app != "" && !slices.Contains(v.Apps, app)
}
