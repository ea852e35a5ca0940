package deliver

import (
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
	"edgerelay/wal"
)

// newCustom compiles a webhook of type custom, or returns what is wrong with it.
func newCustom(set func(s *hook.Spec)) (*hook.Webhook, []hook.Fault) {
	spec := hook.Spec{Name: "chat", Type: "custom", URL: "https://chat.test/rooms/{{ app }}?who={{ visitor }}", InFlight: 1, Timeout: time.Second,
		Enabled: true, Events: []string{"trackEventReceived"}, Body: `{"text":"{{ visitor }} did {{ name }}","to":{{ properties.toTier }}}`}
	if set != nil {
		set(&spec)
	}
	return hook.Compile(spec, func(string) bool { return true })
}

func TestCustomRequestBytes(t *testing.T) {
	f := func(set func(s *hook.Spec), want string) {
		t.Helper()
		w, faults := newCustom(set)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		l := newTestLane(t, w)
		e := event.Sample(event.TrackEventReceived)
		e.AppName, e.Visitor = []byte("my shop"), event.AppendString(nil, []byte("a/b?\"x\"\r\n"))
		for range 2 { // the buffers are used again
			if err := l.encode(&wal.Entry{Body: e.AppendRecord(nil)}, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.ReplaceAll(string(l.wire), "\r\n", "\n"); got != want {
			t.Errorf("request\n%s\nwant\n%s", got, want)
		}
	}
	const head = "Host: chat.test\nUser-Agent: edgerelay/test\nContent-Type: application/json\n"
	f(nil, "POST /rooms/my%20shop?who=a%2Fb%3F%22x%22%0D%0A HTTP/1.1\n"+head+"X-Edgerelay-Attempt: 1\nContent-Length: 56\n\n"+
		`{"text":"a/b?\"x\"\r\n did Account Upgraded","to":"pro"}`)
}

func TestCustomFaults(t *testing.T) {
	f := func(set func(s *hook.Spec), want string) {
		t.Helper()
		_, faults := newCustom(set)
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Error())
		}
		if text := strings.Join(got, "; "); !strings.HasPrefix(text, want) || (text == "") != (want == "") {
			t.Errorf("faults are %q, want %q", text, want)
		}
	}
	f(nil, "")
	f(func(s *hook.Spec) { s.Body = `{"a":{{ visitor }}` }, "body: ")
	f(func(s *hook.Spec) { s.Body = `{"a":{{ vistor }}}` }, "body: 1:9: {{ vistor }}: unknown name vistor; did you mean visitor? README lists all names")
	f(func(s *hook.Spec) { s.Body = "" }, "body: is missing; write what is sent")
	f(func(s *hook.Spec) { s.Method, s.Body = "GET", "" }, "")
	f(func(s *hook.Spec) { s.Method = "BREW" }, `method: "BREW" is no method of requests; use one of POST, PUT, PATCH, DELETE, GET`)
	f(func(s *hook.Spec) { s.URL = "https://{{ visitor }}/" }, "url: 1:9: a place in the host; the host, and")
	f(func(s *hook.Spec) { s.URL = "" }, "url: is missing; set the address of requests")
	f(func(s *hook.Spec) { s.URL = "{{ properties.url }}" }, `url: 1:1: the URL must begin with "https://" and a host`)
	f(func(s *hook.Spec) { s.URL = "ftp://x/{{ visitor }}" }, "url: is not an http or https URL")
	f(func(s *hook.Spec) { s.URL = "https://10.0.0.1/{{ visitor }}" }, "url: leads to the private address 10.0.0.1")
	f(func(s *hook.Spec) { s.Headers = map[string]string{"X-Who": "{{ visitor"} }, "headers.X-Who: ")
	f(func(s *hook.Spec) { s.Body = `{"a":{{ visitor + 1 }}}` }, "body: on a sample of trackEventReceived: ")
	f(func(s *hook.Spec) { s.Format = "pendo" }, "format: is of no use to a webhook of type custom")
}

// Headers, signature and a body that is no JSON.
func TestCustomHeadersAndText(t *testing.T) {
	w, faults := newCustom(func(s *hook.Spec) {
		s.Method, s.URL = "PUT", "https://chat.test"
		s.Headers = map[string]string{"Content-Type": "text/plain", "X-Who": "<{{ visitor }}>", "X-Team": "growth"}
		s.Body, s.Secret, s.Signature = "{{ visitor }}\n", "s3cret", []string{sign.GitHub.String()}
	})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	l := newTestLane(t, w)
	e := event.Sample(event.TrackEventReceived)
	e.Visitor = event.AppendString(nil, []byte("me\r\nX-Evil: 1"))
	if err := l.encode(&wal.Entry{Body: e.AppendRecord(nil)}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	want := "PUT / HTTP/1.1\r\nHost: chat.test\r\nUser-Agent: edgerelay/test\r\nContent-Type: text/plain\r\nX-Team: growth\r\n" +
		"X-Who: <meX-Evil: 1>\r\nX-Edgerelay-Attempt: 1\r\nX-Hub-Signature-256: "
	if !strings.HasPrefix(string(l.wire), want) || !strings.HasSuffix(string(l.wire), "\r\n\r\nme\r\nX-Evil: 1\n") {
		t.Errorf("request\n%q\nwant\n%q", l.wire, want)
	}
}

// An event that the template fails on is a dead letter that says why; the others go on.
func TestCustomThatFailsOnAnEvent(t *testing.T) {
	r := newReceiver(t, nil)
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) {
		made, faults := newCustom(func(s *hook.Spec) {
			s.URL, s.AllowPrivate, s.Body = r.url, true, `{"n":{{ name == "seven" ? int(name) : 1 }},"uniqueId":"{{ uniqueId }}"}`
		})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		made.Name, made.Queue = w.Name, w.Queue
		*w = *made
	})
	g.send(t, "v", "7")
	g.send(t, "v", "seven")
	g.send(t, "v", "8")
	r.wait(t, 2)
	g.drained(t)
	letters := g.deadLetters(t)
	if len(letters) != 1 || !strings.Contains(letters[0].Reason, "int() of a text that is no number") {
		t.Errorf("dead letters are %+v", letters)
	}
}
