package hook

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"edgerelay/relay/destination"
	"edgerelay/relay/discreet"
)

// Document is a webhook as the admin API takes it: the settings that its user made, by their names in the config file.
// What it does not name is inherited. It holds secrets.
type Document map[string]json.RawMessage

// ParseDocument reads a JSON object. Names and values are checked when it is applied.
func ParseDocument(text []byte) (Document, error) {
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("read webhook: %w", jsonError(err))
	}
	if d == nil {
		return nil, errors.New("read webhook: it is not a JSON object")
	}
	return d, nil
}

// jsonError says what is wrong without the names of Go's types.
func jsonError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("it is a JSON %s, not an object", wrong.Value)
	}
	return err
}

// masked stands for a value that is kept and not shown. Sent back, it leaves the value as it is.
const masked = "••••"

// ofType are the settings that go with a webhook's type: those of one vendor mean nothing to another.
var ofType = []string{"settings", "write_key", "access_token", "region"}

// Merge is d changed as a JSON merge patch says (RFC 7396): a member that is null is inherited again, and so is one of
// settings. Of headers, the object as a whole is replaced, except that a masked value stays. With the type goes what belongs
// to it, and a URL that is a key, which would come out as that of another type.
//
// Keys do not follow a URL to another host: whoever may edit a webhook could else have them sent to a server of their own,
// and read what is never shown. They must be given again.
func (d Document) Merge(patch Document) Document {
	if d.moves(patch) {
		d = d.withoutKeys()
	}
	merged := maps.Clone(d)
	if merged == nil {
		merged = Document{}
	}
	if was, is := d.kind(), patch.kind(); patch["type"] != nil && was != is {
		for _, name := range ofType {
			delete(merged, name)
		}
		if secretURL(was) && !secretURL(is) && (patch["url"] == nil || sameURL(patch["url"], d["url"])) {
			delete(merged, "url")
			patch = maps.Clone(patch)
			delete(patch, "url")
		}
	}
	for name, value := range patch {
		switch {
		case string(value) == "null":
			delete(merged, name)
		case string(value) == `"`+masked+`"` && merged[name] != nil:
		case name == "headers":
			merged[name] = unmask(value, d[name])
		case name == "settings":
			merged[name] = mergePairs(merged[name], value)
		case name == "url" && sameURL(value, d[name]):
		default:
			merged[name] = value
		}
	}
	return merged
}

// moves says that a patch has the webhook lead to another host.
func (d Document) moves(patch Document) bool {
	if patch["url"] == nil || sameURL(patch["url"], d["url"]) {
		return false
	}
	host := func(text json.RawMessage) string {
		var address string
		_ = json.Unmarshal(text, &address) // what is no text is refused when it is applied
		scheme, rest, _ := strings.Cut(address, "://")
		name, _, _ := strings.Cut(rest, "/")
		name, _, _ = strings.Cut(name, "?")
		return strings.ToLower(scheme + "://" + name)
	}
	is := host(patch["url"])
	return is != host(nil) && is != host(d["url"])
}

// withoutKeys is the document with masks in place of what proves who sends. A secret that signs is no such key: it is not
// sent itself.
func (d Document) withoutKeys() Document {
	hidden := maps.Clone(d)
	mask, _ := json.Marshal(masked)
	for _, name := range []string{"write_key", "access_token"} {
		if value := d[name]; value != nil && string(value) != `""` {
			hidden[name] = mask
		}
	}
	for field, secret := range map[string]func(name string) bool{"headers": discreet.Name, "settings": destination.SecretSetting} {
		var pairs map[string]string
		if json.Unmarshal(d[field], &pairs) != nil {
			continue
		}
		for name, value := range pairs {
			if value != "" && secret(name) {
				pairs[name] = masked
			}
		}
		if text, err := json.Marshal(pairs); err == nil {
			hidden[field] = text
		}
	}
	return hidden
}

// kind is the document's type.
func (d Document) kind() string {
	kind := "url"
	_ = json.Unmarshal(d["type"], &kind) // what is no text is refused when the document is applied
	return kind
}

// mergePairs is an object of texts changed as a merge patch says. A masked value stays.
func mergePairs(before, patch json.RawMessage) json.RawMessage {
	var all map[string]json.RawMessage
	var changes map[string]json.RawMessage
	if json.Unmarshal(patch, &changes) != nil {
		return patch // it is refused when it is applied
	}
	_ = json.Unmarshal(before, &all) // without one before, all of it is new
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	for name, value := range changes {
		switch {
		case string(value) == "null":
			delete(all, name)
		case string(value) == `"`+masked+`"` && all[name] != nil:
		default:
			all[name] = value
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return patch
	}
	return text
}

func unmask(headers, before json.RawMessage) json.RawMessage {
	var now, then map[string]string
	if json.Unmarshal(headers, &now) != nil || json.Unmarshal(before, &then) != nil {
		return headers
	}
	for name, value := range now {
		if kept, found := then[name]; found && value == masked {
			now[name] = kept
		}
	}
	text, err := json.Marshal(now)
	if err != nil {
		return headers
	}
	return text
}
