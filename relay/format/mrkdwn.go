package format

import (
	"bytes"
	"unicode/utf8"
)

// appendMrkdwn appends the text of value, a stable JSON value, inside a JSON string that is open at dst's end, so that
// Slack shows it as it is: & < > as entities, and the marks of its formatting, for which Slack has no escape, as letters
// that look the same. What is no string is shown as its JSON. It takes up to room bytes, and ends with an ellipsis when
// that is too little; bytes are at least as many as what Slack counts. line stands for each line break.
func appendMrkdwn(dst, value []byte, room int, line string) []byte {
	text, literal := value, len(value) >= 2 && value[0] == '"'
	if literal {
		text = value[1 : len(value)-1]
	}
	end := len(dst) + room - len("…")
	for i := 0; i < len(text); {
		shown, n := mrkdwnOf(text, i, literal, line)
		size := len(shown)
		if shown == "" {
			size = n
		}
		if len(dst)+size > end {
			return append(dst, "…"...)
		}
		if shown == "" {
			dst = append(dst, text[i:i+n]...)
		} else {
			dst = append(dst, shown...)
		}
		i += n
	}
	return dst
}

// mrkdwnOf is how the character of n bytes at text[i] is shown; "" when it is shown as it stands.
func mrkdwnOf(text []byte, i int, literal bool, line string) (shown string, n int) {
	switch c := text[i]; {
	case c == '\\' && literal:
		return mrkdwnEscape(text[i:], line)
	case c == '\\':
		return `\\`, 1
	case c == '"':
		return `\"`, 1
	case c == '&':
		return "&amp;", 1
	case c == '<':
		return "&lt;", 1
	case c == '>':
		return "&gt;", 1
	case c == '`':
		return "ˋ", 1
	case c == '*' && !insideWord(text, i):
		return "∗", 1
	case c == '_' && !insideWord(text, i):
		return "ˍ", 1
	case c == '~' && !insideWord(text, i):
		return "∼", 1
	case c < ' ':
		return " ", 1
	case c >= utf8.RuneSelf:
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError {
			return "\ufffd", n
		}
		if breaksLine(r) || turns(r) {
			return " ", n
		}
		return "", n
	}
	return "", 1
}

// mrkdwnEscape is how the escape that text begins with is shown. Control characters are shown as a space.
func mrkdwnEscape(text []byte, line string) (shown string, n int) {
	if len(text) < 2 {
		return `\\`, 1
	}
	switch text[1] {
	case '"':
		return `\"`, 2
	case '\\':
		return `\\`, 2
	case 'n':
		return line, 2
	case 'u':
		n = min(len(text), len(`\u0000`))
		if n > 2 && text[2] == 'd' { // half of a character
			return "\ufffd", n
		}
		return " ", n
	}
	return " ", 2
}

// insideWord says that Slack takes the mark at text[i] for a part of a word, as in user_id, and for no formatting.
func insideWord(text []byte, i int) bool {
	return i > 0 && wordly(text[i-1]) && i+1 < len(text) && wordly(text[i+1])
}

func wordly(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

// Bounds of a link: one that is longer is shown as text, since half a link leads nowhere.
const (
	linkMax  = 600
	labelMax = 100
)

// appendLink appends a link to the address in url, a JSON string, under a label without scheme, query and fragment. What is
// no web address is shown as text.
func appendLink(dst, url []byte) []byte {
	address := bytes.Trim(url, `"`)
	scheme, label, _ := bytes.Cut(address, []byte("://"))
	web := string(scheme) == "http" || string(scheme) == "https"
	if !web || len(label) == 0 || len(address) > linkMax || bytes.IndexByte(address, '\\') >= 0 {
		return appendMrkdwn(dst, url, labelMax, " ")
	}
	dst = append(dst, '<')
	for _, c := range address {
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "%3C"...)
		case '>':
			dst = append(dst, "%3E"...)
		case '|':
			dst = append(dst, "%7C"...)
		case ' ':
			dst = append(dst, "%20"...)
		default:
			dst = append(dst, c)
		}
	}
	dst = append(dst, '|')
	if cut := bytes.IndexAny(label, "?#"); cut > 0 {
		label = label[:cut]
	}
	return append(appendMrkdwn(dst, label, labelMax, " "), '>')
}
