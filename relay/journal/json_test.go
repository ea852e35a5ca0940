package journal

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestJSON(t *testing.T) {
	f := func(a Attempt, want string) {
		t.Helper()
		got, err := json.Marshal(a)
		if err != nil || string(got) != want {
			t.Errorf("got  %s\nwant %s\nerror %v", got, want, err)
		}
		var back Attempt
		a.Queue = 0 // which is the program's own
		if len(a.Body) == 0 {
			a.Body = []byte{}
		}
		if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(back, a) {
			t.Errorf("read back: %+v\nwant      %+v\nerror %v", back, a, err)
		}
	}
	at := time.Date(2026, 11, 21, 10, 15, 30, 120e6, time.UTC)
	f(Attempt{ID: "abc", Queue: 7, Time: at, Webhook: "crm", UniqueID: "75c32838012a8311fba2b902857c2e848d98f457", Event: "pageLoaded",
		Number: 2, Outcome: Retry, Status: 503, Reason: "503 Service Unavailable", Size: 612,
		Request: []Header{{"Host", "crm.example.com"}, {"Authorization", "(not shown)"}}, Reply: []Header{{"Server", "nginx"}},
		Body: []byte(`{"error":"<busy>"}`), Truncated: true,
		Timing: Timing{DNS: 1204 * time.Microsecond, Connect: 410 * time.Microsecond, TLS: 3500 * time.Microsecond, FirstByte: 12007 * time.Microsecond, Total: 17200 * time.Microsecond}},
		`{"id":"abc","time":"2026-11-21T10:15:30.120Z","webhook":"crm","outcome":"retry","status":503,"reason":"503 Service Unavailable",`+
			`"event":"pageLoaded","unique_id":"75c32838012a8311fba2b902857c2e848d98f457","attempt":2,"size":612,`+
			`"timing":{"dns":1.204,"connect":0.41,"tls":3.5,"first_byte":12.007,"total":17.2,"reused":false},`+
			`"request":[{"name":"Host","value":"crm.example.com"},{"name":"Authorization","value":"(not shown)"}],"reply":[{"name":"Server","value":"nginx"}],`+
			`"body":"{\"error\":\"\u003cbusy\u003e\"}","truncated":true}`)
	f(Attempt{ID: "d", Time: at, Webhook: "crm", Outcome: Delivered, Status: 204, Event: "uTurn", Number: 1, Sampled: true, Timing: Timing{FirstByte: time.Millisecond, Total: time.Millisecond, Reused: true}},
		`{"id":"d","time":"2026-11-21T10:15:30.120Z","webhook":"crm","outcome":"delivered","status":204,"event":"uTurn","attempt":1,"sampled":true,`+
			`"timing":{"dns":0,"connect":0,"tls":0,"first_byte":1,"total":1,"reused":true}}`)
	f(Attempt{ID: "e", Time: at, Webhook: "crm", Outcome: Note, Reason: "turned off"},
		`{"id":"e","time":"2026-11-21T10:15:30.120Z","webhook":"crm","outcome":"note","status":0,"reason":"turned off"}`)
	f(Attempt{ID: "f", Time: at, Webhook: "crm", Outcome: Dead, Status: 400, Body: []byte{0x1f, 0x8b, 0}},
		`{"id":"f","time":"2026-11-21T10:15:30.120Z","webhook":"crm","outcome":"dead","status":400,`+
			`"timing":{"dns":0,"connect":0,"tls":0,"first_byte":0,"total":0,"reused":false},"body":"H4sA","body_base64":true}`)
	for _, text := range []string{`[]`, `{"time":"yesterday"}`, `{"time":"2026-11-21T10:15:30Z","body":"*","body_base64":true}`} {
		if err := json.Unmarshal([]byte(text), &Attempt{}); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
