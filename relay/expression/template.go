package expression

import (
	"bytes"
	"fmt"
	"strings"

	"edgerelay/relay/event"
)

// TemplateKind says what a template makes, and with that how the values of its places are written.
type TemplateKind uint8

const (
	// JSONBody makes one value of stable JSON. A place in a string is text in that string, and no quote or line break of
	// it can end the string; elsewhere it is a value, also a list or an object, null where there is nothing.
	JSONBody TemplateKind = iota
	// TextBody makes any text.
	TextBody
	// URL makes a URL whose scheme and host stand in the template. What places give is percent-encoded, so that it stays
	// in its segment of the path, or its part of the query.
	URL
	// Header makes a header's value. Control characters are left out of what places give.
	Header
)

// Limits of a template.
const (
	TemplateMax = 64 << 10 // bytes of its text
	placesMax   = 200
	OutputMax   = 1 << 20 // bytes of what it makes
)

// Template is a text with {{ expressions }} in it. It is immutable and safe for concurrent use.
type Template struct {
	text   string
	kind   TemplateKind
	pieces []piece
	places []*place // in the order of the pieces that are places
}

// CompileTemplate checks and compiles text. The error is a *Fault with the line and column in text, and the expression.
// Two braces that are not the start of a place are written {{ "{{" }}.
func CompileTemplate(text string, kind TemplateKind) (*Template, error) {
	if len(text) > TemplateMax {
		return nil, &Fault{1, 1, fmt.Sprintf("the template is longer than %d bytes", TemplateMax), nil}
	}
	pieces, fault := cut(text)
	if fault != nil {
		return nil, fault
	}
	if len(pieces)/2 > placesMax {
		return nil, &Fault{1, 1, fmt.Sprintf("the template has more than %d places", placesMax), nil}
	}
	t := &Template{text: text, kind: kind, pieces: pieces}
	for _, p := range pieces {
		if !p.isPlace {
			continue
		}
		made, fault := newPlace(text, p)
		if fault != nil {
			return nil, fault
		}
		t.places = append(t.places, made)
	}
	if fault := t.check(); fault != nil {
		return nil, fault
	}
	return t, nil
}

// String is the text of the template.
func (t *Template) String() string { return t.text }

// Prefix is what the template begins with before its first place. That of a URL holds scheme and host, whole.
func (t *Template) Prefix() string { return t.pieces[0].text }

func (t *Template) check() *Fault {
	switch t.kind {
	case JSONBody:
		return t.checkJSON()
	case URL:
		return t.checkURL()
	case Header:
		for _, p := range t.pieces {
			if at := strings.IndexFunc(p.text, isControl); at >= 0 && !p.isPlace {
				return t.faultAt(p.start+at, "control character in a header")
			}
		}
	}
	return nil
}

func (t *Template) faultAt(offset int, msg string) *Fault {
	line, column := position(t.text, offset)
	return &Fault{line, column, msg, nil}
}

// checkJSON finds out which places stand in strings, and whether the whole is JSON once they are filled.
func (t *Template) checkJSON() *Fault {
	var filled []byte
	starts := make([]int, len(t.pieces)) // of each piece, in filled
	quoted, escaped, n := false, false, 0
	for i, p := range t.pieces {
		starts[i] = len(filled)
		if !p.isPlace {
			filled = append(filled, p.text...)
			quoted, escaped = scanString(p.text, quoted)
			continue
		}
		if escaped {
			return t.faultAt(p.start, `a place behind a backslash; to write one, say \\`)
		}
		if t.places[n].quoted = quoted; !quoted {
			filled = append(filled, "null"...)
		}
		n++
	}
	_, err := new(event.Stable).Append(nil, filled)
	if err == nil {
		return nil
	}
	at, msg := len(t.text), err.Error()
	if syntax, ok := err.(*event.SyntaxError); ok {
		msg = "not JSON: " + syntax.Msg
		for i, p := range t.pieces {
			if syntax.Offset >= starts[i] {
				at = p.start
				if !p.isPlace {
					at += min(syntax.Offset-starts[i], len(p.text))
				}
			}
		}
	}
	return t.faultAt(at, msg)
}

