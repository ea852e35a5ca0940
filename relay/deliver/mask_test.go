package deliver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// masking compiles a webhook that drops and hashes.
func masking(t *testing.T, set func(s *hook.Spec)) *hook.Webhook {
	t.Helper()
	spec := hook.Spec{Name: "crm", URL: "https://receiver.test/", InFlight: 1, Timeout: time.Second, Events: []string{"*"},
		Drop: []string{"phone", "ip", "user.*"}, Hash: []string{"email", "visitorId"}, HashKey: "k"}
	if set != nil {
		set(&spec)
	}
	w, faults := hook.Compile(spec, func(string) bool { return true })
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return w
}

// TestMasksHoldInEveryFormat: what a webhook may not let out is in no body, of no format.
func TestMasksHoldInEveryFormat(t *testing.T) {
	e := event.Sample(event.TrackEventReceived)
	e.IP, e.Visitor = []byte(`"203.0.113.77"`), []byte(`"visitor-77"`)
	e.Properties = []byte(`{"email":"me-77@example.com","phone":"+77","plan":"pro","user":{"name":"name-77"}}`)
	note := event.Note{All: true, Extra: format.AppendExtra(nil, []byte(`{"email":"me-77@example.com","phone":"+77"}`), []byte(`{"name":"ACME"}`))}
	h := hmac.New(sha256.New, []byte("k"))
	_, _ = h.Write([]byte("visitor-77"))
	digest := hex.EncodeToString(h.Sum(nil))
	for _, name := range format.Names() {
		l := newTestLane(t, masking(t, func(s *hook.Spec) { s.Format = name }))
		for range 2 {
			if err := l.encode(&wal.Entry{Body: e.AppendRecord(nil), Note: note.Append(nil)}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		for _, secret := range []string{"203.0.113.77", "visitor-77", "me-77@example.com", "+77", "name-77"} {
			if bytes.Contains(l.wire, []byte(secret)) {
				t.Errorf("%s: %s leaves in\n%s", name, secret, l.wire)
			}
		}
		if name == "pendo" && (!strings.Contains(string(l.wire), `"plan":"pro"`) || !strings.Contains(string(l.wire), `"visitorId":"`+digest+`"`)) {
			t.Errorf("%s: %s", name, l.wire)
		}
	}
	l := newTestLane(t, masking(t, func(s *hook.Spec) {
		s.Type, s.Body = "custom", `{"all":{{ properties }},"who":{{ visitor }},"ip":{{ ip }}}`
	}))
	if err := l.encode(&wal.Entry{Body: e.AppendRecord(nil)}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if body := string(l.body); strings.Contains(body, "77") || !strings.Contains(body, `"ip":null`) {
		t.Errorf("custom: %s", body)
	}
}

func TestMaskFaults(t *testing.T) {
	_, faults := hook.Compile(hook.Spec{Name: "crm", URL: "https://receiver.test/", InFlight: 1, Timeout: time.Second,
		Drop: []string{"a", ""}, Hash: []string{"a"}}, func(string) bool { return true })
	var fields []string
	for _, f := range faults {
		fields = append(fields, f.Field)
	}
	if got := strings.Join(fields, " "); !strings.Contains(got, "drop[1]") || !strings.Contains(got, "hash[0]") && !strings.Contains(got, "drop[0]") {
		t.Errorf("faults are %v", faults)
	}
}
