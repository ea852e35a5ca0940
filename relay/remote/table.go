package remote

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// table prints rows in columns, the first row in capitals.
type table struct {
	w    *tabwriter.Writer
	most int // characters of a cell
}

func newTable(out io.Writer, columns ...string) *table {
	t := newRows(out)
	for i := range columns {
		columns[i] = strings.ToUpper(columns[i])
	}
	t.row(columns...)
	return t
}

// newRows is a table without heads.
func newRows(out io.Writer) *table { return &table{tabwriter.NewWriter(out, 0, 8, 2, ' ', 0), cellMax} }

func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = oneLine(cells[i], t.most)
	}
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

// prose is a row with the relay's own words, which are not cut.
func (t *table) prose(name, text string) {
	most := t.most
	t.most = proseMax
	t.row(name, text)
	t.most = most
}

func (t *table) end() error { return t.w.Flush() }

// cellMax bounds what stands in one cell, in characters; proseMax where the relay's own words stand, which are not cut.
const (
	cellMax  = 120
	proseMax = 1000
)

// oneLine makes a text fit for a cell of that many characters.
func oneLine(text string, most int) string {
	text = clean(text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// clean makes a text safe for a terminal, on one line: what receivers and users wrote may hold anything.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// share is a share as people read it.
func share(s *float64) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f%%", 100**s)
}

// span is a number of seconds as people read it.
func span(seconds float64) string {
	if seconds <= 0 {
		return "–"
	}
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}
