package destination

import (
	"encoding/base64"
	"strings"
)

// basic is the value of Authorization for a user and a password (RFC 7617).
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// tokenOf is the Authorization of APIs that take a person's API token by the person's mail address, with suffix behind it,
// and OAuth tokens as they are.
func tokenOf(s *Settings, suffix string, fault func(field, text string, args ...any)) string {
	email := s.Of("email")
	if email == "" {
		return "Bearer " + s.AccessToken
	}
	if strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r == ':' || r == 0x7f }) || !strings.Contains(email, "@") {
		fault("settings.email", "%q is no mail address; it is that of the person whose API token it is", email)
	}
	return basic(email+suffix, s.AccessToken)
}
