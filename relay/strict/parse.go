package strict

import (
	"bytes"
	"errors"
	"regexp"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parser turns the bytes of a file into a tree. go-toml's own decoder stops at the first fault and forgets lines, so the
// tree is built here from its expressions.
type parser struct {
	toml    unstable.Parser
	out     *report
	data    []byte
	starts  []int // offset at which each line starts
	root    *tree
	current *tree  // the table of the last header
	path    string // that header, with a dot
}

// Parse reads a whole file. file is its name in faults; lookup finds environment variables (os.LookupEnv). An error is
// of type Faults and means that the syntax is too broken to read on; every other fault comes with the root table's Err.
func Parse(file string, data []byte, lookup func(string) (string, bool)) (*Table, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p := parser{out: &report{file: file, lookup: lookup}, data: data, root: newTree(1, byHeader)}
	p.current = p.root
	p.starts = append(p.starts, 0)
	for i, c := range data {
		if c == '\n' {
			p.starts = append(p.starts, i+1)
		}
	}
	p.toml.Reset(data)
	for {
		for p.toml.NextExpression() {
			p.expression(p.toml.Expression())
		}
		err := p.toml.Error()
		if err == nil {
			return p.out.table(p.root, ""), nil
		}
		next, goOn := p.syntaxFault(err)
		if !goOn {
			return nil, p.out.err()
		}
		p.toml.Reset(data[next:])
	}
}

// assignment is a line that starts with a bare key and "=".
var assignment = regexp.MustCompile(`^[ \t]*([A-Za-z0-9_-]+)[ \t]*=`)

// syntaxFault notes what the parser stumbled over. A broken `key = value` line is left out, and reading goes on at the
// returned offset; after anything else the rest of the file cannot be trusted.
func (p *parser) syntaxFault(err error) (next int, goOn bool) {
	offset, text := len(p.data), err.Error()
	var syntax *unstable.ParserError
	if errors.As(err, &syntax) {
		offset = min(cap(p.data)-cap(syntax.Highlight), len(p.data))
	}
	line := p.line(offset)
	key := assignment.FindSubmatch(p.data[p.starts[line-1]:])
	if key == nil {
		p.out.add(line, "", "not valid TOML: %s", text)
		return 0, false
	}
	name := string(key[1])
	if !strings.Contains(text, "quote") {
		text += "; texts, durations and sizes stand in quotes"
	}
	p.out.add(line, p.path+name, "not valid TOML: %s", text)
	if p.current.at[name] == nil {
		p.current.put(name, &node{kind: kindBad, line: line})
	}
	if line == len(p.starts) {
		return len(p.data), true
	}
	return p.starts[line], true
}

// line is the number of the line that an offset stands in.
func (p *parser) line(offset int) int {
	return sort.SearchInts(p.starts, offset+1)
}

// lineOf is the line of a node, or that of what it stands in when the parser kept no place for it.
func (p *parser) lineOf(n *unstable.Node, outer int) int {
	if n.Raw.Length == 0 {
		return outer
	}
	return p.line(cap(p.data) - cap(p.toml.Raw(n.Raw)))
}

func (p *parser) expression(n *unstable.Node) {
	if n.Kind == unstable.KeyValue {
		p.keyValue(p.current, n)
		return
	}
	path, line := p.key(n.Key())
	p.path = strings.Join(path, ".") + "."
	p.header(path, line, n.Kind == unstable.ArrayTable)
}

// key is a dotted key and the line it stands in.
func (p *parser) key(it unstable.Iterator) (path []string, line int) {
	for it.Next() {
		if line == 0 {
			line = p.lineOf(it.Node(), 1)
		}
		path = append(path, string(it.Node().Data))
	}
	return path, line
}

func (p *parser) keyValue(into *tree, n *unstable.Node) {
	path, line := p.key(n.Key())
	last := len(path) - 1
	for _, name := range path[:last] {
		child := into.at[name]
		switch {
		case child == nil:
			into = into.newTable(name, line, byDots)
		case child.kind == kindTable && child.table.made == byDots:
			into = child.table
		default:
			into.again = append(into.again, twice{name, line})
			return
		}
	}
	if into.at[path[last]] != nil {
		into.again = append(into.again, twice{path[last], line})
		return
	}
	into.put(path[last], p.value(n.Value(), line))
}

func (p *parser) value(n *unstable.Node, outer int) *node {
	v := &node{kind: kinds[n.Kind], line: p.lineOf(n, outer), text: string(n.Data)}
	switch v.kind {
	case kindText:
	case kindList:
		for it := n.Children(); it.Next(); {
			v.list = append(v.list, p.value(it.Node(), v.line))
		}
	case kindTable:
		v.table = newTree(v.line, inline)
		for it := n.Children(); it.Next(); {
			p.keyValue(v.table, it.Node())
		}
	default:
		p.scalar(v)
	}
	return v
}

// scalar decodes a number, a boolean or a date with go-toml itself, which knows which of them are valid.
func (p *parser) scalar(v *node) {
	var decoded struct{ V any }
	if err := toml.Unmarshal([]byte("V = "+v.text), &decoded); err != nil {
		p.out.add(v.line, "", "%s: not valid TOML: %s", v.text, strings.TrimPrefix(err.Error(), "toml: "))
		v.kind = kindBad
	}
	v.value = decoded.V
}

// header makes [path] or, with list, one more element of [[path]] the current table. A header that clashes with what
// stands before it is noted, and the keys under it are read into a table of their own, so that their faults show too.
func (p *parser) header(path []string, line int, list bool) {
	at, last := p.root, len(path)-1
	for i, name := range path[:last] {
		child := at.at[name]
		switch {
		case child == nil:
			at = at.newTable(name, line, byPath)
		case child.kind == kindTable && child.table.made != inline:
			at = child.table
		case child.heads:
			at = child.list[len(child.list)-1].table
		default:
			p.clash(path[:i+1], line, "is already a value in line %d; a table cannot be put under it", child.line)
			return
		}
	}
	if list {
		p.element(at, path, line)
	} else {
		p.table(at, path, line)
	}
}

// clash notes a header that cannot stand here and opens a table that nobody will read.
func (p *parser) clash(path []string, line int, format string, args ...any) {
	p.out.add(line, strings.Join(path, "."), format, args...)
	p.current = newTree(line, byHeader)
}

func (p *parser) table(at *tree, path []string, line int) {
	name := path[len(path)-1]
	child := at.at[name]
	switch {
	case child == nil:
		p.current = at.newTable(name, line, byHeader)
	case child.kind == kindTable && child.table.made == byPath:
		child.line, child.table.line, child.table.made = line, line, byHeader
		p.current = child.table
	case child.heads:
		p.clash(path, line, "is a list of tables since line %d; write [[%s]] here too", child.line, strings.Join(path, "."))
		p.current = child.addElement(line)
	case child.kind == kindTable && child.table.made == byHeader:
		p.clash(path, line, "stands in line %d already; put these keys there", child.line)
		p.current = child.table
	default:
		p.clash(path, line, "is already set in line %d; keep one of the two", child.line)
	}
}

func (p *parser) element(at *tree, path []string, line int) {
	name := path[len(path)-1]
	child := at.at[name]
	switch {
	case child == nil:
		child = &node{kind: kindList, line: line, heads: true}
		at.put(name, child)
		p.current = child.addElement(line)
	case child.heads:
		p.current = child.addElement(line)
	case child.kind == kindTable:
		p.clash(path, line, "is a single table in line %d; write [[%s]] there too", child.line, strings.Join(path, "."))
	default:
		p.clash(path, line, "is already set in line %d; keep one of the two", child.line)
	}
}
