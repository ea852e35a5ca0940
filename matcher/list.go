package matcher

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// list holds ascending numbers in four bytes each, so that it can lie between texts.
type list []byte

func (l list) len() int                 { return len(l) / 4 }
func (l list) at(i int) uint32          { return binary.LittleEndian.Uint32(l[4*i:]) }
func (l list) append(value uint32) list { return binary.LittleEndian.AppendUint32(l, value) }

// shelf holds runs of bytes one behind the other: run n is data[starts[n]:starts[n+1]].
type shelf struct {
	starts []uint32
	data   []byte
}

// at returns run n.
func (s *shelf) at(n uint32) []byte { return s.data[s.starts[n]:s.starts[n+1]] }

// begin begins the next run; what is appended to data from now on belongs to it.
func (s *shelf) begin() { s.starts = append(s.starts, offset(len(s.data))) }

// end ends the last run and gives back the room that append left.
func (s *shelf) end() {
	s.begin()
	s.starts = slices.Clone(s.starts)
	s.data = slices.Clone(s.data)
}

// offset narrows a place in an array. Offsets have 32 bits to halve the index: selections are a configuration, not data.
func offset(n int) uint32 {
	if uint64(n) > math.MaxUint32 {
		panic(fmt.Sprintf("matcher: selections need offset %d, above the limit %d", n, uint32(math.MaxUint32)))
	}
	return uint32(n)
}
