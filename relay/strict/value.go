package strict

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

const (
	wantText     = "a text in quotes"
	wantTexts    = `a list of texts such as ["a", "b"]`
	wantDuration = `a duration in quotes such as "30s"`
	wantSize     = `a size in quotes such as "64MiB"`
)

// fill is the text of a value with its environment variables filled in.
func (t *Table) fill(n *node, path, want string) (string, bool) {
	if n.kind != kindText {
		t.mismatch(n, path, want)
		return "", false
	}
	text, err := expand(n.text, t.out.lookup)
	if err != nil {
		t.fail(n, path, "%v", err)
		return "", false
	}
	return text, true
}

// Text reads a text.
func (t *Table) Text(key string, dst *string) {
	if n := t.find(key); n != nil {
		if text, ok := t.fill(n, key, wantText); ok {
			*dst = text
		}
	}
}

// Blank says whether a key is absent or an empty text. A text with an environment variable that is not set is not empty.
func (t *Table) Blank(key string) bool {
	n := t.find(key)
	if n == nil || n.kind != kindText {
		return n == nil
	}
	text, err := expand(n.text, t.out.lookup)
	return err == nil && text == ""
}

// Texts reads a list of texts. A broken element is left empty in it, so that the others keep their places.
func (t *Table) Texts(key string, dst *[]string) {
	if n := t.find(key); n != nil {
		if n.kind != kindList {
			t.mismatch(n, key, wantTexts)
			return
		}
		*dst = t.texts(n, key)
	}
}

// TextOrTexts reads one text or a list of them.
func (t *Table) TextOrTexts(key string, dst *[]string) {
	n := t.find(key)
	switch {
	case n == nil:
	case n.kind == kindList:
		*dst = t.texts(n, key)
	default:
		if text, ok := t.fill(n, key, "a text in quotes or a list of them"); ok {
			*dst = []string{text}
		}
	}
}

func (t *Table) texts(n *node, key string) []string {
	list := make([]string, len(n.list))
	for i, element := range n.list {
		list[i], _ = t.fill(element, fmt.Sprintf("%s[%d]", key, i), wantText)
	}
	return list
}

// Pairs reads a table of texts with any keys, such as headers.
func (t *Table) Pairs(key string, dst *map[string]string) {
	n := t.find(key)
	if n == nil {
		return
	}
	if n.kind != kindTable {
		t.mismatch(n, key, `a table of texts such as { Name = "value" }`)
		return
	}
	pairs := make(map[string]string, len(n.table.keys))
	for _, name := range n.table.keys {
		pairs[name], _ = t.fill(n.table.at[name], key+"."+name, wantText)
	}
	*dst = pairs
	for _, again := range n.table.again {
		t.fail(&node{line: again.line}, key+"."+again.key, "stands twice; keep one of the two")
	}
}

// Bool reads true or false.
func (t *Table) Bool(key string, dst *bool) {
	if n := t.find(key); n != nil {
		if n.kind != kindBool {
			t.mismatch(n, key, "true or false, without quotes")
			return
		}
		*dst = n.value.(bool)
	}
}

// Int reads a whole number from low to high.
func (t *Table) Int(key string, dst *int, low, high int) {
	if n := t.find(key); n != nil {
		if n.kind != kindInteger {
			t.mismatch(n, key, "a whole number, without quotes")
			return
		}
		i := n.value.(int64)
		if i < int64(low) || i > int64(high) {
			t.fail(n, key, "%s is out of range; %s", n.text, span(strconv.Itoa(low), strconv.Itoa(high), high == math.MaxInt))
			return
		}
		*dst = int(i)
	}
}

// Number reads a number from low to high, with or without a fraction.
func (t *Table) Number(key string, dst *float64, low, high float64) {
	n := t.find(key)
	if n == nil {
		return
	}
	var f float64
	switch n.kind {
	case kindInteger:
		f = float64(n.value.(int64))
	case kindFloat:
		f = n.value.(float64)
	default:
		t.mismatch(n, key, "a number, without quotes")
		return
	}
	if !(f >= low && f <= high) || math.IsInf(f, 0) {
		t.fail(n, key, "%s is out of range; %s", n.text, span(fmt.Sprint(low), fmt.Sprint(high), math.IsInf(high, 1)))
		return
	}
	*dst = f
}

