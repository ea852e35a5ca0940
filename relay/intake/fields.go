package intake

import "slices"

// fields is an object without the members of some keys, which are JSON strings; nil when nothing is left.
func (r *request) fields(object []byte, except ...string) []byte {
	start := len(r.text)
	r.text = append(appendFields(append(r.text, '{'), object, except...), '}')
	if rest := r.text[start:len(r.text):len(r.text)]; len(rest) > len("{}") {
		return rest
	}
	return nil
}

// appendFields appends the members of an object, except for those of some keys, to one that is not closed yet.
func appendFields(dst, object []byte, except ...string) []byte {
	if !isObject(object) {
		return dst
	}
	p := reader{b: object}
	for more := p.enter(); more; more = p.next() {
		key := p.key()
		value := p.value()
		if slices.ContainsFunc(except, func(other string) bool { return other == string(key) }) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, key...), ':'), value...)
	}
	return dst
}
