package strict

import (
	"math"
	"reflect"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// plain is a tree as go-toml decodes it into a map, and whether any key in it stands twice.
func plain(t *tree) (values map[string]any, twice bool) {
	values, twice = map[string]any{}, len(t.again) > 0
	for key, n := range t.at {
		v, again := n.plain()
		values[key], twice = v, twice || again
	}
	return values, twice
}

func (n *node) plain() (value any, twice bool) {
	switch n.kind {
	case kindText:
		return n.text, false
	case kindTable:
		return plain(n.table)
	case kindList:
		list := make([]any, len(n.list))
		for i, element := range n.list {
			v, again := element.plain()
			list[i], twice = v, twice || again
		}
		return list, twice
	}
	return n.value, false
}

// compare holds the tree against go-toml's decoder: the same files are right, and they hold the same.
func compare(t *testing.T, file string) {
	t.Helper()
	var want map[string]any
	errWant := toml.Unmarshal([]byte(file), &want)
	root, err := Parse("f", []byte(file), func(string) (string, bool) { return "", false })
	var got map[string]any
	var twice bool
	if err == nil {
		got, twice = plain(root.tree)
		twice = twice || len(root.out.faults) > 0
	}
	if wrong := err != nil || twice; wrong != (errWant != nil) {
		t.Fatalf("%q: the tree says %v and %v, go-toml says %v", file, err, root, errWant)
	}
	if want == nil {
		want = map[string]any{}
	}
	if errWant == nil && !same(got, want) {
		t.Fatalf("%q:\n  tree    %v\n  go-toml %v", file, got, want)
	}
}

// same is DeepEqual, under which NaN equals NaN.
func same(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, found := b[k]; !found || !same(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// files are right and wrong in every way that tables can be.
var files = []string{
	"", "# nothing", "a = 1", "a = 1\nb = 2", "a = 1\r\nb = 2\r\n",
	"[t]\na = 1\n[u]\na = 2", "[t]\n[t.u]\na = 1", "[t.u]\na = 1\n[t]\nb = 2",
	"[t]\na.b = 1\na.c = 2", "[t]\na.b = 1\n[t.a]\nc = 2", "[t]\na.b = 1\n[t.a.d]\nc = 2",
	"[[t]]\na = 1\n[[t]]\na = 2", "[[t]]\n[t.u]\na = 1\n[[t]]\n[t.u]\na = 2", "[[t.u]]\na = 1\n[[t.u]]",
	"t = { a = 1, b = [1, 2, { c = 3 }] }", "t = [[1, 2], [3]]", "t = []", "t = {}",
	"a = 'x'\nb = \"y\\n\"\nc = '''z\nz'''\nd = \"\"\"w\\\n  w\"\"\"",
	"a = 0x1f\nb = 0o17\nc = 0b11\nd = 1_000\ne = -7\nf = +7",
	"a = 1.5\nb = 1e3\nc = inf\nd = -inf\ne = nan\nf = 6.02e+23",
	"a = true\nb = false", "a = 2026-01-31T15:04:05Z\nb = 2026-01-31\nc = 15:04:05\nd = 2026-01-31T15:04:05",
	"\"quoted key\" = 1\n'x.y' = 2", "a.\"b.c\".d = 1", "[ t . u ]\na = 1", "a = [\n  1, # one\n  2,\n]",
	"a = 1\na = 2", "[t]\n[t]", "[t]\na = 1\n[t]\nb = 1", "a = 1\n[a]", "a = 1\n[a.b]", "a = 1\na.b = 2", "a.b = 1\na = 2",
	"[[t]]\n[t]", "[t]\n[[t]]", "t = []\n[[t]]", "t = {}\n[t]", "t = {}\n[t.u]", "t = { a = 1, a = 2 }", "t = [{ a = 1, a = 2 }]",
	"t = { u = {} }\nt.u.v = 1", "[t.u]\n[t]\nu.v = 1", "a.b.c = 1\na.b.c = 2", "a.b.c = 1\na.b = 2", "[t]\nu.v = 1\n[t.u]",
	"[a.b]\n[a]\n[a]", "[[a.b]]\n[a]\n", "[[a.b]]\n[[a]]\n",
	"a = 007", "a = 1__0", "a = 0x", "a = 99999999999999999999", "a = 2026-13-01", "a = 25:00:00", "a = 1.", "a = .5",
}

func TestTreeIsGoTOML(t *testing.T) {
	for _, file := range files {
		compare(t, file)
	}
}

func FuzzTreeIsGoTOML(f *testing.F) {
	for _, file := range files {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		compare(t, file)
	})
}

func TestLines(t *testing.T) {
	const file = "\n# comment\na = 1\n\nlist = [\n  \"x\",\n  [\n 2],\n  { y = 1 },\n]\n[t]\nb.c = '''\n\n'''\nd = 1\n\n[[u]]\n[u.v]\nw = 1\n"
	root, err := Parse("f", []byte(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := func(path string, want int) {
		t.Helper()
		if got := root.line(path); got != want {
			t.Errorf("line of %q is %d, want %d", path, got, want)
		}
	}
	f("", 1)
	f("a", 3)
	f("list", 5)
	f("list[0]", 6)
	f("list[2]", 9)
	f("list[7]", 5) // no such place: the list's line
	f("t", 11)
	f("t.b", 12)
	f("t.d", 15)
	f("u", 17)
	f("u[0]", 17)
	f("nothing", 1)
}

func TestByteOrderMark(t *testing.T) {
	root, err := Parse("f", []byte("\ufeffa = 1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := 0
	root.Int("a", &a, 0, 9)
	if err := root.Err(); err != nil || a != 1 {
		t.Errorf("a = %d, %v", a, err)
	}
}
