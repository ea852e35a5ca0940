package sign

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// received is what a receiver sees of headers: a name in any case finds them.
func received(headers []Header) http.Header {
	h := http.Header{}
	for _, header := range headers {
		h.Set(header.Name, string(header.Value))
	}
	return h
}

// TestVerifySigned: what Sign signs, Verify accepts, under the new secret, the old one, and both.
func TestVerifySigned(t *testing.T) {
	now := time.Unix(1700000000, 0)
	f := func(want Scheme, secret, previous string, schemes ...Scheme) {
		t.Helper()
		s := mustNew(t, secret, previous, schemes...)
		for _, body := range []string{`{"timestamp":12}`, ``, "\x00\xff", strings.Repeat("x", 5000)} {
			get := received(s.Sign([]byte("0123"), now, []byte(body))).Get
			for _, secrets := range [][]string{{secret}, {"other", secret}, {"", secret, "other"}} {
				if got, err := Verify(get, []byte(body), secrets, now); got != want || err != nil {
					t.Errorf("%v, %d secrets: %s, %v; want %s", schemes, len(secrets), got, err, want)
				}
			}
			if _, err := Verify(get, []byte(body), []string{"other"}, now); err == nil {
				t.Errorf("%v: accepted under another secret", schemes)
			}
			if _, err := Verify(get, []byte(body+" "), []string{secret}, now); err == nil {
				t.Errorf("%v: accepted another body", schemes)
			}
		}
	}
	f(Pendo, "secret", "", Pendo)
	f(PendoBare, "secret", "", PendoBare)
	f(GitHub, "secret", "", GitHub)
	f(Userpilot, "secret", "", Userpilot)
	f(Standard, "secret", "", Standard)
	f(Standard, vectorSecret, "secret", Standard)
	f(Pendo, vectorSecret, "secret", Userpilot, GitHub, Standard, Pendo)
	f(Standard, vectorSecret, "secret", Userpilot, Standard)
}

func TestVerifyPublishedVectors(t *testing.T) {
	f := func(want Scheme, secret, body string, seconds int64, pairs ...string) {
		t.Helper()
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		if got, err := Verify(h.Get, []byte(body), []string{secret}, time.Unix(seconds, 0)); got != want || err != nil {
			t.Errorf("%v: %s, %v; want %s", pairs, got, err, want)
		}
	}
	mac, _ := hex.DecodeString(githubSignature)
	f(GitHub, githubSecret, githubBody, 0, "X-Hub-Signature-256", "sha256="+githubSignature)
	f(GitHub, githubSecret, githubBody, 0, "X-Hub-Signature-256", githubSignature)
	f(Pendo, githubSecret, githubBody, 0, "x-pendo-signature", "sha256="+githubSignature)
	f(Pendo, githubSecret, githubBody, 0, "X-Pendo-Signature", "sha256="+strings.ToUpper(githubSignature))
	f(PendoBare, githubSecret, githubBody, 0, "X-Pendo-Signature", githubSignature)
	f(PendoBare, githubSecret, githubBody, 0, "X-Pendo-Signature", base64.StdEncoding.EncodeToString(mac))
	f(Standard, vectorSecret, vectorBody, vectorSeconds,
		"webhook-id", vectorID, "webhook-timestamp", "1614265330", "webhook-signature", vectorSignature)
	for _, v := range nodeVectors(t) {
		f(Pendo, v.Secret, v.Body, 0, "X-Pendo-Signature", v.Signature)
	}
}

func TestVerifyUnsigned(t *testing.T) {
	for _, h := range []http.Header{{}, {"Webhook-Id": {"1"}, "Webhook-Timestamp": {"1"}}, {"X-Hub-Signature": {"sha1=00"}}} {
		scheme, err := Verify(h.Get, []byte("{}"), []string{"secret"}, time.Unix(0, 0))
		if !errors.Is(err, ErrUnsigned) || scheme != 0 {
			t.Errorf("%v: %s, %v; want ErrUnsigned", h, scheme, err)
		}
	}
}

