package mask

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// rule is one name, and what to do with the members that it meets.
type rule struct {
	parts []part
	do    action
}

// rules are tried all at once, see Scratch.
type rules []rule

// part is what stands between two dots of a name.
type part struct {
	text     string
	starred  bool // text has stars
	anywhere bool // it is "**": any number of keys, also none
}

// parse cuts a name into parts, or says what is wrong with it.
func parse(name string) ([]part, string) {
	switch {
	case name == "":
		return nil, "is empty"
	case !utf8.ValidString(name):
		return nil, "is not UTF-8"
	case len(name) > nameMax:
		return nil, "is too long"
	case strings.Count(name, ".") >= partsMax:
		return nil, "has too many parts"
	}
	var parts []part
	for i, text := range strings.Split(name, ".") {
		switch {
		case text == "":
			return nil, "has a part without a name; write it like user.email"
		case text == "**" && i == 0 && name != "**":
		case strings.Contains(text, "**"):
			return nil, `has "**" elsewhere than in front of a name; write it like **.email, or user.*`
		}
		parts = append(parts, part{text, strings.Contains(text, "*"), text == "**"})
	}
	return parts, ""
}

// meets says whether p stands for key, the plain text of a key or of a piece of one.
func (p *part) meets(key []byte) bool {
	if !p.starred {
		return string(key) == p.text
	}
	return glob(p.text, key)
}

// glob says whether pattern, in which each star stands for any text, is key. It tries each place of key for each piece
// between stars once: no way to make it slow.
func glob(pattern string, key []byte) bool {
	head, rest, _ := strings.Cut(pattern, "*")
	if !bytes.HasPrefix(key, []byte(head)) {
		return false
	}
	key = key[len(head):]
	for {
		piece, more, starred := strings.Cut(rest, "*")
		if !starred {
			return bytes.HasSuffix(key, []byte(piece))
		}
		at := bytes.Index(key, []byte(piece))
		if at < 0 {
			return false
		}
		key, rest = key[at+len(piece):], more
	}
}
