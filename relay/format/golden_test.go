package format

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// go test ./relay/format -update writes the golden files anew. Read the difference before you commit it: receivers see it.
var update = flag.Bool("update", false, "write the golden files in testdata anew")

// all are the encoders to test: those of configured formats, and those that only one type of destination uses.
func all() map[string]Encoder {
	encoders := map[string]Encoder{
		"amplitude": Amplitude,
		"mixpanel":  Mixpanel,
		"ga4":       GA4,
		"ga4-app":   GA4App,
		"datadog":   Datadog(testDatadog),
		"splunk":    Splunk(testSplunk),
	}
	for _, name := range Names() {
		encoders[name], _ = ByName(name)
	}
	encoders["intercom"] = Intercom
	encoders["bigquery"], encoders["snowflake"] = BigQuery, Snowflake
	return encoders
}

// goldenName is the file of kind k's body, which is in it byte for byte, without a line's end.
func goldenName(format string, k event.Kind) string {
	return filepath.Join("testdata", format, k.String()+".json")
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestGolden: every format has the body of every kind's sample in a file, and no file beside these.
func TestGolden(t *testing.T) {
	for format, encode := range all() {
		stray := map[string]bool{}
		files, err := filepath.Glob(filepath.Join("testdata", format, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			stray[file] = true
		}
		for _, k := range event.Kinds() {
			name, e := goldenName(format, k), event.Sample(k)
			body := encode(nil, &e, event.Note{All: true})
			if *update {
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, body, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, name); !bytes.Equal(body, want) {
				t.Errorf("%s:\ngot  %s\nwant %s", name, body, want)
			}
			delete(stray, name)
		}
		if len(stray) > 0 {
			t.Errorf("files of no kind: %q", slices.Sorted(maps.Keys(stray)))
		}
	}
}

// TestGoldenIsStable: a receiver that parses a body and prints it again has the bytes that were signed.
func TestGoldenIsStable(t *testing.T) {
	var stable event.Stable
	for format := range all() {
		for _, k := range event.Kinds() {
			body := readFile(t, goldenName(format, k))
			if got, err := stable.Append(nil, body); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s %s: %v\ngot  %s\nwant %s", format, k, err, got, body)
			}
		}
	}
}

// TestRecordKeepsBody: the body is the same when the event comes back from the log.
func TestRecordKeepsBody(t *testing.T) {
	for format, encode := range all() {
		for _, k := range event.Kinds() {
			e := event.Sample(k)
			var read event.Event
			if err := event.ParseRecord(e.AppendRecord(nil), &read); err != nil {
				t.Fatal(err)
			}
			if got, want := encode(nil, &read, event.Note{All: true}), readFile(t, goldenName(format, k)); !bytes.Equal(got, want) {
				t.Errorf("%s %s:\ngot  %s\nwant %s", format, k, got, want)
			}
		}
	}
}

// TestPendoIsSeed000 holds the golden files against the example payloads of seed 000, which are in testdata/seed000 as it
// prints them. Only the closing brace that it forgets in "Guide displayed" and "Visitor created" was added.
func TestPendoIsSeed000(t *testing.T) {
	examples, err := filepath.Glob("testdata/seed000/*.json")
	if err != nil || len(examples) != 11 {
		t.Fatalf("%d examples, %v; want the 11 of seed 000", len(examples), err)
	}
	for _, example := range examples {
		got, want := readFile(t, filepath.Join("testdata", "pendo", filepath.Base(example))), readFile(t, example)
		diffFields(t, example, fields(t, got), fields(t, want))
		var compact bytes.Buffer
		if err := json.Compact(&compact, want); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, compact.Bytes()) {
			t.Errorf("%s:\ngot  %s\nwant %s", example, got, compact.Bytes())
		}
	}
}

// diffFields reports the first field that differs, by its path.
func diffFields(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s: missing %s", name, want[i])
		case i >= len(want):
			t.Errorf("%s: too much: %s", name, got[i])
		case got[i] != want[i]:
			t.Errorf("%s: field %d is %s, want %s", name, i+1, got[i], want[i])
		default:
			continue
		}
		return
	}
}

// fields are the fields of a JSON text as "path = value", in its order.
func fields(t *testing.T, text []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return appendFields(t, nil, d, "")
}

func appendFields(t *testing.T, lines []string, d *json.Decoder, path string) []string {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	open, nested := token.(json.Delim)
	if !nested {
		return append(lines, fmt.Sprintf("%s = %#v", path, token))
	}
	for i := 0; d.More(); i++ {
		key := json.Token(i)
		if open == '{' {
			key, _ = d.Token()
		}
		lines = appendFields(t, lines, d, strings.TrimPrefix(fmt.Sprintf("%s.%v", path, key), "."))
	}
	closing, _ := d.Token()
	return append(lines, fmt.Sprintf("%s ends with %v", path, closing))
}
