package sink

import (
	"strings"
	"testing"

	"edgerelay/relay/sign"
)

func TestSchemesWithoutSecret(t *testing.T) {
	r := mustRun(t, Options{JSON: true})
	for _, scheme := range []sign.Scheme{sign.Pendo, sign.PendoBare, sign.Standard, sign.GitHub, sign.Userpilot} {
		if resp, _ := r.post(t, bodyA, signed(t, "s", bodyA, scheme)...); resp.StatusCode != 200 {
			t.Errorf("%s: %d", scheme, resp.StatusCode)
		}
	}
	r.post(t, bodyA)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(r.out.String(), `"signature":"unchecked"`); got != 5 {
		t.Errorf("%d signatures are unchecked, want 5:\n%s", got, r.out.String())
	}
	if got := strings.Count(r.out.String(), `"signature":"none"`); got != 1 {
		t.Errorf("%d signatures are none, want 1", got)
	}
	if c := r.Counts(); c.BadSignatures != 0 || c.Distinct != 1 || c.Repeated != 5 {
		t.Errorf("counts %+v", c)
	}
}

// TestEverySchemeVerifies: the quick way and sign.Verify agree.
func TestEverySchemeVerifies(t *testing.T) {
	r := mustRun(t, Options{Secrets: []string{"s"}, JSON: true})
	f := func(wantStatus int, wantScheme string, headers ...string) {
		t.Helper()
		resp, text := r.post(t, bodyA, headers...)
		if resp.StatusCode != wantStatus {
			t.Errorf("%q: %d %s, want %d", headers, resp.StatusCode, text, wantStatus)
		}
		r.mu.Lock()
		line := r.out.String()
		r.out.Reset()
		r.mu.Unlock()
		if want := `"scheme":"` + wantScheme + `"`; wantStatus == 200 && !strings.Contains(line, want) {
			t.Errorf("%s\nhas no %s", line, want)
		}
	}
	both := func(a, b sign.Scheme) []string { return signed(t, "s", bodyA, a, b) }
	f(200, "pendo", signed(t, "s", bodyA, sign.Pendo)...)
	f(200, "pendo-bare", signed(t, "s", bodyA, sign.PendoBare)...)
	f(200, "github", signed(t, "s", bodyA, sign.GitHub)...)
	f(200, "standard", signed(t, "s", bodyA, sign.Standard)...)
	f(200, "userpilot", signed(t, "s", bodyA, sign.Userpilot)...)
	f(200, "pendo", both(sign.Pendo, sign.GitHub)...)
	f(200, "pendo", both(sign.Userpilot, sign.Pendo)...)

	// One signature that fits does not make up for one that does not.
	wrong := "sha256=" + strings.Repeat("0", 64)
	f(401, "", append(signed(t, "s", bodyA, sign.Pendo), "X-Hub-Signature-256", wrong)...)
	f(401, "", append(signed(t, "s", bodyA, sign.Pendo), "X-Signature", "t=1,v1="+strings.Repeat("0", 64))...)
	f(401, "", append(signed(t, "s", bodyA, sign.GitHub), "X-Pendo-Signature", wrong)...)
	f(401, "", append(signed(t, "s", bodyA, sign.GitHub), "Webhook-Signature", "v1,xx")...)
}
