package hook

import (
	"encoding/json"
	"net/url"
	"strings"

	"edgerelay/relay/destination"
	"edgerelay/relay/discreet"
)

// Place says to people where a webhook's deliveries go: a URL with what is secret in it masked, or "s3://bucket/prefix".
func (w *Webhook) Place() string {
	switch {
	case w.Plan != nil && w.Plan.Place != "":
		return w.Plan.Place
	case w.Plan != nil && w.Plan.Template != nil:
		return MaskURL(w.URL, w.Type) // with its places as they are written
	case w.Target == nil || w.Target.Host == "":
		return ""
	}
	return MaskURL(w.Target.String(), w.Type)
}

// MaskURL is the URL of a webhook of this type as it may be seen. Masked are the values of those query members that prove
// who asks, as their names tell, and all but the host where the type's URLs are keys as a whole.
func MaskURL(text, kind string) string {
	if secretURL(kind) {
		return maskAddress(text)
	}
	return maskQuery(text)
}

// secretURL says whether the URLs of a type are keys.
func secretURL(kind string) bool {
	t, known := destination.ByName(kind)
	return known && t.AddressSecret
}

// maskAddress is a URL, or the path that a request names, with all masked that comes behind its host.
func maskAddress(text string) string {
	host := 0
	if i := strings.Index(text, "://"); i >= 0 {
		host = i + len("://")
	}
	path := strings.IndexAny(text[host:], "/?#")
	if path < 0 || text[host+path:] == "/" {
		return text
	}
	return text[:host+path] + "/" + masked
}

func maskQuery(text string) string {
	base, members := queryOf(text)
	if len(members) == 0 {
		return text
	}
	for i, m := range members {
		if name, value, _ := strings.Cut(m, "="); value != "" && tellingMember(name) {
			members[i] = name + "=" + masked
		}
	}
	return base + "?" + strings.Join(members, "&")
}

// queryOf takes the members of its query off a URL; there are none without a "?". What stands in the places of a template
// divides nothing.
func queryOf(text string) (base string, members []string) {
	base, query, found := cutOutside(text, '?')
	for found {
		var m string
		m, query, found = cutOutside(query, '&')
		members = append(members, m)
	}
	return base, members
}

// cutOutside is strings.Cut at a byte that does not stand in a place of a template, {{ … }}.
func cutOutside(text string, at byte) (before, after string, found bool) {
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], "{{") {
			if end := strings.Index(text[i:], "}}"); end >= 0 {
				i += end + 1
				continue
			}
		}
		if text[i] == at {
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

func tellingMember(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	return discreet.Name(name) || strings.EqualFold(name, "sig")
}

// sameURL says that a URL is the one of before as it was shown.
func sameURL(value, before json.RawMessage) bool {
	var now, then string
	return json.Unmarshal(value, &now) == nil && json.Unmarshal(before, &then) == nil && then != "" &&
		(now == maskQuery(then) || now == maskAddress(then))
}
