package tagging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/spell"
)

// Document is an entry as the admin API takes it: settings by their names in the config file.
type Document map[string]json.RawMessage

// ParseDocument reads a JSON object. Names and values are checked when it is applied.
func ParseDocument(text []byte) (Document, error) {
	var d Document
	err := json.Unmarshal(text, &d)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("read entry: it is a JSON %s, not an object", wrong.Value)
	case err != nil:
		return nil, fmt.Errorf("read entry: %w", err)
	case d == nil:
		return nil, errors.New("read entry: it is not a JSON object")
	}
	return d, nil
}

// fields are the settings that entries of a list have.
var fields = map[List][]string{
	Pages:    {"app", "id", "name", "rules"},
	Features: {"app", "id", "name", "selectors", "page"},
	Tracks:   {"app", "id", "name"},
	Guides:   {"app", "id", "name", "kind", "created_at", "created_by", "steps"},
}

// apply lays the document over settings, as a JSON merge patch (RFC 7396): a member that is null is left out again.
func (d Document) apply(list List, s Settings) (Settings, []Fault) {
	var faults []Fault
	s.Rules, s.Selectors, s.Steps = slices.Clone(s.Rules), slices.Clone(s.Selectors), slices.Clone(s.Steps)
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if !slices.Contains(fields[list], name) {
			faults = append(faults, Fault{name, fmt.Sprintf("is nothing that a %s has; %s", list.Noun(), spell.Hint(name, fields[list]))})
			continue
		}
		if what := s.set(name, d[name]); what != "" {
			faults = append(faults, Fault{name, what})
		}
	}
	return s.normal(list), faults
}

// set sets one of them, and says what the value must be when it is not.
func (s *Settings) set(name string, value json.RawMessage) (what string) {
	switch name {
	case "rules":
		return read(value, &s.Rules, "must be a list of texts")
	case "selectors":
		return read(value, &s.Selectors, "must be a list of texts")
	case "steps":
		return read(value, &s.Steps, `must be a list of steps, such as [{"id":"step-1","type":"building-block"}]`)
	case "created_at":
		return read(value, &s.CreatedAt, `must be a time, such as "2026-01-31T15:04:05Z"`)
	}
	return read(value, map[string]*string{"app": &s.App, "id": &s.ID, "name": &s.Name, "page": &s.Page, "kind": &s.Kind,
		"created_by": &s.CreatedBy}[name], "must be a text")
}

// read reads one value into into, which is empty when the value is null.
func read[T any](value json.RawMessage, into *T, want string) (what string) {
	var fresh T
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&fresh); err != nil || hasNull(value) {
		return want
	}
	*into = fresh
	return ""
}

// hasNull says whether a list holds a null, which is read as if it were empty.
func hasNull(value json.RawMessage) bool {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return false
	}
	return slices.ContainsFunc(list, func(element json.RawMessage) bool { return string(element) == "null" })
}

// sameSettings says that nothing is different.
func sameSettings(a, b *Settings) bool {
	return a.App == b.App && a.ID == b.ID && a.Name == b.Name && a.Page == b.Page && a.Kind == b.Kind && a.CreatedBy == b.CreatedBy &&
		a.CreatedAt.Equal(b.CreatedAt) && slices.Equal(a.Rules, b.Rules) && slices.Equal(a.Selectors, b.Selectors) && slices.Equal(a.Steps, b.Steps)
}

// inYears says whether payloads can show a time.
func inYears(t time.Time) bool { return t.IsZero() || t.Year() >= 1970 && t.Year() <= 9999 }

// plain says whether a text is one line for people.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}
