package journal

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"edgerelay/relay/discreet"
)

// masked stands for a header's value that is not shown.
const masked = "(not shown)"

// maskNames remembers which names are secret's, because the same few come again and again. Not safe concurrently.
type maskNames map[string]bool

// maskNamesMax bounds it: receivers may answer with any names.
const maskNamesMax = 4096

func (m maskNames) secret(name string) bool {
	known, found := m[name]
	if !found {
		if len(m) >= maskNamesMax {
			clear(m)
		}
		known = discreet.Name(name)
		m[strings.Clone(name)] = known
	}
	return known
}

// scrubMin is the shortest secret that is looked for in a reply, in bytes: shorter ones stand in any text.
const scrubMin = 8

// secretsOf are the values that must not be seen in the reply either: some receivers answer with what they were sent.
// Of "Bearer abc" the second word counts by itself, and those that are known count everywhere. The longest comes first, as one may be part of another.
func (m maskNames) secretsOf(a *Attempt) (values []string) {
	for i := range a.Request {
		if h := &a.Request[i]; len(h.Value) >= scrubMin && m.secret(h.Name) {
			values = append(values, h.Value)
			if _, word, ok := strings.Cut(h.Value, " "); ok && len(word) >= scrubMin {
				values = append(values, word)
			}
		}
	}
	if len(values) == 0 {
		return a.Secrets
	}
	values = append(values, a.Secrets...)
	slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return values
}

// scrub masks secrets in a text. Without one it is the text itself.
func scrub(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, masked)
	}
	return text
}

// cutBody is what is kept of a reply's body: the first BodyMax bytes of it once the secrets are masked, and no half
// character at the end. truncated says that there was more. It may alias body.
func cutBody(body []byte, secrets []string) (kept []byte, truncated bool) {
	longest := 0
	if len(secrets) > 0 {
		longest = len(secrets[0])
	}
	kept = body[:min(len(body), BodyMax+longest)]
	truncated = len(kept) < len(body)
	for _, s := range secrets {
		if bytes.Contains(kept, []byte(s)) {
			kept = bytes.ReplaceAll(kept, []byte(s), []byte(masked))
		}
	}
	if truncated {
		kept = kept[:max(len(kept)-longest, 0)] // the last bytes may be the beginning of a secret
	}
	if len(kept) > BodyMax {
		kept, truncated = kept[:BodyMax], true
	}
	if truncated {
		kept = wholeRunes(kept)
	}
	return kept, truncated
}

// wholeRunes leaves out a character at the end of which only the beginning is there.
func wholeRunes(b []byte) []byte {
	for i := len(b) - 1; i >= max(len(b)-utf8.UTFMax, 0); i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			return b
		}
	}
	return b
}
