package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrUnsigned is Verify's answer to a request that has none of the signature headers: nothing was wrong with a
// signature, there is none. The sender has no secret set, uses another signature, or something between dropped the header.
var ErrUnsigned = errors.New("no signature header (" + headerPendo + ", " + headerStandard + ", " + headerGitHub + " or " +
	headerUserpilot + "): set the webhook's secret and signature")

// tolerance is how far standard's timestamp may be from the receiver's clock, either way, as in the published libraries.
const tolerance = 5 * time.Minute

// secondsBits bounds a timestamp: until the year 36812 is time enough, and nothing overflows.
const secondsBits = 40

// delivery is what Verify was given.
type delivery struct {
	get     func(name string) string
	body    []byte
	secrets []string
	now     time.Time
}

// Verify checks the signature of a received body: the receiving side of Sign. get returns a header's value, "" when it is
// not there, and must not care about the case of the name's letters. secrets are those that may have signed: the current
// one and, during a rotation, the previous one; empty ones count for nothing. now is the receiver's clock, for standard.
//
// Every signature header that is there must fit; the scheme of the first is returned, as are ErrUnsigned when there is none,
// else an error that names the header and what did not fit. Signatures are compared in constant time. Only standard
// covers the time of sending: the others can be sent again by whoever saw them, so receivers look at uniqueId.
func Verify(get func(name string) string, body []byte, secrets []string, now time.Time) (Scheme, error) {
	d := delivery{get, body, slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return s == "" }), now}
	var first Scheme
	for _, check := range []func() (Scheme, error){d.pendo, d.standard, d.github, d.userpilot} {
		scheme, err := check()
		if err != nil {
			return 0, fmt.Errorf("verify %s: %w", scheme.header(), err)
		}
		if first == 0 {
			first = scheme
		}
	}
	if first == 0 {
		return 0, ErrUnsigned
	}
	return first, nil
}

// pendo accepts hex with and without the prefix, and base64: Pendo documents the hash (seed 000), a third party the
// prefix (seed 001), and nobody the rest.
func (d *delivery) pendo() (Scheme, error) {
	value := d.get(headerPendo)
	if value == "" {
		return 0, nil
	}
	scheme := PendoBare
	text, prefixed := strings.CutPrefix(value, hexPrefix)
	if prefixed {
		scheme = Pendo
	}
	mac, ok := decodeHex(text)
	if !ok && !prefixed {
		mac, ok = decodeBase64(text)
	}
	if !ok {
		return scheme, fmt.Errorf("%s is no HMAC-SHA256: want %s and 64 hex digits, or the digits alone", quote(value), hexPrefix)
	}
	return scheme, d.matchSecrets(mac, nil)
}

func (d *delivery) github() (Scheme, error) {
	value := d.get(headerGitHub)
	if value == "" {
		return 0, nil
	}
	mac, ok := decodeHex(strings.TrimPrefix(value, hexPrefix))
	if !ok {
		return GitHub, fmt.Errorf("%s is no HMAC-SHA256: want %s and 64 hex digits", quote(value), hexPrefix)
	}
	return GitHub, d.matchSecrets(mac, nil)
}

// userpilot accepts "t=…,v1=…" in either order, and takes the body's own timestamp where t is left out. t must be digits:
// a dot in it would let a stranger move the end of the body into it, and the signature would still fit.
func (d *delivery) userpilot() (Scheme, error) {
	value := d.get(headerUserpilot)
	if value == "" {
		return 0, nil
	}
	var seconds, signature string
	for part := range strings.SplitSeq(value, ",") {
		switch name, text, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			seconds = text
		case "v1":
			signature = text
		}
	}
	if seconds == "" {
		seconds = string(bodyTimestamp(d.body))
	}
	mac, ok := decodeHex(signature)
	if !ok || len(leadingDigits([]byte(seconds))) != len(seconds) || seconds == "" {
		return Userpilot, fmt.Errorf("%s is not t=<seconds>,v1=<64 hex digits>", quote(value))
	}
	return Userpilot, d.matchSecrets(mac, []byte("."+seconds))
}

