package sink

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/sign"
)

// The states of a signature, as they are printed.
const (
	stateOK        = "ok"
	stateBad       = "BAD"
	stateNone      = "none"
	stateUnchecked = "unchecked" // there is one, but no secret to check it with
)

// check is what was found out about one signature.
type check struct {
	state  string
	scheme sign.Scheme // with stateOK
	err    error       // why it is not ok; nil when nothing was checked
}

// checker checks signatures; one goroutine at a time.
type checker struct {
	secrets []string
	signers []*sign.Signer // of the bare digits, one for each secret
}

func newChecker(secrets []string) (*checker, error) {
	c := &checker{secrets: secrets}
	for _, secret := range secrets {
		signer, err := sign.New([]sign.Scheme{sign.PendoBare}, secret, "")
		if err != nil {
			return nil, err
		}
		c.signers = append(c.signers, signer)
	}
	return c, nil
}

// The headers that hold signatures: the first two hex digits of the body's alone, the others more.
const (
	headerPendo     = "X-Pendo-Signature"
	headerGitHub    = "X-Hub-Signature-256"
	headerStandard  = "Webhook-Signature"
	headerUserpilot = "X-Signature"
)

func (c *checker) check(r *fasthttp.Request, now time.Time) check {
	has := func(name string) bool { return len(r.Header.Peek(name)) > 0 }
	plain := has(headerPendo) != has(headerGitHub)
	other := has(headerStandard) || has(headerUserpilot)
	switch {
	case len(c.secrets) == 0 && (plain || other || has(headerPendo)):
		return check{state: stateUnchecked}
	case len(c.secrets) == 0:
		return check{state: stateNone}
	case plain && !other:
		if scheme := c.quick(r); scheme != 0 {
			return check{state: stateOK, scheme: scheme}
		}
	}
	get := func(name string) string { return string(r.Header.Peek(name)) }
	scheme, err := sign.Verify(get, r.Body(), c.secrets, now)
	switch {
	case err == nil:
		return check{state: stateOK, scheme: scheme}
	case errors.Is(err, sign.ErrUnsigned):
		return check{state: stateNone, err: err}
	}
	return check{state: stateBad, err: err}
}

// quick recognises what a relay sends by default, one header with the hex digits of the body under one of the secrets, in
// a third of the time and without allocating. 0 means that sign.Verify has to look.
func (c *checker) quick(r *fasthttp.Request) sign.Scheme {
	scheme, value := sign.Pendo, r.Header.Peek(headerPendo)
	if len(value) == 0 {
		scheme, value = sign.GitHub, r.Header.Peek(headerGitHub)
	}
	digits, prefixed := bytes.CutPrefix(value, []byte("sha256="))
	if !prefixed && scheme == sign.Pendo {
		scheme = sign.PendoBare
	}
	for _, signer := range c.signers {
		if subtle.ConstantTimeCompare(digits, signer.Sign(nil, time.Time{}, r.Body())[0].Value) == 1 {
			return scheme
		}
	}
	return 0
}
