package strict

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// sizes has the unit of every size, the longer names first so that "MiB" is not taken for "B".
var sizes = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1},
}

// parseDuration takes what time.ParseDuration takes.
func parseDuration(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// parseSize turns "64MiB" into bytes. Fractions are fine ("1.5GiB"), signs and spaces are not.
func ParseSize(text string) (int64, bool) {
	if text == "0" {
		return 0, true
	}
	for _, unit := range sizes {
		digits, found := strings.CutSuffix(text, unit.name)
		if !found {
			continue
		}
		if strings.Trim(digits, "0123456789.") != "" {
			return 0, false
		}
		f, err := strconv.ParseFloat(digits, 64)
		bytes := f * unit.bytes
		return int64(bytes), err == nil && bytes < math.MaxInt64
	}
	return 0, false
}

// FormatDuration is the short form in which people write a duration: "5m", not "5m0s".
func FormatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// FormatSize is a size in the largest unit that divides it: "64MiB".
func FormatSize(bytes int64) string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		for _, size := range sizes {
			if size.name == unit && bytes > 0 && bytes%int64(size.bytes) == 0 {
				return fmt.Sprintf("%d%s", bytes/int64(size.bytes), unit)
			}
		}
	}
	return fmt.Sprintf("%dB", bytes)
}

// expand puts environment variables in place of ${NAME}. "$${" is a plain "${".
func expand(text string, lookup func(string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			return b.String() + text, nil
		}
		if plain, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(plain + "${")
			text = rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !variable(name) {
			return "", errors.New(`has "${" without the name of an environment variable and a "}"; write "$${" for a plain "${"`)
		}
		value, set := lookup(name)
		if !set {
			return "", fmt.Errorf("the environment variable %s is not set; set it before the start or write the value here", name)
		}
		b.WriteString(before + value)
		text = after
	}
}

// variable says whether a name is one that shells take for an environment variable.
func variable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
