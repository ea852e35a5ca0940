package expression

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

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
