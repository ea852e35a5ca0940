package event

import (
	"hash/maphash"
	"math"
)

// keysExact is how many named keys of one object are compared on the way. Larger objects, which are rare, are looked
// at once more when the value is complete: comparing each key with all before it would cost the square of their number.
const keysExact = 64

// keyring is what is known of the keys of one open object.
type keyring struct {
	base  int    // its hashes are keys[base:]
	bloom uint64 // one bit of each hash: most new keys are known to be new without looking further
	index int64  // the last array index among the keys, -1 before the first
}

// inPlace says whether the key is certainly not a duplicate and stands where JavaScript prints it. Being wrong in the
// other direction (two keys of one hash) costs a second look and nothing else.
func (s *Stable) inPlace(literal []byte, seen *keyring) bool {
	if index, ok := arrayIndex(literal[1 : len(literal)-1]); ok {
		ascending := index > seen.index && len(s.keys) == seen.base
		seen.index = index
		return ascending
	}
	hash := maphash.Bytes(s.seed, literal)
	bit := uint64(1) << (hash >> 58)
	if seen.bloom&bit != 0 {
		mine := s.keys[seen.base:]
		if len(mine) >= keysExact {
			return false
		}
		for _, h := range mine {
			if h == hash {
				return false
			}
		}
	}
	seen.bloom |= bit
	s.keys = append(s.keys, hash)
	return true
}

// IsIndex says whether key, a stable JSON string, is one that JavaScript takes for an array index and prints before the
// others: who puts members into an object has to leave these in front.
func IsIndex(key []byte) bool {
	if len(key) < 2 {
		return false
	}
	_, ok := arrayIndex(key[1 : len(key)-1])
	return ok
}

// arrayIndex reads a key that JavaScript takes for an array index: 0 to 2^32-2 without leading zeros.
func arrayIndex(text []byte) (index int64, ok bool) {
	if len(text) == 0 || len(text) > len("4294967294") || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		index = index*10 + int64(c-'0')
	}
	return index, index <= math.MaxUint32-1
}
