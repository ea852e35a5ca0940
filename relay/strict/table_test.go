package strict

import (
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"
)

// record has a field of every type that can be read.
type record struct {
	text      string
	texts     []string
	either    []string
	flag      bool
	whole     int
	number    float64
	wait      time.Duration
	pause     time.Duration
	waits     []time.Duration
	size      int64
	pairs     map[string]string
	at        time.Time
	id        string
	innerText string
	names     []string
}

// read reads a file with every method of Table.
func read(file string) (record, error) {
	env := map[string]string{"HOME": "/home/ada", "EMPTY": "", "SECRET": "hunter2", "NEVER": "never"}
	root, err := Parse("f.toml", []byte(file), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		return record{}, err
	}
	var r record
	root.Text("text", &r.text)
	root.Texts("texts", &r.texts)
	root.TextOrTexts("either", &r.either)
	root.Bool("flag", &r.flag)
	root.Int("whole", &r.whole, -5, 5)
	root.Number("number", &r.number, 0, math.Inf(1))
	root.Duration("wait", &r.wait, time.Second, time.Hour)
	root.DurationOr("never", "pause", &r.pause, time.Second, time.Hour)
	root.Durations("waits", &r.waits, 0, math.MaxInt64)
	root.Size("size", &r.size, 0, 1<<30)
	root.Pairs("pairs", &r.pairs)
	root.Time("at", &r.at)
	r.id, _, _ = root.Scalar("id")
	inner := root.Table("inner")
	inner.Text("text", &r.innerText)
	for _, t := range root.Tables("list", "name") {
		var name string
		t.Text("name", &name)
		r.names = append(r.names, name)
	}
	return r, root.Err()
}

func TestRead(t *testing.T) {
	f := func(file string, set func(*record)) {
		t.Helper()
		var want record
		set(&want)
		got, err := read(file)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v, %v\nwant %+v", file, got, err, want)
		}
	}
	f(``, func(*record) {})
	f(`text = "x"`, func(r *record) { r.text = "x" })
	f(`text = "${HOME}/a${EMPTY}b"`, func(r *record) { r.text = "/home/ada/ab" })
	f(`text = '$${HOME} $HOME $'`, func(r *record) { r.text = "${HOME} $HOME $" })
	f(`texts = ["a", "${SECRET}"]`, func(r *record) { r.texts = []string{"a", "hunter2"} })
	f(`texts = []`, func(r *record) { r.texts = []string{} })
	f(`either = "a"`, func(r *record) { r.either = []string{"a"} })
	f(`either = ["a", "b"]`, func(r *record) { r.either = []string{"a", "b"} })
	f(`flag = true`, func(r *record) { r.flag = true })
	f(`whole = -5`, func(r *record) { r.whole = -5 })
	f(`whole = 0x5`, func(r *record) { r.whole = 5 })
	f(`number = 3`, func(r *record) { r.number = 3 })
	f(`number = 0.25`, func(r *record) { r.number = 0.25 })
	f(`wait = "1m30s"`, func(r *record) { r.wait = 90 * time.Second })
	f(`pause = "2s"`, func(r *record) { r.pause = 2 * time.Second })
	f(`pause = "${NEVER}"`, func(*record) {})
	f(`waits = ["5s", 0, "1h"]`, func(r *record) { r.waits = []time.Duration{5 * time.Second, 0, time.Hour} })
	f(`size = "1.5MiB"`, func(r *record) { r.size = 3 << 19 })
	f(`size = "12kB"`, func(r *record) { r.size = 12000 })
	f(`size = 0`, func(r *record) {})
	f(`pairs = { A = "1", "b.c" = "${SECRET}" }`, func(r *record) { r.pairs = map[string]string{"A": "1", "b.c": "hunter2"} })
	f("[pairs]\nA = '1'", func(r *record) { r.pairs = map[string]string{"A": "1"} })
	f(`at = 2026-01-31T15:04:05Z`, func(r *record) { r.at = time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC) })
	f(`at = "2026-01-31T15:04:05Z"`, func(r *record) { r.at = time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC) })
	f(`id = -323232`, func(r *record) { r.id = "-323232" })
	f(`id = "x"`, func(r *record) { r.id = "x" })
	f("[inner]\ntext = 'y'", func(r *record) { r.innerText = "y" })
	f(`inner.text = 'y'`, func(r *record) { r.innerText = "y" })
	f("[[list]]\nname = 'a'\n[[list]]\nname = 'b'", func(r *record) { r.names = []string{"a", "b"} })
	f("list = [{ name = 'a' }]", func(r *record) { r.names = []string{"a"} })
}

