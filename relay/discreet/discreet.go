// Package discreet knows by its name whether a value lets somebody in: a header's, a parameter's, a setting's. What is shown
// of a webhook and what is kept of its attempts hide such values, both by this one list.
//
// It knows names only, nothing of values. Its function is pure and safe for concurrent use.
package discreet

import (
	"slices"
	"strings"
)

var (
	// parts tell wherever they stand in a name: accessKeyId, X-Authentication, smtppass.
	parts = []string{"auth", "bearer", "cookie", "credential", "jwt", "key", "pass", "private", "pwd", "secret", "session", "token"}

	// harmless are words that hold one of them by accident.
	harmless = []string{"author", "authority", "authors", "bypass", "compass", "keyboard", "keyboards", "passed", "passenger", "passengers", "passthrough"}

	// plain are whole names that are no way in: the last two say what is asked for, not with what it is answered.
	plain = []string{"idempotency-key", "www-authenticate", "proxy-authenticate"}
)

// Name says whether what goes by a name is a secret, as far as the name tells; upper and lower case are the same. Signatures
// are none: they are the hash of a body, no way in.
func Name(name string) bool {
	name = strings.ToLower(name)
	if slices.Contains(plain, name) || strings.HasPrefix(name, "access-control-") {
		return false
	}
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if !slices.Contains(harmless, word) && slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(word, part) }) {
			return true
		}
	}
	return false
}
