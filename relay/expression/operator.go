package expression

import (
	"errors"
	"fmt"
	"strings"
)

var (
	errDepth = fmt.Errorf("lists and maps are nested deeper than %d", nestingMax)
	errSize  = fmt.Errorf("the expression makes a text longer than %d bytes", resultMax)
)

// The operators below stand in for expr-lang's where those fail on nil, or cost more than one step. Their names begin
// with a space, so that no expression can call them.
const (
	opList     = " list"     // x, which must be a list or nil, as a list
	opStep     = " step"     // takes n steps
	opMember   = " member"   // x.key or x[key]
	opEqual    = " equal"    // x == y
	opLess     = " less"     // x < y
	opMore     = " more"     // x > y
	opAtMost   = " at most"  // x <= y
	opAtLeast  = " at least" // x >= y
	opIn       = " in"       // x in y
	opAdd      = " add"      // x + y
	opContains = " contains" // x contains y
	opStarts   = " starts"   // x startsWith y
	opEnds     = " ends"     // x endsWith y
	opPattern  = " pattern"  // x, which must be a text or nil, once it is paid to match it
)

func operators() []function {
	return []function{
		{opList, 1, 1, anything, list},
		{opStep, 1, 1, anything, step},
		{opMember, 2, 2, anything, member},
		{opEqual, 2, 2, boolean, equal},
		{opLess, 2, 2, boolean, ordered(func(order int) bool { return order < 0 })},
		{opMore, 2, 2, boolean, ordered(func(order int) bool { return order > 0 })},
		{opAtMost, 2, 2, boolean, ordered(func(order int) bool { return order <= 0 })},
		{opAtLeast, 2, 2, boolean, ordered(func(order int) bool { return order >= 0 })},
		{opIn, 2, 2, boolean, in},
		{opAdd, 2, 2, anything, add},
		{opContains, 2, 2, boolean, contains},
		{opStarts, 2, 2, boolean, starts},
		{opEnds, 2, 2, boolean, ends},
		{opPattern, 2, 2, anything, pattern},
	}
}

// list also pays for going through the elements once.
func list(m *meter, args []any) (any, error) {
	switch elements := args[0].(type) {
	case nil:
		return []any(nil), nil
	case []any:
		return args[0], m.spend(len(elements))
	}
	return nil, fmt.Errorf("a %s where a list is asked for", kind(args[0]))
}

func step(m *meter, args []any) (any, error) {
	n, _ := args[0].(int)
	return nil, m.spend(n)
}

func member(m *meter, args []any) (any, error) {
	switch x := args[0].(type) {
	case map[string]any:
		key, ok := args[1].(string)
		if !ok {
			return nil, nil
		}
		return x[key], m.spendText(len(key))
	case []any:
		i, ok := args[1].(int)
		if i < 0 {
			i += len(x)
		}
		if !ok || i < 0 || i >= len(x) {
			return nil, nil
		}
		return x[i], nil
	}
	return nil, nil
}

func ordered(is func(order int) bool) func(*meter, []any) (any, error) {
	return func(m *meter, args []any) (any, error) {
		order, ok, err := compare(m, args[0], args[1])
		return ok && is(order), err
	}
}

// compare says that there is no order, which is no error, where one is nil.
func compare(m *meter, x, y any) (order int, ok bool, err error) {
	if x == nil || y == nil {
		return 0, false, nil
	}
	if a, ok := x.(string); ok {
		if b, ok := y.(string); ok {
			return strings.Compare(a, b), true, m.spendText(min(len(a), len(b)))
		}
	}
	if a, ok := x.(int); ok {
		if b, ok := y.(int); ok {
			return compareNumbers(a, b), true, nil
		}
	}
	a, aIs := number(x)
	b, bIs := number(y)
	if !aIs || !bIs {
		return 0, false, fmt.Errorf("cannot compare a %s with a %s", kind(x), kind(y))
	}
	return compareNumbers(a, b), true, nil
}

func compareNumbers[T int | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func number(x any) (float64, bool) {
	switch x := x.(type) {
	case int:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

func add(m *meter, args []any) (any, error) {
	switch x := args[0].(type) {
	case string:
		if y, ok := args[1].(string); ok {
			return concat(m, x, y)
		}
	case int:
		if y, ok := args[1].(int); ok {
			return x + y, nil
		}
	}
	x, xIs := number(args[0])
	y, yIs := number(args[1])
	if !xIs || !yIs {
		return nil, fmt.Errorf("cannot add a %s and a %s, see text()", kind(args[0]), kind(args[1]))
	}
	return x + y, nil
}

func concat(m *meter, x, y string) (any, error) {
	if len(x)+len(y) > resultMax {
		return nil, errSize
	}
	return x + y, m.spendText(len(x) + len(y))
}

// contains looks for a text in a text, or for an element in a list.
func contains(m *meter, args []any) (any, error) {
	if _, ok := args[0].([]any); ok {
		return in(m, []any{args[1], args[0]})
	}
	return ofTexts(m, args, "contains", strings.Contains)
}

func starts(m *meter, args []any) (any, error) {
	return ofTexts(m, args, "startsWith", strings.HasPrefix)
}

func ends(m *meter, args []any) (any, error) {
	return ofTexts(m, args, "endsWith", strings.HasSuffix)
}

func ofTexts(m *meter, args []any, name string, f func(x, y string) bool) (any, error) {
	if args[0] == nil || args[1] == nil {
		return false, nil
	}
	x, xIs := args[0].(string)
	y, yIs := args[1].(string)
	if !xIs || !yIs {
		return nil, fmt.Errorf("%q asks for texts, not for a %s and a %s", name, kind(args[0]), kind(args[1]))
	}
	if err := m.spendText(len(x) + len(y)); err != nil {
		return nil, err
	}
	return f(x, y), nil
}

// pattern takes what it costs at most to match a text: each byte may meet each instruction of the expression.
func pattern(m *meter, args []any) (any, error) {
	switch text := args[0].(type) {
	case nil:
		return nil, nil
	case string:
		instructions, _ := args[1].(int)
		return args[0], m.spend(1 + len(text)*instructions/4)
	}
	return nil, errors.New("\"matches\" asks for a text, not a " + kind(args[0]))
}

// kind names what x is for a message.
func kind(x any) string {
	switch x.(type) {
	case nil:
		return "nil"
	case bool:
		return "bool"
	case int, float64:
		return "number"
	case string:
		return "text"
	case []any:
		return "list"
	}
	return "map"
}