// TestVerifyStandardTime: five minutes either way, both ends included.
func TestVerifyStandardTime(t *testing.T) {
	signed := time.Unix(vectorSeconds, 0)
	get := received(mustNew(t, vectorSecret, "", Standard).Sign([]byte(vectorID), signed, []byte(vectorBody))).Get
	f := func(after time.Duration, want string) {
		t.Helper()
		_, err := Verify(get, []byte(vectorBody), []string{vectorSecret}, signed.Add(after))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s after signing: %v; want %q", after, err, want)
		}
	}
	f(0, "")
	f(5*time.Minute, "")
	f(-5*time.Minute, "")
	f(5*time.Minute+time.Second, "webhook-timestamp is 5m1s ago, more than 5m0s")
	f(-5*time.Minute-time.Second, "webhook-timestamp is 5m1s ahead, more than 5m0s")
	f(200*365*24*time.Hour, "ago")
}

// TestVerifyUserpilot: no tolerance in time, and the body's own time where the header names none.
func TestVerifyUserpilot(t *testing.T) {
	body := `{"price":1.5,"timestamp":1679578625}`
	value := string(mustNew(t, "secret", "", Userpilot).Sign(nil, time.Time{}, []byte(body))[0].Value)
	seconds, signature, _ := strings.Cut(value, ",")
	f := func(body, value, want string) {
		t.Helper()
		get := http.Header{"X-Signature": {value}}.Get
		scheme, err := Verify(get, []byte(body), []string{"secret"}, time.Unix(0, 0))
		if want == "" && (err != nil || scheme != Userpilot) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %s, %v; want %q", value, scheme, err, want)
		}
	}
	f(body, seconds+","+signature, "")
	f(body, signature+", "+seconds, "")
	f(body, signature, "")
	f(body, "t=1679578626,"+signature, "does not fit")
	f(`{}`, signature, "is not t=<seconds>,v1=<64 hex digits>")
	f(body, seconds, "is not t=<seconds>,v1=<64 hex digits>")
	f(body, "d9c26b46ad6c35e1d55cd2e2bcf9519c50781561", "is not t=<seconds>,v1=<64 hex digits>")

	// The same signed bytes, parted at another dot: half of the body moved into t.
	value = string(mustNew(t, "secret", "", Userpilot).Sign(nil, time.Unix(1700000000, 0), []byte(`{"price":1.5}`))[0].Value)
	f(`{"price":1.5}`, value, "")
	f(`{"price":1`, strings.Replace(value, "t=", "t=5}.", 1), "is not t=<seconds>,v1=<64 hex digits>")
}

// TestVerifyFaults: each error names the header and the fault.
func TestVerifyFaults(t *testing.T) {
	good := received(mustNew(t, "secret", "", Pendo, Standard, GitHub, Userpilot).Sign([]byte("id"), time.Unix(0, 0), []byte("{}")))
	f := func(name, value, want string, secrets ...string) {
		t.Helper()
		h := good.Clone()
		h.Set(name, value)
		if value == "" {
			h.Del(name)
		}
		scheme, err := Verify(h.Get, []byte("{}"), secrets, time.Unix(0, 0))
		if scheme != 0 || err == nil || !strings.HasPrefix(err.Error(), "verify "+want) {
			t.Errorf("%s: %q: %s, %v; want an error that begins with verify %s", name, value, scheme, err, want)
		}
		for _, secret := range secrets {
			if err != nil && strings.Contains(err.Error(), secret) && len(secret) > 10 {
				t.Errorf("the error shows a secret: %v", err)
			}
		}
	}
	zeros := strings.Repeat("0", 64)
	f("X-Pendo-Signature", "sha256="+zeros, "X-Pendo-Signature: it does not fit the body and the secret", "secret")
	f("X-Pendo-Signature", zeros, "X-Pendo-Signature: it does not fit the body and any of the 2 secrets", "secret", "more")
	f("X-Pendo-Signature", zeros, "X-Pendo-Signature: there is no secret to check it with", "")
	f("X-Pendo-Signature", zeros[:62], `X-Pendo-Signature: "`+zeros[:62]+`" is no HMAC-SHA256: want sha256= and 64 hex`, "secret")
	f("X-Pendo-Signature", "sha1="+zeros, `X-Pendo-Signature: "sha1=`+zeros+`" is no HMAC-SHA256`, "secret")
	f("X-Pendo-Signature", strings.Repeat("y", 5000), `X-Pendo-Signature: "`+strings.Repeat("y", 100)+`"… is no`, "secret")
	f("X-Hub-Signature-256", "sha256="+zeros, "X-Hub-Signature-256: it does not fit", "secret")
	f("X-Hub-Signature-256", "sha256=", `X-Hub-Signature-256: "sha256=" is no HMAC-SHA256`, "secret")
	f("X-Signature", "t=0,v1="+zeros, "X-Signature: it does not fit", "secret")
	f("webhook-id", "", `webhook-signature: webhook-id "" beside it is missing`, "secret")
	f("webhook-id", "a.b", `webhook-signature: webhook-id "a.b" beside it is missing or has a dot`, "secret")
	f("webhook-id", "other", "webhook-signature: it does not fit", "secret")
	f("webhook-timestamp", "", `webhook-signature: webhook-timestamp "" beside it is no time in whole seconds`, "secret")
	f("webhook-timestamp", "-1", `webhook-signature: webhook-timestamp "-1" beside it is no time`, "secret")
	f("webhook-timestamp", "99999999999999", "webhook-signature: webhook-timestamp \"99999999999999\" beside it is no time", "secret")
	f("webhook-timestamp", "1", "webhook-signature: it does not fit", "secret")
	f("webhook-signature", "v1a,AAAA", `webhook-signature: "v1a,AAAA" has no v1,<base64 of 32 bytes>`, "secret")
	f("webhook-signature", "v1,AAAA", `webhook-signature: "v1,AAAA" has no v1,`, "secret")
	f("webhook-signature", vectorSignature, "webhook-signature: it does not fit", "secret")
}

