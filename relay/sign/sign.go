// Package sign makes and checks the signatures of webhook deliveries: Pendo's, Standard Webhooks', GitHub's, Userpilot's.
//
// It knows secrets, bodies and headers as bytes. It knows no HTTP client, no event and no configuration, and imports
// nothing of the project. A Signer belongs to one goroutine; Verify and everything else is safe concurrently.
//
//	signer, err := sign.New([]sign.Scheme{sign.Pendo, sign.Standard}, secret, previous)
//	for _, h := range signer.Sign(id, time.Now(), body) { … set h.Name to h.Value … }
//
// What is signed, under HMAC-SHA256, is the body exactly as it is sent:
//
//	pendo       X-Pendo-Signature: sha256=<hex>               over body                 seeds 000, 001
//	pendo-bare  X-Pendo-Signature: <hex>                      over body
//	github      X-Hub-Signature-256: sha256=<hex>             over body                 GitHub's documentation
//	standard    webhook-signature: v1,<base64>                over id "." seconds "." body
//	userpilot   X-Signature: t=<seconds>,v1=<hex>             over body "." seconds     seed 003's vendor
//
// Only standard has room for two signatures, so only there a previous secret signs beside the new one. With the other
// schemes the receiver has to accept both secrets for as long as a rotation takes; Verify does.
package sign

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"time"
)

// hexPrefix names the hash in front of the hex digits, as GitHub does.
const hexPrefix = "sha256="

// valuesMax is room for the values of all schemes at once with an id of up to 100 bytes; longer ones make it grow once.
const valuesMax = 512

// Header is one header to send. The value is the Signer's.
type Header struct {
	Name  string
	Value []byte
}

// Signer signs bodies with one webhook's secrets. It owns the state of its hashes and the bytes it returns: use one per
// goroutine. Sign allocates nothing.
type Signer struct {
	schemes  []Scheme
	body     hash.Hash   // under the secret's own bytes; nil when only standard is used
	standard []hash.Hash // under standard's keys: the secret's, then the previous one's

	headers []Header
	values  []byte            // what headers point into
	scratch []byte            // what is hashed or printed beside the body
	digest  [sha256.Size]byte // of the body alone
	sum     [sha256.Size]byte // of anything else
}

// New is a Signer for schemes under secret. previous is the secret before it, "" when there is none. It refuses an empty
// secret, a "whsec_" secret of standard that is not base64, no scheme at all, and two schemes that write one header.
func New(schemes []Scheme, secret, previous string) (*Signer, error) {
	if err := checkSchemes(schemes); err != nil {
		return nil, err
	}
	if secret == "" {
		return nil, errEmptySecret
	}
	s := &Signer{
		schemes: slices.Clone(schemes),
		headers: make([]Header, 0, len(schemes)+2), // standard has three
		values:  make([]byte, 0, valuesMax),
	}
	if slices.ContainsFunc(schemes, func(scheme Scheme) bool { return scheme != Standard }) {
		s.body = newMAC([]byte(secret))
	}
	if slices.Contains(schemes, Standard) {
		for _, text := range []string{secret, previous} {
			if text == "" {
				continue
			}
			key, err := standardKey(text)
			if err != nil {
				return nil, err
			}
			s.standard = append(s.standard, newMAC(key))
		}
	}
	return s, nil
}

// checkSchemes says what is wrong with a choice of schemes.
func checkSchemes(schemes []Scheme) error {
	if len(schemes) == 0 {
		return errors.New("no signature is named: name at least one")
	}
	for i, scheme := range schemes {
		if scheme.header() == "" {
			return fmt.Errorf("unknown signature number %d", scheme)
		}
		for _, earlier := range schemes[:i] {
			if earlier.header() == scheme.header() {
				return fmt.Errorf("signatures %q and %q both write %s: name one of them", earlier, scheme, scheme.header())
			}
		}
	}
	return nil
}

// Sign is the headers that sign body, in the order of the schemes. id is the event's uniqueId as 40 hex digits (standard
// forbids a dot in it), at the time of this attempt. Both are used by standard; userpilot takes the time from the
// body's own top-level timestamp (whole seconds) and at only for a body without one. The headers and their values are
// valid until the next Sign.
func (s *Signer) Sign(id []byte, at time.Time, body []byte) []Header {
	s.headers, s.values = s.headers[:0], s.values[:0]
	if s.body != nil {
		s.body.Reset()
		s.body.Write(body)
		s.body.Sum(s.digest[:0])
	}
	for _, scheme := range s.schemes {
		switch scheme {
		case Pendo, GitHub:
			s.add(scheme.header(), hex.AppendEncode(append(s.values, hexPrefix...), s.digest[:]))
		case PendoBare:
			s.add(headerPendo, hex.AppendEncode(s.values, s.digest[:]))
		case Standard:
			s.signStandard(id, at.Unix(), body)
		case Userpilot:
			s.signUserpilot(at.Unix(), body)
		}
	}
	return s.headers
}

// add makes a header of what values grew by.
func (s *Signer) add(name string, values []byte) {
	s.headers = append(s.headers, Header{name, values[len(s.values):len(values):len(values)]})
	s.values = values
}

func (s *Signer) signStandard(id []byte, seconds int64, body []byte) {
	s.add(headerID, append(s.values, id...))
	s.add(headerTimestamp, strconv.AppendInt(s.values, seconds, 10))

	s.scratch = append(s.scratch[:0], id...)
	s.scratch = append(s.scratch, '.')
	s.scratch = strconv.AppendInt(s.scratch, seconds, 10)
	s.scratch = append(s.scratch, '.')
	values := s.values
	for i, mac := range s.standard {
		if i > 0 {
			values = append(values, ' ')
		}
		mac.Reset()
		mac.Write(s.scratch)
		mac.Write(body)
		values = append(values, "v1,"...)
		values = base64.StdEncoding.AppendEncode(values, mac.Sum(s.sum[:0]))
	}
	s.add(headerStandard, values)
}

// signUserpilot writes the rest of its message behind the body that the hash has already seen. No other scheme goes on
// from there: they use digest.
func (s *Signer) signUserpilot(seconds int64, body []byte) {
	s.scratch = append(s.scratch[:0], '.')
	if own := bodyTimestamp(body); own != nil {
		s.scratch = append(s.scratch, own...)
	} else {
		s.scratch = strconv.AppendInt(s.scratch, seconds, 10)
	}
	s.body.Write(s.scratch)
	values := append(s.values, "t="...)
	values = append(values, s.scratch[1:]...)
	values = append(values, ",v1="...)
	s.add(headerUserpilot, hex.AppendEncode(values, s.body.Sum(s.sum[:0])))
}
