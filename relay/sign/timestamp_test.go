package sign

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestBodyTimestamp(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if got := string(bodyTimestamp([]byte(body))); got != want {
			t.Errorf("bodyTimestamp(%s) = %q, want %q", body, got, want)
		}
	}
	f(`{"timestamp":1679578625}`, "1679578625")
	f(`{"timestamp":0}`, "0")
	f(` { "a" : [ { } ] , "timestamp" : 12 , "b" : 1 }`, "12")
	f("{\n\t\"timestamp\"\r:\n5}", "5")
	f(`{"data":{"timestamp":1},"timestamp":2}`, "2")
	f(`{"list":[{"timestamp":1}],"text":"}\"timestamp\":9","timestamp":3}`, "3")
	f(`{"text":"\\","timestamp":4}`, "4")
	f(`{"type":"timestamp","n":1}`, "")
	f(`{"type":"timestamp"}`, "")

	f(`{"data":{"timestamp":1}}`, "")
	f(`[{"timestamp":1}]`, "")
	f(`{"Timestamp":1}`, "")
	f(`{"timestamp":"1679578625"}`, "")
	f(`{"timestamp":"2025-10-28T14:05:00Z"}`, "")
	f(`{"timestamp":-5}`, "")
	f(`{"timestamp":1.5}`, "")
	f(`{"timestamp":1e9}`, "")
	f(`{"timestamp":1E9}`, "")
	f(`{"timestamp":null}`, "")
	f(`{"timestamp":123456789012345678901}`, "")
	f(`{}`, "")
	f(``, "")

	// What is not JSON does no harm.
	f(`{"timestamp"`, "")
	f(`{"timestamp":`, "")
	f(`{"timesta`, "")
	f(`{"a\`, "")
	f(`"`, "")
	f(`}}}"timestamp":1`, "")
}

// FuzzBodyTimestamp holds the scan against encoding/json wherever that finds an object.
func FuzzBodyTimestamp(f *testing.F) {
	f.Add([]byte(`{"data":{"timestamp":1},"timestamp":2}`))
	f.Add([]byte(`{"a":"\\\"","timestamp" : 3 }`))
	f.Add([]byte(`{"timestamp":1.5}`))
	f.Add([]byte(`{"a\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := string(bodyTimestamp(body))
		if !json.Valid(body) || bytes.Contains(body, []byte(`\u`)) { // a key may escape its letters; stable JSON does not
			return
		}
		if want := decodedTimestamp(body); got != want {
			t.Fatalf("bodyTimestamp(%q) = %q, want %q", body, got, want)
		}
	})
}

// decodedTimestamp is bodyTimestamp as encoding/json sees valid JSON.
func decodedTimestamp(body []byte) string {
	object := json.NewDecoder(bytes.NewReader(body))
	if open, _ := object.Token(); open != json.Delim('{') {
		return ""
	}
	for object.More() {
		key, _ := object.Token()
		var value json.RawMessage
		object.Decode(&value)
		if key == "timestamp" {
			if strings.Trim(string(value), "0123456789") == "" && len(value) <= timestampMax {
				return string(value)
			}
			return ""
		}
	}
	return ""
}