// TestVerifyStandardSecrets: a broken whsec_ secret is named as such, and counts only where it is read as one.
func TestVerifyStandardSecrets(t *testing.T) {
	const secret = "whsec_not base64!"
	get := received(mustNew(t, secret, "", Pendo).Sign(nil, time.Time{}, []byte("{}"))).Get
	if scheme, err := Verify(get, []byte("{}"), []string{secret}, time.Time{}); scheme != Pendo || err != nil {
		t.Errorf("pendo: %s, %v", scheme, err)
	}
	get = received(mustNew(t, "good", "", Standard).Sign([]byte("1"), time.Unix(5, 0), []byte("{}"))).Get
	_, err := Verify(get, []byte("{}"), []string{secret}, time.Unix(5, 0))
	if err == nil || !strings.Contains(err.Error(), "verify webhook-signature: decode the secret") {
		t.Errorf("standard with a broken secret: %v", err)
	}
}

// TestVerifyStandardList: any signature of the list may fit; those of other kinds are passed over.
func TestVerifyStandardList(t *testing.T) {
	h := http.Header{"Webhook-Id": {vectorID}, "Webhook-Timestamp": {"1614265330"}}
	h.Set("webhook-signature", "v1a,xyz  v1,"+strings.Repeat("A", 43)+"= v2,abc junk "+vectorSignature)
	if _, err := Verify(h.Get, []byte(vectorBody), []string{vectorSecret}, time.Unix(vectorSeconds, 0)); err != nil {
		t.Error(err)
	}
}

// TestVerifyKeepsSecrets: the caller's slice is left as it was.
func TestVerifyKeepsSecrets(t *testing.T) {
	secrets := []string{"", "secret"}
	get := received(mustNew(t, "secret", "", Pendo).Sign(nil, time.Time{}, nil)).Get
	if _, err := Verify(get, nil, secrets, time.Time{}); err != nil || secrets[0] != "" || secrets[1] != "secret" {
		t.Errorf("%v, secrets %q", err, secrets)
	}
}

// FuzzVerify: nothing that a stranger sends is accepted, and nothing of it panics.
func FuzzVerify(f *testing.F) {
	f.Add("sha256=00", "t=1,v1=00", "id", "1", vectorSignature, []byte(`{"timestamp":1}`))
	f.Add("", ",,,=", ".", "-", "v1,", []byte(`{"a\`))
	f.Fuzz(func(t *testing.T, pendo, userpilot, id, timestamp, standard string, body []byte) {
		h := map[string]string{headerPendo: pendo, headerGitHub: pendo, headerUserpilot: userpilot, headerID: id,
			headerTimestamp: timestamp, headerStandard: standard}
		get := func(name string) string { return h[name] }
		if scheme, err := Verify(get, body, []string{"a secret that the fuzzer does not know"}, time.Unix(1, 0)); err == nil {
			t.Fatalf("accepted as %s", scheme)
		}
	})
}
