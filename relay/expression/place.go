package expression

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// piece is a part of a template's text: literal, or the expression of a place. Literals and places alternate, and there
// is a literal, if an empty one, at both ends.
type piece struct {
	text    string
	start   int // where it starts in the template, in bytes
	isPlace bool
}

// cut takes text apart at its places.
func cut(text string) ([]piece, *Fault) {
	var pieces []piece
	at := 0
	for {
		open := strings.Index(text[at:], "{{")
		if open < 0 {
			return append(pieces, piece{text[at:], at, false}), nil
		}
		from := at + open + len("{{")
		end := endOfPlace(text, from)
		if end < 0 {
			line, column := position(text, from-len("{{"))
			return nil, &Fault{line, column, `"{{" without "}}"; to write two braces, say {{ "{{" }}`, nil}
		}
		pieces = append(pieces, piece{text[at : from-len("{{")], at, false}, piece{text[from:end], from, true})
		at = end + len("}}")
	}
}

// endOfPlace is where the "}}" stands that ends the expression at text[from:], -1 without one. Those in texts, and of
// maps, do not count.
func endOfPlace(text string, from int) int {
	depth := 0
	for i := from; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'', '`':
			if i = endOfQuote(text, i); i < 0 {
				return -1
			}
		case '{':
			depth++
		case '}':
			if depth > 0 {
				depth--
			} else if strings.HasPrefix(text[i:], "}}") {
				return i
			}
		}
	}
	return -1
}

// endOfQuote is where the quote stands that ends the text whose first quote is at text[i], -1 without one.
func endOfQuote(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i
		case text[i] == '\\' && quote != '`':
			i++
		}
	}
	return -1
}

// position is the line and column, both from 1, of the byte at offset.
func position(text string, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// place is one expression of a template.
type place struct {
	program      *program
	line, column int // where its expression starts in the template
	text         string
	quoted       bool // it stands in a string of a JSON body
}

// newPlace compiles a piece of text. The fault says where in text.
func newPlace(text string, p piece) (*place, *Fault) {
	lead := len(p.text) - len(strings.TrimLeft(p.text, " \t\r\n"))
	made := &place{text: strings.TrimSpace(p.text)}
	made.line, made.column = position(text, p.start+lead)
	program, err := compile(made.text, false)
	if err != nil {
		return nil, made.fault(err)
	}
	made.program = program
	return made, nil
}

// shown is how much of an expression a message repeats, in bytes.
const shown = 80

// fault says where in the template, and in which of its expressions, err is.
func (p *place) fault(err error) *Fault {
	line, column, msg := p.line, p.column, err.Error()
	if f, ok := err.(*Fault); ok {
		msg = f.Msg
		if f.Line == 1 {
			column += f.Column - 1
		} else {
			line, column = line+f.Line-1, f.Column
		}
	}
	text := strings.Join(strings.Fields(p.text), " ")
	if len(text) > shown {
		text = strings.ToValidUTF8(text[:shown], "") + "…"
	}
	return &Fault{line, column, fmt.Sprintf("{{ %s }}: %s", text, msg), err}
}