// scanString says whether the end of text is in a JSON string, and right behind a backslash there, when quoted says the
// first of its start.
func scanString(text string, quoted bool) (stillQuoted, escaped bool) {
	for i := range len(text) {
		switch c := text[i]; {
		case escaped:
			escaped = false
		case c == '\\' && quoted:
			escaped = true
		case c == '"':
			quoted = !quoted
		}
	}
	return quoted, escaped
}

// Append appends what t makes of the event that env holds. The error, a *Fault, says why nothing can be made of it: an
// expression fails on it, or the result would exceed OutputMax; dst is then returned as it was. The same event fails
// again, so there is no use in a second try.
func (t *Template) Append(dst []byte, env *Env) ([]byte, error) {
	env.allow()
	defer env.settle()
	body, n := env.body[:0], 0
	for _, p := range t.pieces {
		if !p.isPlace {
			body = append(body, p.text...)
			continue
		}
		var err error
		place := t.places[n]
		n++
		if body, err = t.appendPlace(body, place, env); err == nil && len(body) > OutputMax {
			err = errLimit
		}
		if err != nil {
			env.body = body
			return dst, place.fault(err)
		}
	}
	env.body = body
	return t.finish(dst, body, env)
}

// finish appends body once nothing is wrong with the whole.
func (t *Template) finish(dst, body []byte, env *Env) ([]byte, error) {
	start := len(dst)
	var err error
	switch t.kind {
	case JSONBody:
		dst, err = env.stable.Append(dst, body)
	case URL:
		err = checkSegments(body)
		fallthrough
	default:
		dst = append(dst, body...)
	}
	if err == nil && len(dst)-start > OutputMax {
		err = errLimit
	}
	if err != nil {
		return dst[:start], &Fault{1, 1, err.Error(), err}
	}
	return dst, nil
}

// appendPlace appends the value of p as the template's kind asks for. A name alone is copied from the event as it
// stands there, with its members in their order and its numbers digit for digit.
func (t *Template) appendPlace(dst []byte, p *place, env *Env) ([]byte, error) {
	if p.program.path != nil {
		raw, err := env.find(p.program.path)
		if err != nil {
			return dst, err
		}
		return t.appendRaw(dst, raw, p, env), nil
	}
	value, err := env.evaluate(p.program)
	if err != nil {
		return dst, err
	}
	if t.kind == JSONBody && !p.quoted {
		return appendJSON(dst, value, OutputMax)
	}
	env.text, err = appendText(env.text[:0], value, OutputMax)
	if err != nil {
		return dst, err
	}
	return t.appendEncoded(dst, env.text), nil
}

func (t *Template) appendRaw(dst, raw []byte, p *place, env *Env) []byte {
	nothing := len(raw) == 0 || raw[0] == 'n'
	switch {
	case t.kind == JSONBody && !p.quoted:
		if nothing {
			return append(dst, "null"...)
		}
		return append(dst, raw...)
	case nothing:
		return dst
	case t.kind == JSONBody && raw[0] == '"':
		return append(dst, raw[1:len(raw)-1]...) // the same escapes
	}
	env.text = event.AppendText(env.text[:0], raw)
	return t.appendEncoded(dst, env.text)
}

// appendEncoded appends text so that it stays where it is put.
func (t *Template) appendEncoded(dst, text []byte) []byte {
	switch t.kind {
	case JSONBody:
		start := len(dst)
		dst = event.AppendString(dst, text)
		return append(dst[:start], dst[start+1:len(dst)-1]...)
	case URL:
		return appendPercent(dst, text)
	case Header:
		if bytes.IndexFunc(text, isControl) < 0 {
			return append(dst, text...)
		}
		for _, c := range text {
			if !isControl(rune(c)) {
				dst = append(dst, c)
			}
		}
		return dst
	}
	return append(dst, text...)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