// matchSecrets says whether mac is that of the body and what follows it under one of the secrets.
func (d *delivery) matchSecrets(mac, suffix []byte) error {
	for _, secret := range d.secrets {
		h := newMAC([]byte(secret))
		h.Write(d.body)
		h.Write(suffix)
		if hmac.Equal(mac, h.Sum(nil)) {
			return nil
		}
	}
	return d.mismatch()
}

func (d *delivery) standard() (Scheme, error) {
	value := d.get(headerStandard)
	if value == "" {
		return 0, nil
	}
	id, timestamp := d.get(headerID), d.get(headerTimestamp)
	if id == "" || strings.Contains(id, ".") {
		return Standard, fmt.Errorf("%s %s beside it is missing or has a dot, which parts what is signed", headerID, quote(id))
	}
	seconds, err := strconv.ParseUint(timestamp, 10, secondsBits)
	if err != nil {
		return Standard, fmt.Errorf("%s %s beside it is no time in whole seconds", headerTimestamp, quote(timestamp))
	}
	var macs [][]byte
	for part := range strings.FieldsSeq(value) {
		if text, v1 := strings.CutPrefix(part, "v1,"); v1 {
			if mac, ok := decodeBase64(text); ok {
				macs = append(macs, mac)
			}
		}
	}
	if len(macs) == 0 {
		return Standard, fmt.Errorf("%s has no v1,<base64 of 32 bytes>", quote(value))
	}
	if err := d.matchStandard(macs, []byte(id+"."+timestamp+".")); err != nil {
		return Standard, err
	}
	return Standard, d.checkTime(time.Unix(int64(seconds), 0))
}

// matchStandard says whether one of macs is that of prefix and the body under one of the secrets.
func (d *delivery) matchStandard(macs [][]byte, prefix []byte) error {
	for _, secret := range d.secrets {
		key, err := standardKey(secret)
		if err != nil {
			return err
		}
		h := newMAC(key)
		h.Write(prefix)
		h.Write(d.body)
		want := h.Sum(nil)
		for _, mac := range macs {
			if hmac.Equal(mac, want) {
				return nil
			}
		}
	}
	return d.mismatch()
}

// checkTime refuses what was signed too long ago or too far ahead. It comes after the signature, so that what it says of
// the time is the sender's word.
func (d *delivery) checkTime(signed time.Time) error {
	switch age := d.now.Sub(signed); {
	case age > tolerance:
		return fmt.Errorf("it fits, but %s is %s ago, more than %s: it was sent before, or a clock is wrong",
			headerTimestamp, age.Round(time.Second), tolerance)
	case age < -tolerance:
		return fmt.Errorf("it fits, but %s is %s ahead, more than %s: compare the clocks of sender and receiver",
			headerTimestamp, age.Abs().Round(time.Second), tolerance)
	}
	return nil
}

// mismatch is what to say when a well-formed signature is not that of the body.
func (d *delivery) mismatch() error {
	switch len(d.secrets) {
	case 0:
		return errors.New("there is no secret to check it with: give the webhook's")
	case 1:
		return errors.New("it does not fit the body and the secret: compare the secret with the webhook's, " +
			"and make sure that nothing on the way changes the body")
	}
	return fmt.Errorf("it does not fit the body and any of the %d secrets: compare them with the webhook's, "+
		"and make sure that nothing on the way changes the body", len(d.secrets))
}

// decodeHex is the MAC that 64 hex digits of either case print.
func decodeHex(text string) (mac []byte, ok bool) {
	mac, err := hex.DecodeString(text)
	return mac, err == nil && len(mac) == sha256.Size
}

// decodeBase64 is the MAC that base64 text prints.
func decodeBase64(text string) (mac []byte, ok bool) {
	mac, err := base64.StdEncoding.DecodeString(text)
	return mac, err == nil && len(mac) == sha256.Size
}

// quoteMax is how much of a foreign header goes into an error.
const quoteMax = 100

func quote(value string) string {
	if len(value) > quoteMax {
		return strconv.Quote(value[:quoteMax]) + "…"
	}
	return strconv.Quote(value)
}
