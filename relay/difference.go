package relay

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/strict"
)

// Change is one setting that two configurations differ in.
type Change struct {
	Key  string `json:"key"`  // "delivery.retries", "webhook.crm.url"
	From string `json:"from"` // "" is not there; secrets are not shown
	To   string `json:"to"`
	Live bool   `json:"live"` // it takes effect with a reload; else with the next start
}

// String is the change as a line.
func (c Change) String() string {
	switch {
	case c.From == "":
		return fmt.Sprintf("+ %s = %s", c.Key, c.To) + c.later()
	case c.To == "":
		return fmt.Sprintf("- %s = %s", c.Key, c.From) + c.later()
	}
	return fmt.Sprintf("~ %s = %s → %s", c.Key, c.From, c.To) + c.later()
}

func (c Change) later() string {
	if c.Live {
		return ""
	}
	return "  (with the next start)"
}

// fixed are the settings that a running relay keeps: listeners, files that are open, and what is sized by them.
var fixed = []string{"intake.listen", "intake.body_max", "intake.cors_origins", "intake.trusted_proxies", "intake.dedupe_window",
	"console.", "log.", "smtp.", "telemetry."}

// private are the settings of which only that they changed is shown.
var private = []string{"token", "read_token", "password", "secret", "secret_previous", "write_key", "access_token", "headers", "settings", "hash_key",
	"key", "extra_keys", "integration_keys", "webhook_secret", "webhook_secret_previous", "signing_key"}

// Difference is what changes from one configuration to another, in the order of the keys.
func Difference(from, to *Config) (changes []Change) {
	before, after := settings{}, settings{}
	before.read("", reflect.ValueOf(*from))
	after.read("", reflect.ValueOf(*to))
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		was, is := before[key], after[key]
		if was == is {
			continue
		}
		c := Change{Key: key, From: was, To: is,
			Live: !slices.ContainsFunc(fixed, func(prefix string) bool { return strings.HasPrefix(key, prefix) })}
		if slices.Contains(private, key[strings.LastIndexByte(key, '.')+1:]) {
			c.From, c.To = hide(was), hide(is)
		}
		if strings.HasSuffix(key, ".url") {
			table := strings.TrimSuffix(key, "url") + "type"
			c.From, c.To = hook.MaskURL(was, before[table]), hook.MaskURL(is, after[table])
			if c.From == c.To {
				c.From, c.To = hide(was), hide(is)
			}
		}
		changes = append(changes, c)
	}
	return changes
}

func hide(value string) string {
	if value == "" {
		return ""
	}
	return "(not shown)"
}

// settings are all settings of a configuration that are not empty, by their keys.
type settings map[string]string

// read goes through the structs, whose tags are the keys of the file. Tables of a list go by their names.
func (s settings) read(key string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case time.Duration:
		s.put(key, strict.FormatDuration(x), x == 0)
	case time.Time:
		s.put(key, x.Format(time.RFC3339), x.IsZero())
	case []string, []time.Duration, []netip.Prefix, map[string]string:
		s.put(key, fmt.Sprint(x), v.Len() == 0)
	case *hook.Webhook:
		s.read(key, reflect.ValueOf(x.Spec))
	default:
		switch v.Kind() {
		case reflect.Struct:
			s.readFields(key, v)
		case reflect.Slice:
			for i := range v.Len() {
				s.read(key+"."+nameOf(v.Index(i), i), v.Index(i))
			}
		default:
			s.put(key, fmt.Sprint(x), v.IsZero())
		}
	}
}

func (s settings) readFields(key string, v reflect.Value) {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("toml")
		if tag == "" {
			continue
		}
		if key != "" {
			tag = key + "." + tag
		}
		s.read(tag, v.Field(i))
	}
}

func (s settings) put(key, value string, empty bool) {
	if !empty {
		s[key] = value
	}
}

// nameOf is what a table of a list is called: its name, or its ID together with the app's.
func nameOf(v reflect.Value, i int) string {
	if w, ok := v.Interface().(*hook.Webhook); ok {
		return w.Name
	}
	id, app := v.FieldByName("ID"), v.FieldByName("App")
	switch {
	case v.Kind() != reflect.Struct:
	case v.FieldByName("Name").IsValid() && !app.IsValid():
		return v.FieldByName("Name").String()
	case id.IsValid() && app.IsValid() && app.String() != "":
		return app.String() + "." + id.String()
	case id.IsValid():
		return id.String()
	}
	return fmt.Sprint(i)
}
