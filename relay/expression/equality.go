package expression

import "fmt"

func equal(m *meter, args []any) (any, error) {
	if err := m.weigh(args[0], 0); err != nil {
		return nil, err
	}
	return same(args[0], args[1]), nil
}

// same goes no deeper, and looks at no more, than x, which has been weighed.
func same(x, y any) bool {
	switch x := x.(type) {
	case []any:
		other, ok := y.([]any)
		if !ok || len(x) != len(other) {
			return false
		}
		for i := range x {
			if !same(x[i], other[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		other, ok := y.(map[string]any)
		if !ok || len(x) != len(other) {
			return false
		}
		for key := range x {
			if value, ok := other[key]; !ok || !same(x[key], value) {
				return false
			}
		}
		return true
	}
	switch y.(type) {
	case []any, map[string]any, constants:
		return false
	}
	return normal(x) == normal(y)
}

// exact is the largest integer up to which each has a float64 of its own.
const exact = 1 << 53

// normal gives equal scalars one form: integers that a float64 holds become one.
func normal(x any) any {
	if i, ok := x.(int); ok && -exact <= i && i <= exact {
		return float64(i)
	}
	return x
}

// constants is the right side of "in" when it is a list of texts, numbers and such: a set, made once.
type constants map[any]struct{}

func in(m *meter, args []any) (any, error) {
	switch y := args[1].(type) {
	case nil:
		return false, nil
	case constants:
		if text, ok := args[0].(string); ok {
			if err := m.spendText(len(text)); err != nil {
				return nil, err
			}
		}
		switch args[0].(type) {
		case []any, map[string]any:
			return false, nil
		}
		_, ok := y[normal(args[0])]
		return ok, nil
	case map[string]any:
		key, ok := args[0].(string)
		if ok {
			_, ok = y[key]
		}
		return ok, m.spendText(len(key))
	case []any:
		for _, element := range y {
			if err := m.weigh(element, 0); err != nil {
				return nil, err
			}
			if same(element, args[0]) {
				return true, nil
			}
		}
		return false, nil
	}
	return nil, fmt.Errorf(`"in" asks for a list or a map on its right, not a %s`, kind(args[1]))
}
