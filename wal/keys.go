package wal

import "encoding/binary"

const (
	spaceBlock  = 'b'
	spaceCursor = 'c'
	spaceDead   = 'd'
	spaceIndex  = 'i'
	spaceMeta   = 'm'
	spaceOrder  = 'o'
	spaceParked = 'p'
	spaceState  = 's'
)

func appendSeqKey(dst []byte, space byte, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, space), seq)
}

func appendQueueKey(dst []byte, space byte, queue uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, space), queue)
}

func appendParkedKey(dst []byte, queue uint32, due int64, seq uint64) []byte {
	dst = appendQueueKey(dst, spaceParked, queue)
	dst = binary.BigEndian.AppendUint64(dst, uint64(max(due, 0)))
	return binary.BigEndian.AppendUint64(dst, seq)
}

func appendOrderKey(dst []byte, queue uint32, order, seq uint64) []byte {
	dst = appendQueueKey(dst, spaceOrder, queue)
	dst = binary.BigEndian.AppendUint64(dst, order)
	return binary.BigEndian.AppendUint64(dst, seq)
}

func appendDeadKey(dst []byte, queue uint32, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(appendQueueKey(dst, spaceDead, queue), seq)
}

func appendStateKey(dst, key []byte) []byte {
	return append(append(dst, spaceState), key...)
}

// lastNumber is the number at the end of a key.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// parkedDue is the due time in a parked key, Unix milliseconds.
func parkedDue(key []byte) int64 { return int64(binary.BigEndian.Uint64(key[5:13])) }

// orderOf is the order key in the key of a held delivery.
func orderOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[5:13]) }

// prefixEnd is the first key behind all keys that begin with prefix.
func prefixEnd(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
