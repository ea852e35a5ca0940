package sign

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The published example of Standard Webhooks.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorSeconds   = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

// The published example of GitHub.
const (
	githubSecret    = "It's a Secret to Everybody"
	githubBody      = "Hello, World!"
	githubSignature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

// printed is headers as lines, for comparison.
func printed(headers []Header) string {
	var lines strings.Builder
	for _, h := range headers {
		fmt.Fprintf(&lines, "%s: %s\n", h.Name, h.Value)
	}
	return lines.String()
}

func mustNew(t testing.TB, secret, previous string, schemes ...Scheme) *Signer {
	t.Helper()
	s, err := New(schemes, secret, previous)
	if err != nil {
		t.Fatalf("New(%v): %v", schemes, err)
	}
	return s
}

func TestSignPublishedVectors(t *testing.T) {
	f := func(scheme Scheme, secret, id string, seconds int64, body, want string) {
		t.Helper()
		s := mustNew(t, secret, "", scheme)
		for range 2 { // the second time from a state that was used
			if got := printed(s.Sign([]byte(id), time.Unix(seconds, 0), []byte(body))); got != want {
				t.Errorf("%s:\ngot\n%swant\n%s", scheme, got, want)
			}
		}
	}
	f(GitHub, githubSecret, "", 0, githubBody, "X-Hub-Signature-256: sha256="+githubSignature+"\n")
	f(Pendo, githubSecret, "", 0, githubBody, "X-Pendo-Signature: sha256="+githubSignature+"\n")
	f(PendoBare, githubSecret, "", 0, githubBody, "X-Pendo-Signature: "+githubSignature+"\n")
	f(Standard, vectorSecret, vectorID, vectorSeconds, vectorBody,
		"webhook-id: "+vectorID+"\nwebhook-timestamp: 1614265330\nwebhook-signature: "+vectorSignature+"\n")
	// printf %s '<body>.<timestamp>' | openssl dgst -sha256 -hmac secret
	f(Userpilot, "secret", "", 0,
		`{"type":"flows.seen","timestamp":1679578625,"app_token":"NX-bd46697c","data":{"timestamp":7}}`,
		"X-Signature: t=1679578625,v1=be6e0855d33d99aefb42b54ae05e748e51e6c5ec51aad82fc24dcb7f69a5baf7\n")
}

// TestSignRFC4231 holds the HMAC itself against the test cases of RFC 4231 (HMAC-SHA-256).
func TestSignRFC4231(t *testing.T) {
	f := func(key, data, want string) {
		t.Helper()
		got := string(mustNew(t, key, "", PendoBare).Sign(nil, time.Time{}, []byte(data))[0].Value)
		if !strings.HasPrefix(got, want) { // case 5 publishes the first half only
			t.Errorf("HMAC of %.40q: got %s, want %s", data, got, want)
		}
	}
	key4, _ := hex.DecodeString("0102030405060708090a0b0c0d0e0f10111213141516171819")
	f(strings.Repeat("\x0b", 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
	f("Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
	f(strings.Repeat("\xaa", 20), strings.Repeat("\xdd", 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")
	f(string(key4), strings.Repeat("\xcd", 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")
	f(strings.Repeat("\x0c", 20), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b")
	f(strings.Repeat("\xaa", 131), "Test Using Larger Than Block-Size Key - Hash Key First",
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
	f(strings.Repeat("\xaa", 131), "This is a test using a larger than block-size key and a larger than block-size data. "+
		"The key needs to be hashed before being used by the HMAC algorithm.",
		"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2")
}

// nodeVectors are bodies and the signatures with which seed 001's receiver accepts them; testdata/seed001.js made them.
func nodeVectors(t *testing.T) (vectors []struct{ Secret, Body, Signature string }) {
	t.Helper()
	text, err := os.ReadFile("testdata/seed001.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("read %d vectors: %v", len(vectors), err)
	}
	return vectors
}

func TestSignForDocumentedReceiver(t *testing.T) {
	for _, v := range nodeVectors(t) {
		got := mustNew(t, v.Secret, "", Pendo).Sign(nil, time.Time{}, []byte(v.Body))
		if want := "X-Pendo-Signature: " + v.Signature + "\n"; printed(got) != want {
			t.Errorf("body %s:\ngot  %swant %s", v.Body, printed(got), want)
		}
	}
}

// TestSignSeveral: schemes do not disturb each other, whatever their order, and neither does what was signed before.
func TestSignSeveral(t *testing.T) {
	const secret, previous = vectorSecret, "the one before"
	id, at := []byte("0123456789abcdef0123456789abcdef01234567"), time.Unix(1700000000, 999)
	bodies := []string{`{"timestamp":12}`, ``, strings.Repeat("x", 5000), `{"timestamp":"2024-01-15T14:30:00Z"}`}
	f := func(schemes ...Scheme) {
		t.Helper()
		all := mustNew(t, secret, previous, schemes...)
		for _, body := range bodies {
			var want string
			for _, scheme := range schemes {
				want += printed(mustNew(t, secret, previous, scheme).Sign(id, at, []byte(body)))
			}
			if got := printed(all.Sign(id, at, []byte(body))); got != want {
				t.Errorf("%v:\ngot\n%swant\n%s", schemes, got, want)
			}
		}
	}
	f(Pendo, Standard, GitHub, Userpilot)
	f(Userpilot, GitHub, Standard, PendoBare)
	f(Standard, Userpilot, Pendo)
}

// TestSignRotation: standard carries both signatures, the new one first. The others have room for one, the new one.
func TestSignRotation(t *testing.T) {
	id, at, body := []byte(vectorID), time.Unix(vectorSeconds, 0), []byte(vectorBody)
	f := func(secret, previous, want string) {
		t.Helper()
		headers := mustNew(t, secret, previous, Standard, Pendo).Sign(id, at, body)
		if got := string(headers[2].Value); got != want {
			t.Errorf("%s: got %q, want %q", headers[2].Name, got, want)
		}
		alone := mustNew(t, secret, "", Pendo).Sign(id, at, body)
		if got, want := printed(headers[3:]), printed(alone); got != want {
			t.Errorf("pendo during a rotation: got %s, want %s", got, want)
		}
	}
	other := string(mustNew(t, "plain text", "", Standard).Sign(id, at, body)[2].Value)
	f(vectorSecret, "plain text", vectorSignature+" "+other)
	f("plain text", vectorSecret, other+" "+vectorSignature)
	f(vectorSecret, "", vectorSignature)
}

// TestSignUserpilotTime: the body's own time, else that of the attempt.
func TestSignUserpilotTime(t *testing.T) {
	s := mustNew(t, "secret", "", Userpilot)
	f := func(body, want string) {
		t.Helper()
		got := string(s.Sign(nil, time.Unix(1700000000, 0), []byte(body))[0].Value)
		if !strings.HasPrefix(got, "t="+want+",v1=") {
			t.Errorf("body %s: got %s, want t=%s", body, got, want)
		}
	}
	f(`{"timestamp":1679578625}`, "1679578625")
	f(`{"event":"x"}`, "1700000000")
	f(`{"timestamp":"2025-10-28T14:05:00Z"}`, "1700000000")
	f(``, "1700000000")
}

// TestSignLongID: values that outgrow their room are whole all the same.
func TestSignLongID(t *testing.T) {
	id := []byte(strings.Repeat("9", 3*valuesMax))
	got := mustNew(t, "secret", "", GitHub, Standard, Pendo).Sign(id, time.Unix(1, 0), []byte("{}"))
	if string(got[1].Value) != string(id) || len(got[0].Value) != len(hexPrefix)+64 || string(got[2].Value) != "1" {
		t.Errorf("a long id spoiled the headers:\n%s", printed(got))
	}
	if string(got[0].Value) != string(got[4].Value) {
		t.Errorf("github %s and pendo %s differ", got[0].Value, got[4].Value)
	}
}

func TestNewRefuses(t *testing.T) {
	f := func(want, secret, previous string, schemes ...Scheme) {
		t.Helper()
		_, err := New(schemes, secret, previous)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%v, %q, %q): %v; want an error with %q", schemes, secret, previous, err, want)
		}
		if err != nil && len(secret) > 6 && strings.Contains(err.Error(), secret[6:]) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	f("the secret is empty", "", "", Pendo)
	f("the secret is empty", "", "old", Standard)
	f("the secret is empty", "whsec_", "", Standard)
	f("the secret is empty", "whsec_==", "", Standard)
	f("write base64 there", "whsec_not base64!", "", Standard)
	f("write base64 there", "good", "whsec_not base64!", Pendo, Standard)
	f("name at least one", "secret", "")
	f(`"pendo" and "pendo-bare" both write X-Pendo-Signature`, "secret", "", Pendo, GitHub, PendoBare)
	f(`"standard" and "standard" both write webhook-signature`, "secret", "", Standard, Standard)
	f("unknown signature number 0", "secret", "", 0)
	f("unknown signature number 99", "secret", "", 99)
}

// TestNewTakes what is no fault: only standard reads more into a secret than its bytes.
func TestNewTakes(t *testing.T) {
	mustNew(t, "whsec_not base64!", "", Pendo, GitHub, Userpilot)
	mustNew(t, strings.TrimRight("whsec_c2VjcmV0MQ==", "="), "", Standard)
	mustNew(t, "x", "whsec_c2VjcmV0MQ==", Standard)
}
