package page

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"edgerelay/relay/hook"
)

// sort is how a setting is written in a form.
type sort uint8

const (
	text    sort = iota
	secret       // goes in and never comes out; an empty field leaves it as it is
	number       // 0 is an empty field
	whole        // 0 is 0
	flag         // a checkbox
	texts        // with commas or line breaks between them
	marks        // a checkbox for each
	pairs        // lines of "Name: value"
	measure      // of bytes or of time; none is an empty field
	lines        // a text of several lines
)

// fields are the settings of a webhook that a form has, events and those of its type alone aside.
var fields = []struct {
	name string
	sort sort
}{
	{"name", text}, {"type", text}, {"url", text}, {"write_key", secret}, {"access_token", secret}, {"region", text},
	{"method", text}, {"body", lines}, {"batch_events", number}, {"batch_bytes", measure}, {"batch_age", measure},
	{"secret", secret}, {"secret_previous", secret}, {"signature", marks}, {"enabled", flag}, {"app", text}, {"where", lines}, {"drop", texts}, {"hash", texts}, {"hash_key", secret}, {"properties", texts},
	{"format", text}, {"order", text}, {"rate", number}, {"burst", number}, {"in_flight", number}, {"timeout", text},
	{"retries", whole}, {"schedule", texts}, {"probe", flag}, {"owner", text}, {"headers", pairs}, {"allow_private", flag}, {"allow_http", flag},
}

// values are the settings as the fields of a form hold them.
type values map[string]string

const checked = "on"

// settingsField stands before the names of settings that only one type has.
const settingsField = "settings."

// clearField stands before the name of a secret that is to be taken away.
const clearField = "clear."

// shown is a webhook's settings as its form shows them.
func shown(settings hook.View) values {
	v := values{}
	for _, f := range fields {
		v[f.name] = show(f.sort, settings[f.name])
	}
	kind, _ := settings["type"].(string)
	t, _ := hook.TypeByName(kind)
	own, _ := settings["settings"].(map[string]string)
	for _, s := range t.Settings {
		if !s.Secret {
			v[settingsField+s.Name] = own[s.Name]
		}
	}
	return v
}

func show(s sort, value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case []string:
		return strings.Join(value, ", ")
	case map[string]string:
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			lines = append(lines, name+": "+value[name])
		}
		return strings.Join(lines, "\n")
	case bool:
		if value {
			return checked
		}
		return ""
	}
	plain := fmt.Sprint(value)
	if s == secret || s == number && plain == "0" || s == measure && (plain == "0" || plain == "0s") {
		return ""
	}
	return plain
}

// sent are the values of a form that was sent.
func sent(form url.Values) values {
	v := values{}
	for _, f := range fields {
		v[f.name] = strings.TrimSpace(form.Get(f.name))
		switch f.sort {
		case marks:
			v[f.name] = strings.Join(form[f.name], ", ")
		case pairs, lines:
			v[f.name] = unixLines(form.Get(f.name))
		case secret:
			v[f.name] = form.Get(f.name) // spaces are part of it
			v[clearField+f.name] = form.Get(clearField + f.name)
		}
	}
	t, _ := hook.TypeByName(v["type"])
	for _, s := range t.Settings {
		name := settingsField + s.Name
		v[name], v[clearField+name] = strings.TrimSpace(unixLines(form.Get(name))), form.Get(clearField+name)
	}
	return v
}

// unixLines is a text as a browser sends it, with line breaks of one character.
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// changes are the settings that differ from what was there before, as a merge patch. What is no value of its setting
// goes in as a text, which the registry refuses in words of its own.
func changes(before, now values) hook.Document {
	d := hook.Document{}
	for _, f := range fields {
		if now[f.name] != before[f.name] {
			d[f.name] = encode(f.sort, now[f.name])
		}
	}
	return d
}

var null = json.RawMessage("null")

func encode(s sort, value string) json.RawMessage {
	switch s {
	case flag:
		return json.RawMessage(strconv.FormatBool(value != ""))
	case texts, marks:
		if list := split(value); list != nil {
			return literal(list)
		}
		return null
	case pairs:
		return encodePairs(value)
	}
	if value == "" {
		return null
	}
	if n := json.RawMessage(value); (s == number || s == whole) && json.Valid(n) {
		return n
	}
	return literal(value)
}

// encodePairs is lines of "Name: value" as an object. A line without a colon is a name without a value, which is refused.
func encodePairs(text string) json.RawMessage {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name = strings.TrimSpace(name); name != "" {
			all[name] = strings.TrimSpace(value)
		}
	}
	if len(all) == 0 {
		return null
	}
	return literal(all)
}

// literal is a value of texts as JSON.
func literal(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil { // texts always are JSON
		panic(fmt.Sprintf("page: no JSON: %v", err))
	}
	return text
}

// split is what stands between commas and line breaks.
func split(list string) (parts []string) {
	for part := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// settingOf is the setting that a fault's field names: "headers.Accept" is of headers, "events[2]" of events. What only one
// type has stands for itself.
func settingOf(field string) string {
	if strings.HasPrefix(field, settingsField) {
		return field
	}
	if i := strings.IndexAny(field, ".["); i > 0 {
		return field[:i]
	}
	return field
}
