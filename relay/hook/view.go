package hook

import (
	"reflect"
	"slices"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/discreet"
	"edgerelay/relay/strict"
)

// secret are the settings that go in and never come out.
var secret = []string{"secret", "secret_previous", "write_key", "access_token", "hash_key"}

// View is a spec as the admin API shows it: a value for each setting, with secrets masked.
type View map[string]any

// View is the spec without its secrets.
func (s Spec) View() View {
	v := View{}
	of := reflect.ValueOf(s)
	for name, i := range fields() {
		switch x := of.Field(i).Interface().(type) {
		case string:
			switch {
			case slices.Contains(secret, name) && x != "":
				x = masked
			case name == "url":
				x = MaskURL(x, s.Type)
			}
			v[name] = x
		case time.Duration:
			v[name] = strict.FormatDuration(x)
		case []time.Duration:
			texts := []string{}
			for _, d := range x {
				texts = append(texts, strict.FormatDuration(d))
			}
			v[name] = texts
		case []string:
			v[name] = append([]string{}, x...)
		case int64:
			v[name] = "0" // as the config file has it
			if x != 0 {
				v[name] = strict.FormatSize(x)
			}
		case map[string]string:
			if name == "settings" {
				v[name] = maskSettings(x)
				break
			}
			v[name] = MaskHeaders(x)
		default:
			v[name] = x
		}
	}
	return v
}

// MaskHeaders is headers with the values of those masked that prove who sends.
func MaskHeaders(headers map[string]string) map[string]string {
	shown := make(map[string]string, len(headers))
	for name, value := range headers {
		if discreet.Name(name) {
			value = masked
		}
		shown[name] = value
	}
	return shown
}

// maskSettings is a type's own settings with those masked that are secrets.
func maskSettings(settings map[string]string) map[string]string {
	shown := make(map[string]string, len(settings))
	for name, value := range settings {
		if value != "" && destination.SecretSetting(name) {
			value = masked
		}
		shown[name] = value
	}
	return shown
}
