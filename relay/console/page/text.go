package page

import (
	"bytes"
	"encoding/json"
)

// laidOutMax is the most of a text that is laid out: more is shown as it is.
const laidOutMax = 64 << 10

// layOut is JSON over several lines, and any other text as it is.
func layOut(text string) string {
	var out bytes.Buffer
	if len(text) > laidOutMax || !deepless(text) || json.Indent(&out, []byte(text), "", "  ") != nil || out.Len() > 4*laidOutMax {
		return text
	}
	return out.String()
}

// deepMax is how many brackets may stand in one another where a text is laid out: each takes two spaces a line more.
const deepMax = 32

func deepless(text string) bool {
	depth := 0
	for _, c := range []byte(text) {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > deepMax {
			return false
		}
	}
	return true
}
