package intake

import (
	"math"
	"strconv"
	"time"

	"edgerelay/relay/event"
)

// Times that senders give. Numbers below secondsBelow are seconds since 1970, others milliseconds: as milliseconds it
// is a day of 1973, as seconds one of the year 5138. timeMax ends the year 9999, which is as far as ISO 8601 goes;
// microseconds and nanoseconds of our days are beyond it.
const (
	secondsBelow = 1e11
	timeMax      = 253402300799999
)

// parseTime reads a time, any stable JSON value, as Unix milliseconds. It takes numbers, numbers in quotes, and ISO
// 8601 in the spellings that SDKs use: with or without fraction (up to any digits), seconds and offset (none is UTC),
// "T" or a space. It returns false for anything else, and for what is before 1970 or after 9999.
func parseTime(value []byte) (ms int64, ok bool) {
	text, plain := event.PlainText(value)
	if !plain || len(text) == 0 {
		return 0, false
	}
	switch quoted := value[0] == '"'; {
	case quoted && len(text) > 4 && text[4] == '-':
		ms, ok = parseISO(text)
	case quoted && len(text) < len("100000000"):
		return 0, false // a year, perhaps
	default:
		ms, ok = parseNumber(text)
	}
	return ms, ok && ms >= 0 && ms <= timeMax
}

// parseNumber reads seconds or milliseconds.
func parseNumber(text []byte) (ms int64, ok bool) {
	for _, c := range text {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' {
			return 0, false // ParseFloat knows more ways to write a number
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, false
	}
	if math.Abs(f) < secondsBelow {
		f *= 1000
	}
	if f < 0 || f > timeMax {
		return 0, false
	}
	return int64(math.Round(f)), true
}

// scanner reads a date from left to right.
type scanner struct {
	text   []byte
	failed bool
}

// digits reads exactly n digits that make a number from low to high.
func (s *scanner) digits(n, low, high int) int {
	if len(s.text) < n {
		s.failed = true
		return 0
	}
	number := 0
	for _, c := range s.text[:n] {
		if c < '0' || c > '9' {
			s.failed = true
			return 0
		}
		number = number*10 + int(c-'0')
	}
	s.text = s.text[n:]
	s.failed = s.failed || number < low || number > high
	return number
}

// one reads one of the characters of set, if the next is one.
func (s *scanner) one(set string) bool {
	if len(s.text) > 0 {
		for i := range len(set) {
			if s.text[0] == set[i] {
				s.text = s.text[1:]
				return true
			}
		}
	}
	return false
}

func (s *scanner) must(set string) { s.failed = !s.one(set) || s.failed }

// parseISO reads 2026-11-21, 2026-11-21T06:08, 2026-11-21 06:08:02.576123+02:00 and the like.
func parseISO(text []byte) (ms int64, ok bool) {
	s := scanner{text: text}
	year := s.digits(4, 0, 9999)
	s.must("-")
	month := s.digits(2, 1, 12)
	s.must("-")
	day := s.digits(2, 1, 31)
	var hour, minute, second, nanos, offset int
	if len(s.text) > 0 {
		s.must("Tt ")
		hour = s.digits(2, 0, 23)
		s.must(":")
		minute = s.digits(2, 0, 59)
		if s.one(":") {
			second = s.digits(2, 0, 60) // 60 is a leap second
			if s.one(".,") {
				nanos = s.fraction()
			}
		}
		offset = s.offset()
	}
	if s.failed || len(s.text) > 0 {
		return 0, false
	}
	if day > 28 && day > daysOf(year, month) {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	return t.UnixMilli() - int64(offset)*1000, true
}

// daysOf is how many days a month has: the day before the next one's first.
func daysOf(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// fraction reads the digits behind the point as nanoseconds; those behind the ninth count for nothing.
func (s *scanner) fraction() (nanos int) {
	n := 0
	for ; len(s.text) > 0 && s.text[0] >= '0' && s.text[0] <= '9'; n++ {
		if n < 9 {
			nanos = nanos*10 + int(s.text[0]-'0')
		}
		s.text = s.text[1:]
	}
	s.failed = s.failed || n == 0
	for ; n < 9; n++ {
		nanos *= 10
	}
	return nanos
}

// offset reads the zone as seconds east of UTC.
func (s *scanner) offset() int {
	if len(s.text) == 0 || s.one("Zz") {
		return 0
	}
	east := s.one("+")
	if !east {
		s.must("-")
	}
	hours, minutes := s.digits(2, 0, 23), 0
	if len(s.text) > 0 {
		s.one(":")
		minutes = s.digits(2, 0, 59)
	}
	if seconds := hours*3600 + minutes*60; east {
		return seconds
	} else {
		return -seconds
	}
}
