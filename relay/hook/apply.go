package hook

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/spell"
	"edgerelay/relay/strict"
)

// Apply lays the document over what is inherited. The faults are those of names and types; Compile finds the others.
func (d Document) Apply(inherited Spec) (Spec, []Fault) {
	spec := inherited
	var faults []Fault
	known := fields()
	for _, name := range slices.Sorted(maps.Keys(d)) {
		index, ok := known[name]
		if !ok {
			faults = append(faults, Fault{name, "is no setting of a webhook; " + spell.Hint(name, slices.Sorted(maps.Keys(known)))})
			continue
		}
		if err := set(reflect.ValueOf(&spec).Elem().Field(index), d[name]); err != nil {
			faults = append(faults, Fault{name, err.Error()})
		}
	}
	faults = append(faults, maskedFaults(&spec)...)
	if t, known := destination.ByName(spec.Type); known && t.Local {
		faults = append(faults, Fault{"type", "reaches this machine's own files; make it in the config file"})
	} else if known {
		for _, s := range t.Settings {
			if s.Own && spec.Settings[s.Name] == "" {
				faults = append(faults, Fault{"settings." + s.Name, "is missing; this machine's own is used only for webhooks of the config file"})
			}
			if s.Local && spec.Settings[s.Name] != inherited.Settings[s.Name] {
				faults = append(faults, Fault{"settings." + s.Name, "reaches this machine's own files; make the webhook in the config file"})
			}
		}
	}
	if d["retries"] != nil && d["schedule"] == nil {
		spec.Schedule = nil // its own retries win over a schedule that it only inherits
	}
	for field, wider := range map[string]bool{"allow_private": spec.AllowPrivate && !inherited.AllowPrivate, "allow_http": spec.AllowHTTP && !inherited.AllowHTTP} {
		if wider {
			faults = append(faults, Fault{field, "may be set here only when [delivery] in the config file sets it; set it there, or make the webhook in the file"})
		}
	}
	return spec, faults
}

// Compile makes the webhook that the document describes, or returns all that is wrong: what Apply finds, and what Compile
// finds in the rest of it.
func (d Document) Compile(inherited Spec, known func(app string) bool) (*Webhook, []Fault) {
	spec, faults := d.Apply(inherited)
	about := func(f Fault) bool { // it follows from one that is noted
		return slices.ContainsFunc(faults, func(noted Fault) bool {
			rest, below := strings.CutPrefix(f.Field, noted.Field)
			return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
		})
	}
	if about(Fault{Field: "type"}) && !isText(d["type"]) {
		spec.Type = UnreadType
	}
	made, more := Compile(spec, known)
	if len(faults) == 0 {
		return made, more
	}
	return nil, append(slices.Clone(faults), slices.DeleteFunc(more, about)...)
}

func isText(value json.RawMessage) bool { return len(value) > 0 && value[0] == '"' }

// maskedFaults finds masks that stand for nothing: the settings of one webhook were sent for another, or a header's name
// was changed with its value left masked. Deliveries would go out with the mask, or unsigned.
func maskedFaults(spec *Spec) (faults []Fault) {
	const text = "is masked, and there is no value that it could stand for (none follows a url to another host); send the value itself"
	at := reflect.ValueOf(spec).Elem()
	for _, name := range secret {
		if at.Field(fields()[name]).String() == masked {
			faults = append(faults, Fault{name, text})
		}
	}
	if strings.Contains(spec.URL, masked) {
		faults = append(faults, Fault{"url", "is masked in part, and is not the one that was shown; send it as a whole"})
	}
	for _, of := range []struct {
		field string
		pairs map[string]string
	}{{"headers", spec.Headers}, {"settings", spec.Settings}} {
		for _, name := range slices.Sorted(maps.Keys(of.pairs)) {
			if of.pairs[name] == masked {
				faults = append(faults, Fault{of.field + "." + name, text})
			}
		}
	}
	return faults
}

// fields are the places of a Spec's settings by their names.
func fields() map[string]int {
	t := reflect.TypeFor[Spec]()
	places := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		places[t.Field(i).Tag.Get("toml")] = i
	}
	return places
}

// set decodes one setting. Durations are texts such as "30s"; a signature may stand alone.
func set(field reflect.Value, text json.RawMessage) error {
	switch at := field.Addr().Interface().(type) {
	case *time.Duration:
		return setDuration(at, text)
	case *int64:
		var s string
		size, ok := int64(0), false
		if json.Unmarshal(text, &s) == nil {
			size, ok = strict.ParseSize(s)
		}
		if !ok {
			return errors.New(`must be a size such as "512KiB"`)
		}
		*at = size
		return nil
	case *[]time.Duration:
		var texts []json.RawMessage
		if json.Unmarshal(text, &texts) != nil {
			return errors.New(`must be a list of durations such as ["5s", "5m"]`)
		}
		*at = make([]time.Duration, len(texts))
		for i := range texts {
			if err := setDuration(&(*at)[i], texts[i]); err != nil {
				return err
			}
		}
		return nil
	case *[]string:
		var one string
		if json.Unmarshal(text, &one) == nil && one != "" {
			*at = []string{one}
			return nil
		}
		*at = nil
		if json.Unmarshal(text, at) != nil {
			return errors.New("must be a list of texts")
		}
		return nil
	}
	fresh := reflect.New(field.Type())
	if json.Unmarshal(text, fresh.Interface()) != nil {
		return fmt.Errorf("must be %s", sort(field))
	}
	field.Set(fresh.Elem())
	return nil
}

func setDuration(d *time.Duration, text json.RawMessage) (err error) {
	var s string
	if json.Unmarshal(text, &s) == nil {
		*d, err = time.ParseDuration(s)
	}
	if s == "" || err != nil {
		return errors.New(`must be a duration such as "30s"`)
	}
	return nil
}

// sort is what people call a setting's type.
func sort(field reflect.Value) string {
	switch field.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Map:
		return "an object whose values are texts"
	}
	return "a text"
}
