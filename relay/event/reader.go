package event

// Reader reads one value of stable JSON from front to back and looks at each byte once: nested objects are read in
// place, where Members first looks for a value's end and then, for its members, at the same bytes again. What it hands
// out aliases what it reads. It allocates nothing, and belongs to one goroutine.
//
// It is for what Stable.Append made. Given anything else, it does not panic and does not read on for ever; where
// brackets, quotes, colons and commas do not fit, Err says so.
type Reader struct {
	b      []byte
	i      int
	broken bool
}

// NewReader is a Reader of value, stable JSON.
func NewReader(value []byte) Reader { return Reader{b: value} }

// Kind is the first byte of the next value: one of { [ " t f n - or a digit; 0 at the end and after a fault.
func (r *Reader) Kind() byte {
	if r.broken || r.i >= len(r.b) {
		return 0
	}
	return r.b[r.i]
}

// Value is the next value as it stands.
func (r *Reader) Value() []byte {
	start := r.i
	if r.broken || r.skipTo(endOfValue(r.b, start)) {
		return nil
	}
	return r.b[start:r.i:r.i]
}

// skipTo moves to end, and says that there is none.
func (r *Reader) skipTo(end int) (fault bool) {
	if end <= r.i {
		r.broken = true
		return true
	}
	r.i = end
	return false
}

// Object reads the next value as an object: f gets each key, a JSON string, and must read its value by Value, Object or
// Array, exactly once. What is no object is skipped, and false.
func (r *Reader) Object(f func(key []byte)) bool {
	if r.Kind() != '{' {
		r.Value()
		return false
	}
	for first := true; r.more(first, '}'); first = false {
		start := r.i
		end := endOfString(r.b, start)
		if end < 0 || end >= len(r.b) || r.b[end] != ':' {
			r.broken = true
			return true
		}
		r.i = end + 1
		f(r.b[start:end:end])
		if r.i == end+1 {
			r.Value() // f did not care
		}
	}
	return true
}

// Array reads the next value as an array: f is called before each element and must read it, exactly once. What is no
// array is skipped, and false.
func (r *Reader) Array(f func()) bool {
	if r.Kind() != '[' {
		r.Value()
		return false
	}
	for first := true; r.more(first, ']'); first = false {
		start := r.i
		f()
		if r.i == start {
			r.Value()
		}
	}
	return true
}

// more goes over the opening bracket or the comma, or over the closing bracket, after which there is no more.
func (r *Reader) more(first bool, closing byte) bool {
	if r.broken || r.i >= len(r.b) {
		r.broken = true
		return false
	}
	switch c := r.b[r.i]; {
	case first:
		r.i++
		if r.i < len(r.b) && r.b[r.i] == closing {
			r.i++
			return false
		}
		return true
	case c == ',':
		r.i++
		return true
	case c == closing:
		r.i++
	default:
		r.broken = true
	}
	return false
}

// Since is what was read since an earlier Offset.
func (r *Reader) Since(offset int) []byte { return r.b[offset:r.i:r.i] }

// Offset is how many bytes were read.
func (r *Reader) Offset() int { return r.i }

// Err says that the value was not stable JSON.
func (r *Reader) Err() error {
	if r.broken {
		return &SyntaxError{r.i, "not stable JSON"}
	}
	return nil
}
