package console

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"

	"edgerelay/relay/console/page"
	"edgerelay/relay/event"
)

// What one page shows of the numbers; /api/stats has all.
const (
	figuresMax = 24 // of one section
	rowsMax    = 100
	columnsMax = 12
)

// nothing stands where there is no value.
const nothing = "–"

// figure is one number, or one word, of the relay.
type figure struct {
	Name    string
	Value   string
	Exact   string // shown on hover; "" when it would say nothing more
	Numeric bool
}

// section is the figures of one object, or the rows of one array of objects.
type section struct {
	Name    string // "" for the figures that stand at the top
	Figures []figure
	Columns []figure // only their Names and whether their values are Numeric
	Rows    [][]figure
	More    int // rows that are not shown
}

// sections lays out whatever the relay says of itself, in the order in which it says it: what stands at the top first,
// then a section for each object and each array of objects.
func sections(stats any) ([]section, error) {
	raw, err := answers.Marshal(stats)
	if err != nil {
		return nil, err
	}
	var stable event.Stable
	body, err := stable.Append(nil, raw)
	if err != nil {
		return nil, err
	}
	list := []section{{Figures: figures(body)}}
	err = event.Members(body, func(key, value []byte) bool {
		switch value[0] {
		case '{':
			list = append(list, section{Name: words(plain(key)), Figures: figures(value)})
		case '[':
			list = append(list, rows(words(plain(key)), value))
		}
		return true
	})
	if len(body) == 0 || body[0] != '{' {
		return nil, nil // numbers without names are no figures
	}
	return list, err
}

// figures are the members of an object that are neither objects nor arrays.
func figures(object []byte) (list []figure) {
	_ = event.Members(object, func(key, value []byte) bool {
		if value[0] != '{' && value[0] != '[' {
			list = append(list, newFigure(plain(key), value))
		}
		return len(list) < figuresMax
	})
	return list
}

// rows is an array of objects as a table. The first object names the columns.
func rows(name string, array []byte) section {
	s := section{Name: name}
	_ = event.Elements(array, func(value []byte) bool {
		row := figures(value)
		switch {
		case len(row) == 0:
		case len(s.Rows) == rowsMax:
			s.More++
		default:
			if s.Columns == nil {
				s.Columns = row[:min(len(row), columnsMax)]
			}
			s.Rows = append(s.Rows, align(row, s.Columns))
		}
		return true
	})
	return s
}

// align puts the figures of a row under their columns.
func align(row, columns []figure) []figure {
	aligned := make([]figure, len(columns))
	for i, column := range columns {
		aligned[i] = figure{Name: column.Name, Value: nothing}
		for _, f := range row {
			if f.Name == column.Name {
				aligned[i] = f
			}
		}
	}
	return aligned
}

// newFigure prints a value the way its name asks for.
func newFigure(key string, value []byte) figure {
	f := figure{Name: words(key), Value: plain(value)}
	n, err := strconv.ParseFloat(f.Value, 64)
	switch {
	case value[0] == '"':
		return f
	case err != nil:
		f.Value = map[string]string{"true": "yes", "false": "no", "null": nothing}[f.Value]
		return f
	}
	f.Numeric, f.Exact = true, f.Value
	name, unit := splitUnit(f.Name)
	switch unit {
	case "bytes":
		f.Name, f.Value, f.Exact = name, humanize.IBytes(uint64(max(n, 0))), f.Exact+" bytes"
	case "seconds":
		f.Name, f.Value, f.Exact = name, page.Duration(n), f.Exact+" seconds"
	case "ms":
		f.Name, f.Value, f.Exact = name, page.Duration(n/1000), f.Exact+" ms"
	default:
		f.Value = number(f.Value, n)
	}
	return f
}

// number is a number with its thousands apart; two digits of a fraction are enough to look at.
func number(text string, n float64) string {
	if big, ok := new(big.Int).SetString(text, 10); ok {
		return humanize.BigComma(big)
	}
	if math.Abs(n) >= 1e15 {
		return strconv.FormatFloat(n, 'g', 4, 64)
	}
	return humanize.FormatFloat("#,###.##", n)
}

// splitUnit takes the unit off the end of a name, when something is left.
func splitUnit(name string) (rest, unit string) {
	i := strings.LastIndexByte(name, ' ')
	if i < 0 {
		return name, ""
	}
	switch unit := name[i+1:]; unit {
	case "bytes", "seconds", "ms":
		return name[:i], unit
	}
	return name, ""
}

// plain is the text of a JSON string, anything else as it stands.
func plain(value []byte) string {
	if value[0] == '"' {
		value = event.AppendText(nil, value)
	}
	return text(value)
}

// words is a key as words: oldestSeconds and oldest_seconds are "oldest seconds".
func words(key string) string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		if r == '_' || r == '-' {
			b.WriteByte(' ')
			lower = false
			continue
		}
		if unicode.IsUpper(r) && lower {
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		b.WriteRune(r)
	}
	return b.String()
}
