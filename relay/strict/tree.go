package strict

import "github.com/pelletier/go-toml/v2/unstable"

// kind is the type of a value, as TOML knows it.
type kind uint8

const (
	kindBad kind = iota // there is a value, and a fault about it is already noted
	kindText
	kindInteger
	kindFloat
	kindBool
	kindTime // a date with time and zone
	kindDate // a date or time without zone
	kindList
	kindTable
)

// String names the kind in messages.
func (k kind) String() string {
	return [...]string{"a broken value", "a text", "a number", "a number with a fraction", "true or false", "a date and time",
		"a date without time zone", "a list", "a table"}[k]
}

// kinds translates the parser's kinds.
var kinds = map[unstable.Kind]kind{
	unstable.String: kindText, unstable.Integer: kindInteger, unstable.Float: kindFloat, unstable.Bool: kindBool,
	unstable.DateTime: kindTime, unstable.LocalDateTime: kindDate, unstable.LocalDate: kindDate, unstable.LocalTime: kindDate,
	unstable.Array: kindList, unstable.InlineTable: kindTable,
}

// node is one value of the file.
type node struct {
	kind  kind
	line  int
	text  string // of a text: decoded, environment variables not filled in; of other scalars: as it stands in the file
	value any    // of numbers, booleans and times: int64, float64, bool, time.Time
	list  []*node
	table *tree
	heads bool // a list that [[headers]] made; an inline list cannot be added to
}

// origin is how a table came to be, which decides who may still add to it.
type origin uint8

const (
	byHeader origin = iota // its own [header]; only once
	byPath                 // the "a" of [a.b]; its own header may still come
	byDots                 // the "a" of a.b = 1; only more dotted keys
	inline                 // { … }; closed
)

// tree is one table of the file.
type tree struct {
	line  int
	made  origin
	keys  []string // in the file's order
	at    map[string]*node
	again []twice
}

// twice is a key that was written again.
type twice struct {
	key  string
	line int
}

func newTree(line int, made origin) *tree {
	return &tree{line: line, made: made, at: map[string]*node{}}
}

func (t *tree) put(key string, n *node) {
	t.keys = append(t.keys, key)
	t.at[key] = n
}

// newTable puts an empty table under a key.
func (t *tree) newTable(key string, line int, made origin) *tree {
	child := newTree(line, made)
	t.put(key, &node{kind: kindTable, line: line, table: child})
	return child
}

// addElement appends an empty table to the list n that [[headers]] make.
func (n *node) addElement(line int) *tree {
	child := newTree(line, byHeader)
	n.list = append(n.list, &node{kind: kindTable, line: line, table: child})
	return child
}
