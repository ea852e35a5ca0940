package matcher

import (
	"fmt"
	"strings"
	"testing"
)

// draw writes a forest as the package comment does, one node a line.
func draw(f *forest, roots int) string {
	var out strings.Builder
	var walk func(n uint32, indent, text string)
	walk = func(n uint32, indent, text string) {
		fmt.Fprintf(&out, "%s%s", indent, text)
		if values := f.list(n); values.len() > 0 {
			fmt.Fprintf(&out, " * %v", numbers(values))
		}
		out.WriteString("\n")
		for child := f.nodes[n].first; child < f.nodes[n+1].first; child++ {
			label := f.labels[f.nodes[child].label:f.nodes[child+1].label]
			walk(child, indent+"  ", fmt.Sprintf("%q", string(f.keys[child])+string(label)))
		}
	}
	for root := range roots {
		walk(uint32(root), "", fmt.Sprintf("root %d", root))
	}
	return out.String()
}

// numbers unpacks a list.
func numbers(l list) []uint32 {
	var out []uint32
	for i := range l.len() {
		out = append(out, l.at(i))
	}
	return out
}

func TestPlantDrawing(t *testing.T) { // the drawing of the package comment; 1, 2, 3 have the places 0, 1, 2
	index := indexOf(parse(t, "1 guide*, 2 guideSeen:abc, 1 guideSeen:ab*, 3 guideSeen:axe*"))
	f := func(forest *forest, roots int, want string) {
		t.Helper()
		if got := draw(forest, roots); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	f(&index.names.prefix, 1, `root 0
  "guide" * [0]
`)
	f(&index.ids.prefix, 2, `root 0
root 1
  "a"
    "b" * [0]
    "xe" * [2]
`)
}

func TestPlant(t *testing.T) {
	f := func(selections, want string) {
		t.Helper()
		if got := draw(&indexOf(parse(t, selections)).ids.prefix, 1); got != want {
			t.Errorf("plant %q:\ngot\n%s\nwant\n%s", selections, got, want)
		}
	}
	f("a n:abc", "root 0\n")
	f("a n:abc*, a n:abc*", "root 0\n  \"abc\" * [0]\n")
	f("b n:abc*, a n:abc*", "root 0\n  \"abc\" * [0 1]\n")
	f("a n:abd*, a n:abc*", "root 0\n  \"ab\"\n    \"c\" * [0]\n    \"d\" * [0]\n")
	f("a n:abcd*, b n:ab*", "root 0\n  \"ab\" * [1]\n    \"cd\" * [0]\n")
	f("a n:b*, b n:a*, b n:*, b n:**", "root 0 * [1]\n  \"*\" * [1]\n  \"a\" * [1]\n  \"b\" * [0]\n")
}
