package catalog

// scanner goes through stable JSON, which has no white space between its tokens. It neither panics nor reads on for ever
// on anything else.
type scanner struct {
	b []byte
	i int
}

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// open goes into an object.
func (s *scanner) open() bool { return s.skip('{') }

// close goes out of an object behind its last member.
func (s *scanner) close() bool { return s.skip('}') }

func (s *scanner) skip(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

// key reads a member's key with its quotes, up to the value. It returns false, and stays, at the end of the object.
func (s *scanner) key() ([]byte, bool) {
	start := s.i
	s.skip(',')
	from := s.i
	if !s.text() || !s.skip(':') {
		s.i = start
		return nil, false
	}
	return s.b[from : s.i-1], true
}

// text goes over a string. Most are too short for a search by words to pay.
func (s *scanner) text() bool {
	if s.peek() != '"' {
		return false
	}
	for i := s.i + 1; i < len(s.b); i++ {
		switch s.b[i] {
		case '"':
			s.i = i + 1
			return true
		case '\\':
			i++
		}
	}
	return false
}

// value reads a value of any kind; nil when there is none.
func (s *scanner) value() []byte {
	start := s.i
	switch s.peek() {
	case ',', ':', '}', ']':
		return nil
	}
	for depth := 0; ; {
		switch s.peek() {
		case 0:
			return nil
		case '"':
			if !s.text() {
				return nil
			}
		case '{', '[':
			depth++
			s.i++
		case '}', ']':
			depth--
			s.i++
		case ',', ':':
			s.i++
		default:
			s.word()
		}
		if depth <= 0 {
			break
		}
	}
	return s.b[start:s.i]
}

// word goes over a number, true, false or null.
func (s *scanner) word() {
	for {
		switch s.peek() {
		case 0, ',', ':', '}', ']', '"', '{', '[':
			return
		}
		s.i++
	}
}
