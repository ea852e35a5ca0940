package expression

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
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

func split(m *meter, args []any) (any, error) {
	x, xIs := args[0].(string)
	by, byIs := args[1].(string)
	switch {
	case args[0] == nil:
		return nil, nil
	case !xIs || !byIs:
		return nil, wrong("split", args[0])
	}
	if err := m.spend(1 + len(x)); err != nil {
		return nil, err
	}
	parts := strings.Split(x, by)
	all := make([]any, len(parts))
	for i := range parts {
		all[i] = parts[i]
	}
	return all, nil
}

func join(m *meter, args []any) (any, error) {
	elements, ok := args[0].([]any)
	if !ok {
		if args[0] == nil {
			return nil, nil
		}
		return nil, wrong("join", args[0])
	}
	by := ""
	if len(args) == 2 {
		by, _ = args[1].(string)
	}
	var joined []byte
	for i, element := range elements {
		if i > 0 {
			joined = append(joined, by...)
		}
		var err error
		if joined, err = appendText(joined, element, resultMax); err != nil {
			return nil, err
		}
		if err := m.spend(1); err != nil {
			return nil, err
		}
	}
	return string(joined), m.spendText(len(joined))
}

// onText is a function of one text, which must not make much more of it.
func onText(name string, f func(string) string) func(*meter, []any) (any, error) {
	return func(m *meter, args []any) (any, error) {
		switch x := args[0].(type) {
		case nil:
			return nil, nil
		case string:
			if err := m.spendText(4 * len(x)); err != nil {
				return nil, err
			}
			return f(x), nil
		}
		return nil, wrong(name, args[0])
	}
}

func replace(m *meter, args []any) (any, error) {
	x, xIs := args[0].(string)
	old, oldIs := args[1].(string)
	with, withIs := args[2].(string)
	switch {
	case args[0] == nil:
		return nil, nil
	case !xIs || !oldIs || !withIs:
		return nil, errors.New("replace() asks for three texts")
	}
	if err := m.spendText(2 * len(x)); err != nil {
		return nil, err
	}
	if size := len(x) + strings.Count(x, old)*(len(with)-len(old)); size > max(resultMax, len(x)) {
		return nil, errSize
	} else if err := m.spendText(size); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(x, old, with), nil
}

// truncate is the first n characters, with "…" in the last one's place when there are more.
func truncate(m *meter, args []any) (any, error) {
	x, xIs := args[0].(string)
	n, nIs := args[1].(int)
	switch {
	case args[0] == nil:
		return nil, nil
	case !xIs || !nIs || n < 1:
		return nil, errors.New("truncate() asks for a text and a number from 1")
	}
	if err := m.spendText(len(x)); err != nil {
		return nil, err
	}
	count, cut := 0, 0
	for i := range x {
		if count == n-1 {
			cut = i
		}
		if count++; count > n {
			return x[:cut] + "…", nil
		}
	}
	return x, nil
}

// onNumber is a function of one number. It gives an integer where the result is one.
func onNumber(name string, f func(float64) float64) func(*meter, []any) (any, error) {
	return func(_ *meter, args []any) (any, error) {
		if args[0] == nil {
			return nil, nil
		}
		x, ok := number(args[0])
		if !ok {
			return nil, wrong(name, args[0])
		}
		y := f(x)
		if y == math.Trunc(y) && math.Abs(y) <= exact {
			return int(y), nil
		}
		return y, nil
	}
}

func toInt(m *meter, args []any) (any, error) {
	f, err := parsed(m, "int", args[0])
	if f, ok := f.(float64); ok {
		if math.IsNaN(f) || math.Abs(f) > exact {
			return nil, fmt.Errorf("int() of %v, which is out of range", f)
		}
		return int(f), nil
	}
	return f, err
}

func toFloat(m *meter, args []any) (any, error) {
	f, err := parsed(m, "float", args[0])
	if i, ok := f.(int); ok {
		return float64(i), nil
	}
	return f, err
}

// parsed is x when it is a number or nil, or the number that the text x spells.
func parsed(m *meter, name string, x any) (any, error) {
	switch x := x.(type) {
	case nil, int, float64:
		return x, nil
	case string:
		if err := m.spendText(len(x)); err != nil {
			return nil, err
		}
		if i, err := strconv.Atoi(strings.TrimSpace(x)); err == nil {
			return i, nil
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		if err != nil {
			return nil, fmt.Errorf("%s() of a text that is no number", name)
		}
		return f, nil
	}
	return nil, wrong(name, x)
}

func smaller(m *meter, args []any) (any, error) {
	return chosen(m, args, -1)
}

func larger(m *meter, args []any) (any, error) {
	return chosen(m, args, 1)
}

// chosen is the first argument when its order to the second is the wanted one, else the second; of nil and another, the
// other.
func chosen(m *meter, args []any, want int) (any, error) {
	order, ok, err := compare(m, args[0], args[1])
	if ok && order == want || args[1] == nil {
		return args[0], err
	}
	return args[1], err
}

func text(m *meter, args []any) (any, error) {
	return printed(m, args[0], appendText)
}

func jsonText(m *meter, args []any) (any, error) {
	return printed(m, args[0], appendJSON)
}

func printed(m *meter, x any, print func(dst []byte, x any, limit int) ([]byte, error)) (any, error) {
	if err := m.weigh(x, 0); err != nil {
		return nil, err
	}
	b, err := print(nil, x, resultMax)
	if err != nil {
		return nil, err
	}
	return string(b), nil
}

func iso(_ *meter, args []any) (any, error) {
	if args[0] == nil {
		return nil, nil
	}
	seconds, ok := number(args[0])
	if !ok || !(math.Abs(seconds) < 1<<37) {
		return nil, wrong("iso", args[0])
	}
	return string(appendTime(nil, int64(math.Round(seconds*1000)))), nil
}

// appendTime appends Unix milliseconds as Date.toISOString prints them.
func appendTime(dst []byte, milliseconds int64) []byte {
	return time.UnixMilli(milliseconds).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// digest is that of a text's characters, or of the JSON of anything else, as package mask has it.
func digest(m *meter, args []any) (any, error) {
	if args[0] == nil {
		return nil, nil
	}
	if err := m.weigh(args[0], 0); err != nil {
		return nil, err
	}
	b, err := appendText(nil, args[0], resultMax)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
