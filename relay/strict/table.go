package strict

import (
	"fmt"
	"slices"
	"strings"

	"edgerelay/relay/spell"
)

// Table reads the keys of one table of the file. Each reading method leaves the field as it is when the key is absent,
// sets it when the value is right, and notes a fault when it is not. A key that no method was asked for is unknown, and
// a fault. Not safe for concurrent use.
type Table struct {
	out    *report
	tree   *tree
	prefix string // what stands before a key of this table in faults: "intake.", `webhook "crm": `
	known  []string
	failed map[string]bool // paths under which a fault is noted
}

func (r *report) table(t *tree, prefix string) *Table {
	table := &Table{out: r, tree: t, prefix: prefix, failed: map[string]bool{}}
	r.tables = append(r.tables, table)
	return table
}

// Err is every fault of the file, of type Faults, or nil. It is asked of any one of the file's tables, once, after all
// known keys were read.
func (t *Table) Err() error {
	for _, table := range t.out.tables {
		table.unread()
	}
	return t.out.err()
}

// Noted is the faults noted so far, as Err has them, for who reads a part of the file and leaves the rest to others.
func (t *Table) Noted() error {
	return t.out.err()
}

// unread notes the keys that nobody asked for and those that stand twice.
func (t *Table) unread() {
	for _, key := range t.tree.keys {
		if slices.Contains(t.known, key) || t.tree.at[key].kind == kindBad {
			continue
		}
		t.out.add(t.tree.at[key].line, t.prefix+key, "unknown key; %s", spell.Hint(key, t.known))
	}
	for _, again := range t.tree.again {
		t.out.add(again.line, t.prefix+again.key, "stands in line %d already; keep one of the two", t.tree.at[again.key].line)
	}
}

// Fault notes a fault that only the caller can see, such as two keys that contradict each other. path is a key of this
// table, "" for the table as a whole, or a place in a value: events[0], headers.Accept. Where the value itself could not
// be read nothing is added: one fault is enough.
func (t *Table) Fault(path, format string, args ...any) {
	for at := path; at != ""; at = parent(at) {
		if t.failed[at] {
			return
		}
	}
	t.out.add(t.line(path), t.name(path), format, args...)
}

// name is the path as faults show it.
func (t *Table) name(path string) string {
	if path == "" {
		return strings.TrimRight(t.prefix, ":. ")
	}
	return t.prefix + path
}

// parent is the path of what a path stands in: "events" for "events[0]", "" for "events".
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, "[."))]
}

// line is that of the value at path, or of the nearest thing around it.
func (t *Table) line(path string) int {
	if path == "" {
		return t.tree.line
	}
	if n := t.node(path); n != nil {
		return n.line
	}
	return t.line(parent(path))
}

// node finds the value at path, nil when there is none.
func (t *Table) node(path string) *node {
	if n := t.tree.at[path]; n != nil {
		return n
	}
	outer := t.tree.at[parent(path)]
	if outer == nil {
		return nil
	}
	if outer.kind == kindTable {
		return outer.table.at[path[len(parent(path))+1:]]
	}
	var i int
	if _, err := fmt.Sscanf(path[len(parent(path)):], "[%d]", &i); err == nil && i < len(outer.list) {
		return outer.list[i]
	}
	return nil
}

// Has says whether the file has the key, readable or not.
func (t *Table) Has(key string) bool {
	return t.tree.at[key] != nil
}

// Unread says whether a value stands at path that could not be read, or is out of range. Its fault is noted.
func (t *Table) Unread(path string) bool { return t.failed[path] }

// find takes the value of a key, nil when it is absent or broken.
func (t *Table) find(key string) *node {
	if !slices.Contains(t.known, key) {
		t.known = append(t.known, key)
	}
	n := t.tree.at[key]
	if n != nil && n.kind == kindBad {
		t.failed[key] = true
		return nil
	}
	return n
}

// fail notes a fault of the value at path, once.
func (t *Table) fail(n *node, path, format string, args ...any) {
	t.failed[path] = true
	t.out.add(n.line, t.name(path), format, args...)
}

// mismatch notes a value of the wrong type. Nothing is said of one that was broken to begin with.
func (t *Table) mismatch(n *node, path, want string) {
	if n.kind == kindBad {
		t.failed[path] = true
		return
	}
	t.fail(n, path, "must be %s, not %s", want, n.kind)
}

// Table is the table under a key. An absent one reads like an empty one.
func (t *Table) Table(key string) *Table {
	prefix := t.prefix + key + "."
	n := t.find(key)
	switch {
	case n == nil:
	case n.kind == kindTable:
		return t.out.table(n.table, prefix)
	case n.kind == kindList && n.heads:
		t.fail(n, key, "is a single table; write [%s]", key)
		return t.out.table(n.list[0].table, prefix)
	default:
		t.mismatch(n, key, "a table")
	}
	return t.out.table(newTree(t.tree.line, byPath), prefix)
}

// Tables are the tables of a list, each called by its text under nameKey in faults, or by its place when it has none.
func (t *Table) Tables(key, nameKey string) []*Table {
	n := t.find(key)
	if n == nil {
		return nil
	}
	elements := n.list
	switch {
	case n.kind == kindTable:
		t.fail(n, key, "is a list of tables; write [[%s]]", key)
		elements = []*node{n}
	case n.kind != kindList:
		t.mismatch(n, key, "a list of tables")
	}
	var tables []*Table
	for i, element := range elements {
		path := fmt.Sprintf("%s[%d]", key, i)
		if element.kind != kindTable {
			t.mismatch(element, path, "a table")
			continue
		}
		name := path
		if n := element.table.at[nameKey]; n != nil && n.kind == kindText && n.text != "" {
			name = fmt.Sprintf("%s %q", key, n.text)
		}
		tables = append(tables, t.out.table(element.table, t.prefix+name+": "))
	}
	return tables
}
