package expression

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

func split(m *meter, args []any) (any, error) {
	x, xIs := args[0].(string)
	by, byIs := args[1].(string)
	switch {
	case args[0] == nil:
		return nil, nil
	case !xIs || !byIs:
		return nil, wrong("split", args[0])
	}
	if count := strings.Count(x, by); count >= memoryMax {
		return nil, fmt.Errorf("split() makes more than %d parts", memoryMax)
	} else if err := m.spend(1 + len(x)/bytesPerStep + 4*count); err != nil {
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
