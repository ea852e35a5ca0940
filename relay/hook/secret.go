package hook

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"edgerelay/relay/destination"
	"edgerelay/relay/discreet"
	"edgerelay/relay/event"
)

// secretMin is the shortest secret that is looked for in texts, in bytes: shorter ones stand in any text.
const secretMin = 8

// Secrets are the texts that nobody may see of a webhook, the longest first, as one may be part of another: what its user
// set and is masked in View, and what requests make of that: in headers, in URLs, in JSON, in base64. They are worked out
// anew by each call, and the slice is the caller's.
func (w *Webhook) Secrets() []string {
	var b bag
	of := reflect.ValueOf(w.Spec)
	for _, name := range secret {
		b.add(of.Field(fields()[name]).String())
	}
	for name, value := range w.Settings {
		if destination.SecretSetting(name) {
			b.add(value)
		}
	}
	for name, value := range w.Spec.Headers {
		b.addHeader(name, value)
	}
	b.addURL(w.URL, w.Type)
	if w.Plan != nil {
		for _, h := range w.Plan.Header {
			b.addHeader(h.Name, h.Value)
		}
		if w.Plan.URL != nil {
			b.addURL(w.Plan.URL.String(), w.Type)
		}
	}
	slices.SortFunc(b.texts, func(a, c string) int { return cmp.Or(cmp.Compare(len(c), len(a)), cmp.Compare(a, c)) })
	return slices.Compact(b.texts)
}

// Scrub masks secrets in a text. Without one it is the text itself.
func Scrub(text []byte, secrets []string) []byte {
	for _, s := range secrets {
		if bytes.Contains(text, []byte(s)) {
			text = bytes.ReplaceAll(text, []byte(s), []byte(masked))
		}
	}
	return text
}

// cutMin is the shortest text, in bytes, that may have been cut: reasons are, at 300.
const cutMin = 250

// ScrubText is Scrub of a string. Of a text that may have been cut it masks a secret's beginning at the end, too.
func ScrubText(text string, secrets []string) string {
	cut := len(text) >= cutMin
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, masked)
	}
	for _, s := range secrets {
		for n := min(len(s)-1, len(text)); cut && n >= secretMin; n-- {
			if strings.HasSuffix(text, s[:n]) {
				return text[:len(text)-n] + masked
			}
		}
	}
	return text
}

// bag gathers secrets in all forms in which they may be seen.
type bag struct{ texts []string }

func (b *bag) put(texts ...string) {
	for _, text := range texts {
		if len(text) >= secretMin {
			b.texts = append(b.texts, text)
		}
	}
}

// add puts a secret in, as it is and as others write it.
func (b *bag) add(s string) {
	if len(s) < secretMin {
		return
	}
	html, _ := json.Marshal(s) // a text always is JSON
	b.put(s, url.QueryEscape(s), url.PathEscape(s), unquoted(event.AppendString(nil, []byte(s))), unquoted(html))
	for _, form := range []string{s, s + ":", ":" + s} {
		b.put(base64.RawStdEncoding.EncodeToString([]byte(form)), base64.RawURLEncoding.EncodeToString([]byte(form)))
	}
	b.addParts(s)
}

func unquoted(literal []byte) string { return string(literal[1 : len(literal)-1]) }

// addParts puts in the lines of a key in PEM, and the telling members of a key in JSON: an error may show some of it.
func (b *bag) addParts(s string) {
	var members map[string]any
	if json.Unmarshal([]byte(s), &members) == nil {
		for name, value := range members {
			if text, ok := value.(string); ok && discreet.Name(name) {
				b.add(text)
			}
		}
		return
	}
	if !strings.Contains(s, "\n") {
		return
	}
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			b.put(line)
		}
	}
}

// addHeader puts in what a header proves who sends with. Of "Bearer abc" the second word counts by itself, and of Basic the
// password too.
func (b *bag) addHeader(name, value string) {
	if !discreet.Name(name) {
		return
	}
	b.add(value)
	scheme, word, _ := strings.Cut(value, " ")
	b.add(word)
	if strings.EqualFold(scheme, "basic") {
		pair, _ := base64.StdEncoding.DecodeString(word) // what cannot be read has no password
		_, password, _ := strings.Cut(string(pair), ":")
		b.add(password)
	}
}

// addURL puts in those values of a query that prove who asks, and all but the host when the URL as a whole is a key.
func (b *bag) addURL(text, kind string) {
	text, _, _ = cutOutside(text, '#')
	_, members := queryOf(text)
	for _, m := range members {
		if name, value, _ := strings.Cut(m, "="); tellingMember(name) {
			b.put(value)
			if plain, err := url.QueryUnescape(value); err == nil {
				b.add(plain)
			}
		}
	}
	u, err := url.Parse(text)
	if err != nil || text == "" || !secretURL(kind) {
		return
	}
	b.put(text, u.RequestURI(), u.Path)
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		if strings.ContainsFunc(part, func(r rune) bool { return r < 'a' || r > 'z' }) { // words such as "services" are no secret
			b.put(part)
		}
	}
}
