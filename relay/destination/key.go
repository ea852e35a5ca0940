package destination

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// PrivateKey reads an RSA key in PEM, PKCS #8 or PKCS #1. Environment variables often hold the line ends of such a text as
// "\n" spelled out, which counts as well. The error says what to do and quotes nothing of the text.
func PrivateKey(text string) (*rsa.PrivateKey, error) {
	text = strings.ReplaceAll(text, `\n`, "\n")
	if strings.Contains(text, "ENCRYPTED") {
		return nil, errors.New(`it is encrypted; take the passphrase off with "openssl pkcs8 -in key.p8 -out plain.p8"`)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(text))
	switch {
	case errors.Is(err, jwt.ErrKeyMustBePEMEncoded):
		return nil, errors.New(`it is no PEM; it starts with "-----BEGIN PRIVATE KEY-----"`)
	case err != nil:
		return nil, errors.New("it is no RSA key in PKCS #8 or PKCS #1")
	case key.N.BitLen() < 2048:
		return nil, errors.New("it is shorter than 2048 bits; make a longer one")
	}
	return key, nil
}

// ServiceAccount is the key file of a Google service account, as far as it is needed to get tokens.
type ServiceAccount struct {
	Type         string `json:"type"`
	ProjectID    string `json:"project_id"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	ClientEmail  string `json:"client_email"`
	TokenURI     string `json:"token_uri"`
}

// ReadServiceAccount reads such a file's text and checks that tokens can be had with it. The error says what to do and
// quotes nothing of the text.
func ReadServiceAccount(text string) (*ServiceAccount, error) {
	const from = `; it is the text of the JSON file that "Manage keys" of a service account gives you, such as "${BIGQUERY_KEY}"`
	var key ServiceAccount
	if err := json.Unmarshal([]byte(text), &key); err != nil {
		return nil, fmt.Errorf("is no JSON%s", from)
	}
	if key.Type != "service_account" || key.ClientEmail == "" {
		return nil, fmt.Errorf("is not the key of a service account%s", from)
	}
	if _, err := PrivateKey(key.PrivateKey); err != nil {
		return nil, fmt.Errorf("has a private_key that cannot be used: %w", err)
	}
	if key.TokenURI == "" {
		key.TokenURI = "https://oauth2.googleapis.com/token"
	}
	at, err := url.Parse(key.TokenURI)
	if err != nil || at.Host == "" || at.Scheme != "https" && (at.Scheme != "http" || !loopback(at.Hostname())) {
		return nil, errors.New("has a token_uri that is no https URL")
	}
	return &key, nil
}

// loopback says that a host is this machine, where nobody else reads what is sent.
func loopback(host string) bool {
	at, err := netip.ParseAddr(host)
	return err == nil && at.IsLoopback()
}

// plainName says that text is a name that needs no quotes in SQL: ASCII letters, digits and what more allows.
func plainName(text, more string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(more, r)
	})
}
