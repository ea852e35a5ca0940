package expression

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
)

// function is one that expressions call. Each gets the meter of its evaluation and min to max arguments.
type function struct {
	name     string
	min, max int
	gives    result
	call     func(m *meter, args []any) (any, error)
}

type result uint8

const (
	anything result = iota
	boolean
	integer
)

// functions are all there are. They take nil for what an event may lack.
func functions() []function {
	return append(operators(), publicFunctions()...)
}

func publicFunctions() []function {
	return []function{
		{"len", 1, 1, integer, length},
		{"first", 1, 1, anything, first},
		{"last", 1, 1, anything, last},
		{"split", 2, 2, anything, split},
		{"join", 1, 2, anything, join},
		{"lower", 1, 1, anything, onText("lower", strings.ToLower)},
		{"upper", 1, 1, anything, onText("upper", strings.ToUpper)},
		{"trim", 1, 1, anything, onText("trim", strings.TrimSpace)},
		{"replace", 3, 3, anything, replace},
		{"truncate", 2, 2, anything, truncate},
		{"abs", 1, 1, anything, onNumber("abs", math.Abs)},
		{"ceil", 1, 1, anything, onNumber("ceil", math.Ceil)},
		{"floor", 1, 1, anything, onNumber("floor", math.Floor)},
		{"round", 1, 1, anything, onNumber("round", math.Round)},
		{"int", 1, 1, anything, toInt},
		{"float", 1, 1, anything, toFloat},
		{"min", 2, 2, anything, smaller},
		{"max", 2, 2, anything, larger},
		{"text", 1, 1, anything, text},
		{"json", 1, 1, anything, jsonText},
		{"iso", 1, 1, anything, iso},
		{"sha256", 1, 1, anything, digest},
	}
}

func functionNames() []string {
	var all []string
	for _, f := range publicFunctions() {
		all = append(all, f.name)
	}
	all = append(all, loops()...)
	slices.Sort(all)
	return all
}

// loops are the functions over lists that expr-lang brings. Its others are left out: they read clocks (now), make much
// of little (repeat), have no order (keys, toPairs), take time by the square (uniq) or fail on nil; ours are above.
// findLast and findLastIndex of v1.17 leave values on the machine's stack, where the next operator takes them for its own.
func loops() []string {
	return []string{"all", "any", "none", "one", "count", "filter", "find", "findIndex", "map", "reduce", "sum"}
}

// option tells expr-lang about f. The rewriter puts the meter in front of the arguments.
func (f function) option() expr.Option {
	call := func(params ...any) (any, error) {
		m, ok := params[0].(*meter)
		if !ok {
			return nil, errors.New("no meter")
		}
		return f.call(m, params[1:])
	}
	return expr.Function(f.name, call, f.shapes()...)
}

// shapes are the Go types of f, for the checker.
func (f function) shapes() []any {
	all := map[result][]any{
		anything: {new(func(any, any) any), new(func(any, any, any) any), new(func(any, any, any, any) any)},
		boolean:  {new(func(any, any) bool), new(func(any, any, any) bool)},
		integer:  {new(func(any, any) int)},
	}
	return all[f.gives][f.min-1 : f.max]
}

func length(m *meter, args []any) (any, error) {
	switch x := args[0].(type) {
	case nil:
		return 0, nil
	case string:
		return utf8.RuneCountInString(x), m.spendText(len(x))
	case []any:
		return len(x), nil
	case map[string]any:
		return len(x), nil
	}
	return nil, wrong("len", args[0])
}

func wrong(name string, x any) error {
	return fmt.Errorf("%s() of a %s", name, kind(x))
}

func first(m *meter, args []any) (any, error) {
	return member(m, []any{args[0], 0})
}

func last(m *meter, args []any) (any, error) {
	return member(m, []any{args[0], -1})
}