// TestFaults has a file for each fault that can be found without knowing the keys.
func TestFaults(t *testing.T) {
	f := func(file string, want ...string) {
		t.Helper()
		_, err := read(file)
		var faults Faults
		if !errors.As(err, &faults) {
			t.Errorf("%q: %v, want faults", file, err)
			return
		}
		got := make([]string, len(faults))
		for i := range faults {
			got[i] = faults[i].String()
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q:\n got %q\nwant %q", file, got, want)
		}
	}
	f("text = 1", `f.toml:1: text: must be a text in quotes, not a number`)
	f("texts = 'a'", `f.toml:1: texts: must be a list of texts such as ["a", "b"], not a text`)
	f("texts = [\n'a',\n2,\ntrue]", `f.toml:3: texts[1]: must be a text in quotes, not a number`,
		`f.toml:4: texts[2]: must be a text in quotes, not true or false`)
	f("either = 1.5", `f.toml:1: either: must be a text in quotes or a list of them, not a number with a fraction`)
	f("flag = 'true'", `f.toml:1: flag: must be true or false, without quotes, not a text`)
	f("whole = '1'", `f.toml:1: whole: must be a whole number, without quotes, not a text`)
	f("whole = 1.0", `f.toml:1: whole: must be a whole number, without quotes, not a number with a fraction`)
	f("whole = 6", `f.toml:1: whole: 6 is out of range; it must be from -5 to 5`)
	f("number = {}", `f.toml:1: number: must be a number, without quotes, not a table`)
	f("number = -1", `f.toml:1: number: -1 is out of range; it must be 0 or more`)
	f("number = nan", `f.toml:1: number: nan is out of range; it must be 0 or more`)
	f("number = inf", `f.toml:1: number: inf is out of range; it must be 0 or more`)
	f("wait = 30", `f.toml:1: wait: must be a duration in quotes such as "30s", not a number`)
	f("wait = '30'", `f.toml:1: wait: "30" is not a duration; write it like "500ms", "30s", "5m" or "24h"`)
	f("wait = '-1m'", `f.toml:1: wait: -1m is out of range; it must be from 1s to 1h`)
	f("wait = 0", `f.toml:1: wait: 0 is out of range; it must be from 1s to 1h`)
	f("pause = 'always'", `f.toml:1: pause: "always" is not a duration or "never"; write it like "500ms", "30s", "5m" or "24h"`)
	f("pause = 0", `f.toml:1: pause: 0 is out of range; it must be from 1s to 1h or "never"`)
	f("pause = true", `f.toml:1: pause: must be a duration in quotes such as "30s" or "never", not true or false`)
	f("pause = '${NO}'", `f.toml:1: pause: the environment variable NO is not set; set it before the start or write the value here`)
	f("waits = '5s'", `f.toml:1: waits: must be a list of durations such as ["5s", "5m"], not a text`)
	f("waits = ['5s', '5', '-1s']", `f.toml:1: waits[1]: "5" is not a duration; write it like "500ms", "30s", "5m" or "24h"`,
		`f.toml:1: waits[2]: -1s is out of range; it must be 0s or more`)
	f("size = 4096", `f.toml:1: size: must be a size in quotes such as "64MiB", not a number`)
	f("size = '4 MiB'", `f.toml:1: size: "4 MiB" is not a size; write it like "512KiB", "64MiB" or "20GiB"`)
	f("size = '-4MiB'", `f.toml:1: size: "-4MiB" is not a size; write it like "512KiB", "64MiB" or "20GiB"`)
	f("size = '2GiB'", `f.toml:1: size: 2GiB is out of range; it must be from 0B to 1GiB`)
	f("pairs = ['a']", `f.toml:1: pairs: must be a table of texts such as { Name = "value" }, not a list`)
	f("[pairs]\nA = 1\nB = '${NO}'\nB = ''", `f.toml:2: pairs.A: must be a text in quotes, not a number`,
		`f.toml:3: pairs.B: the environment variable NO is not set; set it before the start or write the value here`,
		`f.toml:4: pairs.B: stands twice; keep one of the two`)
	f("at = 2026-01-31", `f.toml:1: at: must be a date with time and zone such as 2026-01-31T15:04:05Z, not a date without time zone`)
	f("at = 'today'", `f.toml:1: at: "today" is not a date with time and zone such as 2026-01-31T15:04:05Z`)
	f("id = true", `f.toml:1: id: must be a whole number or a text in quotes, not true or false`)

	f("text = '${NO}'", `f.toml:1: text: the environment variable NO is not set; set it before the start or write the value here`)
	f("text = '${SECRET'", `f.toml:1: text: has "${" without the name of an environment variable and a "}"; write "$${" for a plain "${"`)
	f("text = '${1A}'", `f.toml:1: text: has "${" without the name of an environment variable and a "}"; write "$${" for a plain "${"`)
	f("wait = '${SECRET}'", `f.toml:1: wait: "${SECRET}" is not a duration; write it like "500ms", "30s", "5m" or "24h"`)

	f("texs = ['a']", `f.toml:1: texs: unknown key; did you mean "text"?`)
	f("[inner]\nx = 1", `f.toml:2: inner.x: unknown key; known are text`)
	f("[[list]]\nname = 'a'\nTitle = ''", `f.toml:3: list "a": Title: unknown key; known are name`)
	f("[[list]]\ntitle = ''", `f.toml:2: list[0]: title: unknown key; known are name`)
	f("text = 'a'\ntext = 'b'", `f.toml:2: text: stands in line 1 already; keep one of the two`)
	f("[inner]\ntext = 'a'\n[inner]\ntext = 'b'", `f.toml:3: inner: stands in line 1 already; put these keys there`,
		`f.toml:4: inner.text: stands in line 2 already; keep one of the two`)
	f("inner = 1", `f.toml:1: inner: must be a table, not a number`)
	f("[[inner]]\ntext = 1", `f.toml:1: inner: is a single table; write [inner]`, `f.toml:2: inner.text: must be a text in quotes, not a number`)
	f("[list]\nname = 1", `f.toml:1: list: is a list of tables; write [[list]]`, `f.toml:2: list[0]: name: must be a text in quotes, not a number`)
	f("list = 'a'", `f.toml:1: list: must be a list of tables, not a text`)
	f("list = ['a']", `f.toml:1: list[0]: must be a table, not a text`)
	f("[[list]]\n[list]", `f.toml:2: list: is a list of tables since line 1; write [[list]] here too`)
	f("[list]\n[[list]]", `f.toml:1: list: is a list of tables; write [[list]]`,
		`f.toml:2: list: is a single table in line 1; write [[list]] there too`)
	f("text = 'a'\n[text]", `f.toml:2: text: is already set in line 1; keep one of the two`)
	f("text = 'a'\n[[text]]", `f.toml:2: text: is already set in line 1; keep one of the two`)
	f("text = 'a'\n[text.more]", `f.toml:2: text: is already a value in line 1; a table cannot be put under it`)

	// A line that cannot be read is left out; the others are read, and its key is not called missing or unknown.
	f("text = abc\nflag = 1\n[inner]\ntext = 5m\ntext = 1",
		`f.toml:1: text: not valid TOML: unexpected character U+0061 'a' at start of value; texts, durations and sizes stand in quotes`,
		`f.toml:2: flag: must be true or false, without quotes, not a number`,
		`f.toml:4: inner.text: not valid TOML: strings must be quoted`,
		`f.toml:5: inner.text: stands in line 4 already; keep one of the two`)
	f("text = ", `f.toml:1: text: not valid TOML: expected value, not end of input; texts, durations and sizes stand in quotes`)
	f("whole = 007", `f.toml:1: whole: not valid TOML: integers cannot have leading zeroes; texts, durations and sizes stand in quotes`)
	f("whole = 99999999999999999999",
		`f.toml:1: 99999999999999999999: not valid TOML: decimal number is too large to fit in a 64-bit signed integer`)
	f("at = 2026-13-01T00:00:00Z", `f.toml:1: 2026-13-01T00:00:00Z: not valid TOML: impossible date`)
	// Anything else ends the reading.
	f("flag = 1\n[inner\ntext = 1", `f.toml:2: not valid TOML: expected ']' to close table name`)
	f("texts = [\n'a',\n'b'", `f.toml:3: not valid TOML: array is incomplete`)
}

