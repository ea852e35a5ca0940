package intake

import (
	"bytes"
	"encoding/base64"

	"github.com/valyala/fasthttp"
)

// openKey finds the app of an SDK key.
func (r *request) openKey(key []byte) error {
	r.app = r.server.apps.Load().byKey[string(key)]
	return r.opened(key, "use the key of a configured app, or one of its extra_keys")
}

// openIntegrationKey finds the app of a server's key.
func (r *request) openIntegrationKey() error {
	key := r.ctx.Request.Header.Peek("X-Pendo-Integration-Key")
	r.app = r.server.apps.Load().byIntegrationKey[string(key)]
	return r.opened(key, "send one of an app's integration_keys in the header x-pendo-integration-key")
}

// opened says what is wrong when no app was found. No message shows a key.
func (r *request) opened(key []byte, next string) error {
	switch {
	case r.app != nil:
		return nil
	case len(key) == 0:
		return &refusal{status: fasthttp.StatusForbidden, code: "no_key", message: "there is no key; " + next}
	default:
		return &refusal{status: fasthttp.StatusForbidden, code: "unknown_key", message: "the key is not known; " + next}
	}
}

// basicUser is the user name of Basic authorization, nil without. Clients differ in the colon behind it and in padding.
func (r *request) basicUser() []byte {
	const scheme = "basic "
	h := r.ctx.Request.Header.Peek("Authorization")
	if len(h) <= len(scheme) || !bytes.EqualFold(h[:len(scheme)], []byte(scheme)) {
		return nil
	}
	coded := bytes.TrimRight(bytes.TrimSpace(h[len(scheme):]), "=")
	start := len(r.text)
	text, err := base64.RawStdEncoding.AppendDecode(r.text, coded)
	if err != nil {
		return nil
	}
	r.text = text
	user, _, _ := bytes.Cut(text[start:], []byte(":"))
	return user
}
