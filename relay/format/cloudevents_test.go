package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
)

// TestCloudEventsAttributes checks the golden files by the rules of CloudEvents 1.0: the attributes that must be there, the
// types of all, names of lower-case letters and digits.
func TestCloudEventsAttributes(t *testing.T) {
	for _, k := range event.Kinds() {
		body, e := readFile(t, goldenName("cloudevents", k)), event.Sample(k)
		var attributes map[string]json.RawMessage
		if err := json.Unmarshal(body, &attributes); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		text := func(name string) (value string) {
			if err := json.Unmarshal(attributes[name], &value); err != nil || value == "" {
				t.Errorf("%s: %s is %s, want a text", k, name, attributes[name])
			}
			return value
		}
		if text("specversion") != "1.0" || text("datacontenttype") != "application/json" || text("type") != k.Dotted() ||
			text("id") != fmt.Sprintf("%x", e.UniqueID) || text("source") != "/edgerelay/test_application" {
			t.Errorf("%s: %s", k, body)
		}
		if at, err := time.Parse(time.RFC3339, text("time")); err != nil || at.UnixMilli() != e.Time {
			t.Errorf("%s: time %v, %v; want %d", k, at, err, e.Time)
		}
		if _, has := attributes["subject"]; has != (e.Visitor != nil) {
			t.Errorf("%s: subject is there: %t", k, has)
		}
		for name := range attributes {
			if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
				t.Errorf("%s: attribute %q", k, name)
			}
		}
		_, standard, _ := bytes.Cut(readFile(t, goldenName("standard", k)), []byte(`"data":`))
		if data := attributes["data"]; !bytes.Equal(append(data, '}'), standard) {
			t.Errorf("%s: data is %s\nwant %s", k, data, standard)
		}
	}
}

// TestCloudEventsSource: the app's name in a URI reference that can be told from any other's.
func TestCloudEventsSource(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		e := event.Event{Kind: event.PageLoaded, AppName: []byte(name)}
		body := CloudEvents(nil, &e, event.Note{})
		var got struct{ Source string }
		if err := json.Unmarshal(body, &got); err != nil || got.Source != want {
			t.Errorf("%q: %v, %s; want %s", name, err, body, want)
		}
		if u, err := url.Parse(got.Source); err != nil || u.Path != "/edgerelay/"+name && name != "" {
			t.Errorf("%q: %v, %v", name, u, err)
		}
	}
	f("demo", "/edgerelay/demo")
	f("", "/edgerelay")
	f("My App/2: \"é\"?#", "/edgerelay/My%20App%2F2%3A%20%22%C3%A9%22%3F%23")
	f("a-b.c_d~e%", "/edgerelay/a-b.c_d~e%25")
}

// TestCloudEventsSubject: the visitor, unless an attribute may not hold that.
func TestCloudEventsSubject(t *testing.T) {
	f := func(visitor string, there bool) {
		t.Helper()
		e := event.Event{Kind: event.PageLoaded, Visitor: []byte(visitor)}
		want := ``
		if there {
			want = `,"subject":` + visitor
		}
		body := string(CloudEvents(nil, &e, event.Note{}))
		_, rest, _ := strings.Cut(body, `"time":"1970-01-01T00:00:00.000Z"`)
		if !strings.HasPrefix(rest, want+`,"datacontenttype"`) {
			t.Errorf("%s: %s", visitor, body)
		}
	}
	f(`"visitor"`, true)
	f(`"é \"quoted\" \\ \\\""`, true)
	f(`"😀"`, true)
	f(``, false)
	f(`""`, false)
	f(`"a\nb"`, false)
	f(`"\\\u0001"`, false)
	f(`"\ud800"`, false)
	f("\"\u007f\"", false)
	f("\"\u0085\"", false)
	f("\"\ufffe\"", false)
}