func TestFaultsOfTheCaller(t *testing.T) {
	root, err := Parse("f", []byte("list = ['a',\n1, 'c']\n[headers]\nA = 'x'\nB = 1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	var headers map[string]string
	root.Texts("list", &list)
	root.Pairs("headers", &headers)
	root.Fault("list[0]", "no a")
	root.Fault("list[1]", "hidden: its type is wrong")
	root.Fault("headers.A", "no x")
	root.Fault("headers.B", "hidden: its type is wrong")
	root.Fault("", "all of it")
	root.Fault("missing", "is missing")
	want := "f:1: list[0]: no a\nf:1: all of it\nf:1: missing: is missing\nf:2: list[1]: must be a text in quotes, not a number\n" +
		"f:4: headers.A: no x\nf:5: headers.B: must be a text in quotes, not a number"
	if got := root.Err(); got == nil || got.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", got, want)
	}
	if !root.Has("list") || root.Has("missing") {
		t.Error("Has is wrong")
	}
	if !maps.Equal(headers, map[string]string{"A": "x", "B": ""}) || !slices.Equal(list, []string{"a", "", "c"}) {
		t.Errorf("read %q and %q", headers, list)
	}
}

func TestFormats(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(FormatDuration(0), "0s")
	f(FormatDuration(5*time.Minute), "5m")
	f(FormatDuration(72*time.Hour), "72h")
	f(FormatDuration(90*time.Second), "1m30s")
	f(FormatDuration(time.Hour+time.Second), "1h0m1s")
	f(FormatDuration(20*time.Minute), "20m")
	f(FormatDuration(time.Hour+10*time.Minute), "1h10m")
	f(FormatDuration(500*time.Millisecond), "500ms")
	f(FormatSize(0), "0B")
	f(FormatSize(1000), "1000B")
	f(FormatSize(1<<10), "1KiB")
	f(FormatSize(64<<20), "64MiB")
	f(FormatSize(20<<30), "20GiB")
	f(FormatSize(3<<40), "3TiB")
}

func TestSizes(t *testing.T) {
	f := func(text string, want int64, right bool) {
		t.Helper()
		if got, ok := ParseSize(text); ok != right || ok && got != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d, %v", text, got, ok, want, right)
		}
	}
	f("0", 0, true)
	f("1B", 1, true)
	f("512KiB", 512<<10, true)
	f("2MB", 2e6, true)
	f("1TiB", 1<<40, true)
	f("1TB", 1e12, true)
	f("10000000TiB", 0, false)
	f("", 0, false)
	f("B", 0, false)
	f("1", 0, false)
	f("1M", 0, false)
	f("1.2.3MiB", 0, false)
	f("1e3MiB", 0, false)
	f("infMiB", 0, false)
}
