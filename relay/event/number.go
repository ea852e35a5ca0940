package event

import (
	"math"
	"strconv"
)

// number reads the number that starts at i. An integer stays as it is, however long.
func (s *Stable) number(i int) int {
	raw, start := s.raw, i
	if raw[i] == '-' {
		i++
	}
	first := i
	i = digits(raw, i)
	switch {
	case i == first:
		return s.fail(i, "expected a digit in the number")
	case raw[first] == '0' && i-first > 1:
		return s.fail(first, "leading zero in a number")
	case i < len(raw) && (raw[i] == '.' || raw[i]|0x20 == 'e'):
		return s.decimal(start, first, i)
	case raw[start] == '-' && raw[first] == '0':
		s.flush(start)
		s.run = first
	}
	return i
}

// digits returns the position behind the digits that start at i.
func digits(raw []byte, i int) int {
	for i < len(raw) && raw[i]-'0' <= 9 {
		i++
	}
	return i
}

// decimal reads on behind the integer digits raw[first:i] of the number that starts at start.
func (s *Stable) decimal(start, first, i int) int {
	raw, whole, exponent := s.raw, i, false
	if raw[i] == '.' {
		from := i + 1
		if i = digits(raw, from); i == from {
			return s.fail(i, "expected a digit behind the decimal point")
		}
	}
	if i < len(raw) && raw[i]|0x20 == 'e' {
		exponent = true
		i++
		if i < len(raw) && (raw[i] == '+' || raw[i] == '-') {
			i++
		}
		from := i
		if i = digits(raw, from); i == from {
			return s.fail(i, "expected a digit in the exponent")
		}
	}
	if exponent || !plainDecimal(raw[first:whole], raw[whole+1:i]) {
		s.flush(start)
		f, _ := strconv.ParseFloat(string(raw[start:i]), 64) // the syntax is checked; out of range gives ±Inf
		s.dst = AppendNumber(s.dst, f)
		s.run = i
	}
	return i
}

// plainDecimal says of whole.fraction, without parsing it, that JavaScript prints it as it stands. Up to 15 digits are
// exact: no two such decimals are one float64, so none has a shorter form. Below 1e-6 the form would change.
func plainDecimal(whole, fraction []byte) bool {
	if fraction[len(fraction)-1] == '0' {
		return false
	}
	if whole[0] != '0' {
		return len(whole)+len(fraction) <= 15
	}
	zeros := 0
	for fraction[zeros] == '0' {
		zeros++ // ends at the last digit, which is not 0
	}
	return zeros <= 5 && len(fraction)-zeros <= 15
}

// AppendNumber appends f as JavaScript prints it in JSON: 100, 1e+21, 1e-7, 0 for -0, null for what is no number.
func AppendNumber(dst []byte, f float64) []byte {
	switch size := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case size == 0:
		return append(dst, '0')
	case size >= 1e-6 && size < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	default:
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // Go writes at least two digits: e-07
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
}
