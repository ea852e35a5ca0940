package wal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func mustCoder(t testing.TB, name string) *coder {
	t.Helper()
	c, err := newCoder(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// newTestBlock makes a block of records of the given sizes.
func newTestBlock(first uint64, sizes ...int) *block {
	b := &block{first: first, time: 1234567890123}
	rng := rand.New(rand.NewPCG(first, uint64(len(sizes))))
	for _, n := range sizes {
		for end := len(b.raw) + n; len(b.raw) < end; {
			word := []string{`{"event":"`, `"visitor":`, `"url":"https://example.com/`, "\"}", "42", "x"}[rng.IntN(6)]
			b.raw = append(b.raw, word[:min(len(word), end-len(b.raw))]...)
		}
		b.ends = append(b.ends, uint32(len(b.raw)))
	}
	return b
}

func sameBlock(a, b *block) bool {
	return a.time == b.time && bytes.Equal(a.raw, b.raw) && slices.Equal(a.ends, b.ends)
}

func TestBlockRoundTrip(t *testing.T) {
	many := slices.Repeat([]int{600}, 400)
	for _, name := range []string{"none", "s2", "zstd"} {
		c := mustCoder(t, name)
		for _, sizes := range [][]int{{0}, {1}, {0, 0, 0}, {3, 0, 5}, many, {blockBytesMax + 5}, {3 << 20}} {
			want := newTestBlock(7, sizes...)
			value, _ := c.appendBlock(nil, nil, want)
			// Any coder reads what any other wrote: the codec is in the value.
			for _, reader := range []string{"none", "zstd"} {
				got := &block{first: 7}
				if err := mustCoder(t, reader).parseBlock(value, got); err != nil || !sameBlock(got, want) {
					t.Errorf("%s, %d records: read back %d, error %v", name, len(sizes), len(got.ends), err)
				}
			}
			if name != "none" && len(want.raw) > 1000 && len(value) > len(want.raw) {
				t.Errorf("%s makes %d bytes of %d", name, len(value), len(want.raw))
			}
		}
	}
}

func TestBlockBytes(t *testing.T) {
	b := &block{time: 5, raw: []byte("abc"), ends: []uint32{1, 1, 3}}
	value, _ := mustCoder(t, "none").appendBlock(nil, nil, b)
	if want := "\x00\x05\x03\x03\x01\x00\x02abc"; string(value) != want {
		t.Errorf("block is %q, want %q", value, want)
	}
}

func TestBlockDamaged(t *testing.T) {
	for _, name := range []string{"none", "s2", "zstd"} {
		c := mustCoder(t, name)
		value, _ := c.appendBlock(nil, nil, newTestBlock(1, 100, 200, 300))
		for n := range value {
			if err := c.parseBlock(value[:n], &block{}); err == nil {
				t.Errorf("%s: %d of %d bytes are a block", name, n, len(value))
			}
		}
		if err := c.parseBlock(append(slices.Clone(value), 0), &block{}); err == nil && name != "zstd" {
			t.Errorf("%s: a block with a byte too many is a block", name)
		}
	}
	err := mustCoder(t, "s2").parseBlock([]byte("\x09\x00\x01\x01\x01x"), &block{})
	if err == nil || !strings.Contains(err.Error(), "codec 9 is unknown") {
		t.Errorf("an unknown codec is answered with %v", err)
	}
}

func TestBlockGivesRoomBack(t *testing.T) {
	b := &block{raw: make([]byte, 10, 1<<20), ends: make([]uint32, 1, 1<<16)}
	b.clip()
	if b.size() > 5000 {
		t.Errorf("a block of 10 bytes takes %d", b.size())
	}
}

func TestBlockKnowsItsQueues(t *testing.T) {
	b := newTestBlock(10, 1, 2, 3)
	b.queues = []uint32{2, 5, 9}
	f := func(queue uint32, want bool) {
		t.Helper()
		if got := b.names(queue); got != want {
			t.Errorf("names %d: %v", queue, got)
		}
	}
	f(2, true)
	f(9, true)
	f(1, false)
	f(10, false)
	if b.last() != 12 || b.begin(10) != 0 || b.begin(12) != 3 {
		t.Errorf("last %d, begins %d, %d", b.last(), b.begin(10), b.begin(12))
	}
}

func FuzzParseBlock(f *testing.F) {
	c := mustCoder(f, "s2")
	for _, name := range []string{"none", "s2", "zstd"} {
		value, _ := mustCoder(f, name).appendBlock(nil, nil, newTestBlock(1, 3, 0, 90))
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		var b, again block
		if c.parseBlock(value, &b) != nil {
			return
		}
		rewritten, _ := c.appendBlock(nil, nil, &b)
		if err := c.parseBlock(rewritten, &again); err != nil || !sameBlock(&b, &again) {
			t.Errorf("%x reads as %d records, and written again as %d, %v", value, len(b.ends), len(again.ends), err)
		}
		for seq := b.first; seq <= b.last(); seq++ {
			_, _ = parseRecord(b.raw[b.begin(seq):b.ends[seq-b.first]], 1)
		}
	})
}

func BenchmarkBlock(b *testing.B) {
	for _, name := range []string{"none", "s2", "zstd"} {
		c := mustCoder(b, name)
		blk := newTestBlock(1, slices.Repeat([]int{600}, 400)...)
		value, scratch := c.appendBlock(nil, nil, blk)
		b.Run(fmt.Sprintf("codec=%s/append", name), func(b *testing.B) {
			b.SetBytes(int64(len(blk.raw)))
			for b.Loop() {
				value, scratch = c.appendBlock(value[:0], scratch, blk)
			}
		})
		b.Run(fmt.Sprintf("codec=%s/parse", name), func(b *testing.B) {
			b.SetBytes(int64(len(blk.raw)))
			b.ReportAllocs()
			for b.Loop() {
				var got block
				if err := c.parseBlock(value, &got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
