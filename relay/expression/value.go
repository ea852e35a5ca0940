package expression

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"edgerelay/relay/event"
)

// decode makes of raw, a stable JSON value or nil, what expressions calculate with: nil, bool, int, float64, string,
// []any, map[string]any. Integers that fit are int, all other numbers float64.
func decode(raw []byte) any {
	if len(raw) == 0 {
		return nil
	}
	switch raw[0] {
	case '"':
		if plain, ok := event.PlainText(raw); ok {
			return string(plain)
		}
		return string(event.AppendText(nil, raw))
	case '{':
		object := make(map[string]any)
		_ = event.Members(raw, func(key, value []byte) bool {
			object[string(event.AppendText(nil, key))] = decode(value)
			return true
		})
		return object
	case '[':
		list := []any{}
		_ = event.Elements(raw, func(value []byte) bool {
			list = append(list, decode(value))
			return true
		})
		return list
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	}
	if i, err := strconv.Atoi(string(raw)); err == nil {
		return i
	}
	f, _ := strconv.ParseFloat(string(raw), 64)
	return f
}

var errLimit = errors.New("the result is too long")

// appendJSON appends x as stable JSON. The members of maps stand in the order of their keys. Maps and lists may be the same one in many
// places, so what is printed can be far larger than what is held: the error says that dst would exceed limit.
func appendJSON(dst []byte, x any, limit int) ([]byte, error) {
	return appendNested(dst, x, limit, 0)
}

func appendNested(dst []byte, x any, limit, depth int) ([]byte, error) {
	if depth > nestingMax {
		return dst, errDepth
	}
	var err error
	switch x := x.(type) {
	case nil:
		dst = append(dst, "null"...)
	case bool:
		dst = strconv.AppendBool(dst, x)
	case int:
		dst = strconv.AppendInt(dst, int64(x), 10)
	case float64:
		dst = event.AppendNumber(dst, x)
	case string:
		if len(x) > limit-len(dst) {
			return dst, errLimit
		}
		dst = event.AppendString(dst, x)
	case []any:
		dst, err = appendList(dst, x, limit, depth)
	case map[string]any:
		dst, err = appendMap(dst, x, limit, depth)
	default:
		err = errors.New("the expression gives no value")
	}
	if err == nil && len(dst) > limit {
		err = errLimit
	}
	return dst, err
}

func appendList(dst []byte, list []any, limit, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i, element := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendNested(dst, element, limit, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, object map[string]any, limit, depth int) ([]byte, error) {
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = event.AppendString(dst, key)
		dst = append(dst, ':')
		var err error
		if dst, err = appendNested(dst, object[key], limit, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendText appends x as a reader wants it: a text as it stands, nothing for nil, everything else as JSON.
func appendText(dst []byte, x any, limit int) ([]byte, error) {
	switch x := x.(type) {
	case nil:
		return dst, nil
	case string:
		if len(x) > limit-len(dst) {
			return dst, errLimit
		}
		return append(dst, x...), nil
	}
	return appendJSON(dst, x, limit)
}
