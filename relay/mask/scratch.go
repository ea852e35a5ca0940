package mask

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"edgerelay/relay/event"
)

// Scratch is the memory that masking works in. The zero value is ready. One goroutine at a time; use it again.
type Scratch struct {
	event  event.Event
	buffer []byte // room for what Apply writes; what is behind its length is free

	states []state // of all values being walked, those of the innermost last
	plain  []byte  // text of a key, or of a value to hash
	mac    hash.Hash
	key    []byte // of mac, nil for digests without one
	sum    [sha256.Size]byte
}

// state says that a rule has met parts of the way to a value: its parts before next.
type state struct {
	rule, next uint16
}

// bufferKeep is how many bytes of room are kept for the next event.
const bufferKeep = 1 << 20

// begin makes room for the next event.
func (s *Scratch) begin() {
	if cap(s.buffer) > bufferKeep {
		s.buffer = nil
	}
	s.buffer = s.buffer[:0]
}

// meet prepares for the digests of m.
func (s *Scratch) meet(m *Mask) {
	if cap(s.plain) > bufferKeep {
		s.plain = nil
	}
	if m.key != nil && (s.mac == nil || !bytes.Equal(s.key, m.key)) {
		s.mac = hmac.New(sha256.New, m.key)
	}
	s.key = m.key
}

// Release lets go of the event that the last Apply was given.
func (s *Scratch) Release() {
	s.event = event.Event{}
}

// keepFrom takes a buffer that was appended to, and returns what was. What comes next is written behind it.
func (s *Scratch) keepFrom(longer []byte) []byte {
	start := len(s.buffer)
	s.buffer = longer
	return longer[start:len(longer):len(longer)]
}

// appendDigest appends the digest of value, stable JSON, as a JSON string. null and "" stay as they are.
func (s *Scratch) appendDigest(dst, value []byte) []byte {
	if len(value) == 0 || string(value) == "null" || string(value) == `""` {
		return append(dst, value...)
	}
	text, ok := event.PlainText(value)
	if !ok {
		s.plain = event.AppendText(s.plain[:0], value)
		text = s.plain
	}
	if s.key == nil {
		s.sum = sha256.Sum256(text)
	} else {
		s.mac.Reset()
		s.mac.Write(text)
		s.mac.Sum(s.sum[:0])
	}
	return append(hex.AppendEncode(append(dst, '"'), s.sum[:]), '"')
}
