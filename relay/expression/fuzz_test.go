package expression

import (
	"testing"
)

// No text makes the compiler or an evaluation panic, and none runs on for ever.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{
		`properties.plan == "pro"`, `any(properties.items, .n > 4)`, `let x = ids; len(x) in [1, 2]`, `!guide?.nps.rating`,
		`properties["a b"] ?? "x" matches "^a+"`, `reduce(properties.items, #acc + #index, 0) ** 2 > 3`, `{a: [1, nil]} == {}`,
		`if event == "x" { true } else { false }`, `join(split(visitor, "@"), 1) | upper() == iso(timestamp)`, `properties.user["tags"][-1]`,
	} {
		f.Add(text)
	}
	e := sample(properties)
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := CompileFilter(text)
		if (filter == nil) == (err == nil) {
			t.Fatalf("%v, %v", filter, err)
		}
		if err != nil {
			return
		}
		first, firstErr := filter.Match(begin(e))
		again, againErr := filter.Match(begin(e))
		if first != again || (firstErr == nil) != (againErr == nil) {
			t.Errorf("%v, %v, then %v, %v", first, firstErr, again, againErr)
		}
	})
}
