package sign

import (
	"fmt"
	"slices"
	"strings"
)

// Scheme is one way of putting a signature into headers. Zero is no scheme.
type Scheme uint8

const (
	// Pendo is seed 000's X-Pendo-Signature with the prefix that seed 001's verification example expects:
	// "sha256=" and the HMAC-SHA256 of the body in lower-case hex.
	Pendo Scheme = 1 + iota
	// PendoBare is Pendo without the prefix.
	PendoBare
	// Standard is Standard Webhooks 1.0.0: webhook-id, webhook-timestamp and webhook-signature.
	Standard
	// GitHub is Pendo's form in X-Hub-Signature-256.
	GitHub
	// Userpilot is seed 003's vendor: X-Signature: t=<seconds>,v1=<hex> over body, a dot, and the seconds.
	Userpilot
)

// The headers, spelled as their documents spell them.
const (
	headerPendo     = "X-Pendo-Signature"
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerStandard  = "webhook-signature"
	headerGitHub    = "X-Hub-Signature-256"
	headerUserpilot = "X-Signature"
)

// schemeNames has the configured name of each scheme at its number.
var schemeNames = [...]string{
	Pendo:     "pendo",
	PendoBare: "pendo-bare",
	Standard:  "standard",
	GitHub:    "github",
	Userpilot: "userpilot",
}

// String is the name that a configuration gives the scheme, "" for what is no scheme.
func (s Scheme) String() string {
	if int(s) >= len(schemeNames) {
		return ""
	}
	return schemeNames[s]
}

// Names are the names of all schemes in the order of their numbers. The slice is the caller's.
func Names() []string { return slices.Clone(schemeNames[Pendo:]) }

// ParseScheme finds the scheme of a name. Letters count as they are. The error lists the names that there are.
func ParseScheme(name string) (Scheme, error) {
	for i, known := range schemeNames {
		if known == name && known != "" {
			return Scheme(i), nil
		}
	}
	return 0, fmt.Errorf("unknown signature %q: use one of %s", name, strings.Join(schemeNames[Pendo:], ", "))
}

// header is the header that holds s's signature. Two schemes of one header cannot be used at once.
func (s Scheme) header() string {
	switch s {
	case Pendo, PendoBare:
		return headerPendo
	case Standard:
		return headerStandard
	case GitHub:
		return headerGitHub
	case Userpilot:
		return headerUserpilot
	}
	return ""
}