// span says in words which values are taken.
func span(low, high string, open bool) string {
	if open {
		return "it must be " + low + " or more"
	}
	return "it must be from " + low + " to " + high
}

// Duration reads a duration from low to high.
func (t *Table) Duration(key string, dst *time.Duration, low, high time.Duration) {
	if n := t.find(key); n != nil {
		if d, ok := t.duration(n, key, low, high, ""); ok {
			*dst = d
		}
	}
}

// DurationOr reads a duration as Duration does, or a word that stands for 0.
func (t *Table) DurationOr(word, key string, dst *time.Duration, low, high time.Duration) {
	n := t.find(key)
	if n == nil {
		return
	}
	if text, err := expand(n.text, t.out.lookup); n.kind == kindText && err == nil && text == word {
		*dst = 0
		return
	}
	if d, ok := t.duration(n, key, low, high, fmt.Sprintf(" or %q", word)); ok {
		*dst = d
	}
}

// Durations reads a list of durations, each from low to high.
func (t *Table) Durations(key string, dst *[]time.Duration, low, high time.Duration) {
	n := t.find(key)
	if n == nil {
		return
	}
	if n.kind != kindList {
		t.mismatch(n, key, `a list of durations such as ["5s", "5m"]`)
		return
	}
	list := make([]time.Duration, len(n.list))
	for i, element := range n.list {
		list[i], _ = t.duration(element, fmt.Sprintf("%s[%d]", key, i), low, high, "")
	}
	*dst = list
}

// zero says whether a value is the number 0, which needs no unit.
func zero(n *node) bool {
	return n.kind == kindInteger && n.value.(int64) == 0
}

// duration reads one duration. or is what messages say could stand in its place.
func (t *Table) duration(n *node, path string, low, high time.Duration, or string) (d time.Duration, ok bool) {
	if !zero(n) {
		text, ok := t.fill(n, path, wantDuration+or)
		if !ok {
			return 0, false
		}
		if d, ok = parseDuration(text); !ok {
			t.fail(n, path, `%q is not a duration%s; write it like "500ms", "30s", "5m" or "24h"`, n.text, or)
			return 0, false
		}
	}
	if d < low || d > high {
		t.fail(n, path, "%s is out of range; %s%s", n.text, span(FormatDuration(low), FormatDuration(high), high == math.MaxInt64), or)
		return 0, false
	}
	return d, true
}

// Size reads a size in bytes from low to high.
func (t *Table) Size(key string, dst *int64, low, high int64) {
	n := t.find(key)
	if n == nil {
		return
	}
	var size int64
	if !zero(n) {
		text, ok := t.fill(n, key, wantSize)
		if !ok {
			return
		}
		if size, ok = ParseSize(text); !ok {
			t.fail(n, key, `%q is not a size; write it like "512KiB", "64MiB" or "20GiB"`, n.text)
			return
		}
	}
	if size < low || size > high {
		t.fail(n, key, "%s is out of range; %s", n.text, span(FormatSize(low), FormatSize(high), high == math.MaxInt64))
		return
	}
	*dst = size
}

// Scalar reads a text or a whole number. number says which; the number's text is its decimal digits.
func (t *Table) Scalar(key string) (text string, number, ok bool) {
	n := t.find(key)
	switch {
	case n == nil:
		return "", false, false
	case n.kind == kindInteger:
		return strconv.FormatInt(n.value.(int64), 10), true, true
	}
	text, ok = t.fill(n, key, "a whole number or a text in quotes")
	return text, false, ok
}

// Time reads a date with time and zone: TOML's own, or a text of the same form.
func (t *Table) Time(key string, dst *time.Time) {
	const want = "a date with time and zone such as 2026-01-31T15:04:05Z"
	n := t.find(key)
	if n == nil {
		return
	}
	if n.kind == kindTime {
		*dst = n.value.(time.Time)
		return
	}
	text, ok := t.fill(n, key, want)
	if !ok {
		return
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.fail(n, key, "%q is not %s", n.text, want)
		return
	}
	*dst = at
}
