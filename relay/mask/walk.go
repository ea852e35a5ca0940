package mask

import (
	"bytes"

	"edgerelay/relay/event"
)

// walker goes over one value once, from left to right. It takes what event.Stable made; of anything else it gives up.
type walker struct {
	*Scratch
	rules rules
	in    []byte
	i     int
	dst   []byte
	lost  bool // in is no stable JSON
}

// appendMasked appends value as the rules let it out, or {}, or [], where it is no whole value.
func (s *Scratch) appendMasked(dst []byte, of rules, value []byte) []byte {
	w := walker{Scratch: s, rules: of, in: value, dst: dst}
	s.states = s.states[:0]
	for i := range of {
		w.push(state{uint16(i), 0}, 0)
	}
	w.value(0, len(s.states), 0)
	switch {
	case !w.lost && w.i == len(value):
		return w.dst
	case value[0] == '[':
		return append(w.dst[:len(dst)], "[]"...)
	}
	return append(w.dst[:len(dst)], "{}"...)
}

// value copies the value at i. The states from..to say what the rules have met on the way to it.
func (w *walker) value(from, to, depth int) {
	switch {
	case w.lost || w.i >= len(w.in) || depth > event.DepthMax:
		w.lost = true
	case from == to:
		w.copy(w.skip())
	case w.in[w.i] == '{':
		w.object(from, to, depth+1)
	case w.in[w.i] == '[':
		w.array(from, to, depth+1)
	default:
		w.copy(w.skip())
	}
}

func (w *walker) copy(value []byte) {
	w.dst = append(w.dst, value...)
}

func (w *walker) at() byte {
	if w.i < len(w.in) {
		return w.in[w.i]
	}
	return 0
}

func (w *walker) array(from, to, depth int) {
	w.dst = append(w.dst, '[')
	w.i++
	for w.at() != ']' && !w.lost {
		w.value(from, to, depth)
		switch w.at() {
		case ',':
			w.dst = append(w.dst, ',')
			w.i++
		case ']':
		default:
			w.lost = true
		}
	}
	w.dst = append(w.dst, ']')
	w.i++
}

func (w *walker) object(from, to, depth int) {
	w.dst = append(w.dst, '{')
	w.i++
	empty := true
	for w.at() != '}' && !w.lost {
		key := w.skip()
		if len(key) < 2 || key[0] != '"' || w.at() != ':' {
			w.lost = true
			return
		}
		w.i++
		if w.member(key, empty, from, to, depth) {
			empty = false
		}
		switch w.at() {
		case ',':
			w.i++
		case '}':
		default:
			w.lost = true
		}
	}
	w.dst = append(w.dst, '}')
	w.i++
}

// member copies what is left of one member, behind a comma unless it is the first. It says whether anything was.
func (w *walker) member(key []byte, first bool, from, to, depth int) bool {
	below := len(w.states)
	do := w.descend(key, from, to)
	if do == drop {
		w.states = w.states[:below]
		w.skip()
		return false
	}
	if !first {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(append(w.dst, key...), ':')
	if do == digest {
		w.dst = w.appendDigest(w.dst, w.skip())
	} else {
		w.value(below, len(w.states), depth)
	}
	w.states = w.states[:below]
	return true
}

// descend puts the states below the member with this key, a JSON string, behind all others, and says what to do with the
// member. A key with dots is taken as one and also in pieces.
func (w *walker) descend(literal []byte, from, to int) action {
	key, ok := event.PlainText(literal)
	if !ok {
		w.plain = event.AppendText(w.plain[:0], literal)
		key = w.plain
	}
	do := w.step(key, from, to, len(w.states))
	if bytes.IndexByte(key, '.') < 0 {
		return do
	}
	end := len(w.states)
	for more := true; more; {
		var piece []byte
		piece, key, more = bytes.Cut(key, []byte{'.'})
		next := len(w.states)
		do = max(do, w.step(piece, from, to, next))
		from, to = next, len(w.states)
	}
	w.states = append(w.states[:end], w.states[from:to]...)
	return do
}

// step puts behind all states those that key leads to from each of from..to. Those from since on are not put twice.
func (w *walker) step(key []byte, from, to, since int) (do action) {
	for k := from; k < to; k++ {
		at := w.states[k]
		p := &w.rules[at.rule].parts[at.next]
		switch {
		case p.anywhere:
			do = max(do, w.push(at, since))
		case p.meets(key):
			at.next++
			do = max(do, w.push(at, since))
		}
	}
	return do
}

// push notes a state, or, where the rule's whole name is met, says what to do.
func (w *walker) push(at state, since int) action {
	r := &w.rules[at.rule]
	if int(at.next) == len(r.parts) {
		return r.do
	}
	for _, noted := range w.states[since:] {
		if noted == at {
			return keep
		}
	}
	w.states = append(w.states, at)
	if r.parts[at.next].anywhere {
		at.next++
		return w.push(at, since)
	}
	return keep
}

// skip goes behind the value at i and returns it.
func (w *walker) skip() []byte {
	start, depth := w.i, 0
	for w.i < len(w.in) {
		switch c := w.in[w.i]; c {
		case '"':
			w.skipString()
		case '{', '[':
			depth++
			w.i++
		case '}', ']', ',', ':':
			if depth == 0 {
				return w.end(start)
			}
			if c == '}' || c == ']' {
				depth--
			}
			w.i++
		default:
			w.i++
			continue
		}
		if depth == 0 {
			break
		}
	}
	return w.end(start)
}

// end is the value that starts at start and ends at i; an empty one is none.
func (w *walker) end(start int) []byte {
	if w.i == start {
		w.lost = true
	}
	return w.in[start:w.i]
}

// skipString goes behind the string at i.
func (w *walker) skipString() {
	for w.i++; w.i < len(w.in); {
		at := bytes.IndexByte(w.in[w.i:], '"')
		if at < 0 {
			break
		}
		w.i += at + 1
		slashes := 0
		for w.in[w.i-2-slashes] == '\\' { // ends at the opening quote
			slashes++
		}
		if slashes%2 == 0 {
			return
		}
	}
	w.i, w.lost = len(w.in), true
}
