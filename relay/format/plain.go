package format

import (
	"bytes"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// Plain texts are put together at the end of a body that is being written, and made fit for it there.

// appendLabel writes a fact's name for people: "visitor_id" as "Visitor ID". Names of the event's own properties that are
// not such words stay as they are.
func appendLabel(dst, name []byte) []byte {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return append(dst, name...)
		}
	}
	for i, word := range bytes.Split(name, []byte{'_'}) {
		if i > 0 {
			dst = append(dst, ' ')
		}
		switch {
		case string(word) == "id" || string(word) == "url":
			dst = append(dst, bytes.ToUpper(word)...)
		case string(word) == "ids":
			dst = append(dst, "IDs"...)
		case i == 0 && len(word) > 0 && word[0] >= 'a':
			dst = append(append(dst, word[0]-'a'+'A'), word[1:]...)
		default:
			dst = append(dst, word...)
		}
	}
	return dst
}

// oneLine makes the plain text dst[start:] one line, in place: control characters and what else breaks lines are spaces, and
// characters that turn the direction of all that follows are left out.
func oneLine(dst []byte, start int) []byte {
	at := start
	for i := start; i < len(dst); {
		r, size := utf8.DecodeRune(dst[i:])
		switch {
		case breaksLine(r):
			dst[at] = ' '
			at++
		case !turns(r):
			at += copy(dst[at:], dst[i:i+size])
		}
		i += size
	}
	return dst[:at]
}

// breaksLine says that a character is a control character or ends a line or a paragraph.
func breaksLine(r rune) bool {
	return r < ' ' || 0x7f <= r && r < 0xa0 || r == '\u2028' || r == '\u2029'
}

// turns says that a character sets the direction of text up to another one that may never come (Unicode's explicit
// embeddings, overrides and isolates). Words in Hebrew or Arabic need none of them.
func turns(r rune) bool {
	return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}

// cutText cuts the plain text dst[start:] to at most most UTF-16 units, which is how JavaScript and Java count, with
// "…" as the last of them when something is cut off. Characters stay whole.
func cutText(dst []byte, start, most int) []byte {
	if len(dst)-start <= most { // no unit is less than one byte
		return dst
	}
	units, keep := 0, start // keep: where the text ends if "…" must follow
	for i := start; i < len(dst); {
		r, size := utf8.DecodeRune(dst[i:])
		units++
		if r > 0xffff {
			units++
		}
		if units > most {
			return append(dst[:keep], "…"...)
		}
		i += size
		if units < most {
			keep = i
		}
	}
	return dst
}

// quoteText makes a JSON string of the plain text dst[start:], in place.
func quoteText(dst []byte, start int) []byte {
	end := len(dst)
	dst = event.AppendString(dst, dst[start:end])
	return dst[:start+copy(dst[start:], dst[end:])]
}

// appendSlug appends text in lower case letters, digits and "_" only, beginning with a letter and at most most bytes long:
// "Account Upgraded" and "accountUpgraded" are account_upgraded. A text that has none of these is nothing.
func appendSlug(dst []byte, text []byte, most int) []byte {
	start, gap, lower := len(dst), false, false
	for _, c := range text {
		upper := 'A' <= c && c <= 'Z'
		letter := upper || 'a' <= c && c <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && (!digit || len(dst) == start) {
			gap = true
			continue
		}
		if (gap || upper && lower) && len(dst) > start {
			dst = append(dst, '_')
		}
		gap, lower = false, !upper
		if upper {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	dst = dst[:min(len(dst), start+most)]
	for len(dst) > start && dst[len(dst)-1] == '_' {
		dst = dst[:len(dst)-1]
	}
	return dst
}
