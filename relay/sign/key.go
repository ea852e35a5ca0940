package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// standardPrefix marks a Standard Webhooks secret whose rest is base64 of the key's bytes.
const standardPrefix = "whsec_"

// errEmptySecret refuses the key that everybody knows.
var errEmptySecret = errors.New("the secret is empty: set one, or no signature")

// newMAC is HMAC-SHA256 under key, already Reset once: the first Reset allocates (it keeps the state behind the key),
// the later ones do not.
func newMAC(key []byte) hash.Hash {
	mac := hmac.New(sha256.New, key)
	mac.Reset()
	return mac
}

// standardKey is the key that Standard Webhooks makes of a secret: the bytes behind "whsec_" decoded, any other secret
// as it stands. The error never shows the secret.
func standardKey(secret string) ([]byte, error) {
	text, encoded := strings.CutPrefix(secret, standardPrefix)
	if !encoded {
		return []byte(secret), nil
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("decode the secret behind %q: %w: write base64 there, or leave %q out to use the text itself",
			standardPrefix, err, standardPrefix)
	}
	if len(key) == 0 {
		return nil, errEmptySecret
	}
	return key, nil
}
