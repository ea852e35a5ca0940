package signal

import (
	"fmt"
	"math/bits"
)

// Feed is what one request tells a Detector. It goes through Join for each visitor, Begin, Load and Click, and Done; then
// it may be used again. A Done without a Begin forgets who joined and does nothing else. The zero value is ready.
type Feed struct {
	detector *Detector
	now      int64
	shards   uint64 // a bit for each shard of those who joined
	begun    bool
	told     []earlier
}

// earlier is what was remembered of a visitor before something was told of them.
type earlier struct {
	visitor Visitor
	history history
}

// keepTold is how many of them a Feed keeps the room for.
const keepTold = 64

// Join says that there will be something to tell of v. All visitors of a Feed are of one Detector.
func (f *Feed) Join(d *Detector, v Visitor) {
	f.detector = d
	f.shards |= 1 << (v % shardCount)
}

// Begin waits for other Feeds with the same visitors. now is Unix milliseconds.
func (f *Feed) Begin(now int64) {
	f.now, f.begun = now, true
	for left := f.shards; left != 0; left &= left - 1 {
		f.detector.shards[bits.TrailingZeros64(left)].Lock()
	}
}

// Click tells of a click at a time by the visitor's clock and says whether it completes a rage click.
func (f *Feed) Click(v Visitor, at int64, place Place) bool {
	return f.find(v).clicks.add(max(at, 0), place)
}

// Load tells of a page that was loaded, whose number is as Sum makes it, and says whether that was a U-turn.
func (f *Feed) Load(v Visitor, at int64, page uint64) bool {
	return f.find(v).loads.add(max(at, 0), page)
}

// find returns what is remembered of a visitor, and notes it in case that it must be taken back.
func (f *Feed) find(v Visitor) *history {
	if !f.begun || f.shards&(1<<(v%shardCount)) == 0 {
		panic(fmt.Sprintf("BUG: signal: visitor %x did not join, or the feed did not begin (shards %x)", uint64(v), f.shards))
	}
	h := &f.detector.shard(v).find(v, f.now, f.detector.idle).history
	f.told = append(f.told, earlier{v, *h})
	return h
}

// Done ends the Feed. Unless what was told is kept, the Detector remembers what it did before, except for those whom it
// forgot to make room.
func (f *Feed) Done(kept bool) {
	if f.begun {
		if !kept {
			f.takeBack()
		}
		for left := f.shards; left != 0; left &= left - 1 {
			f.detector.shards[bits.TrailingZeros64(left)].Unlock()
		}
	}
	if cap(f.told) > keepTold {
		f.told = nil
	}
	f.told, f.shards, f.begun = f.told[:0], 0, false
}

// takeBack undoes what was told, the last first.
func (f *Feed) takeBack() {
	for i := len(f.told) - 1; i >= 0; i-- {
		s := f.detector.shard(f.told[i].visitor)
		if at, known := s.index[f.told[i].visitor]; known {
			s.slots[at].history = f.told[i].history
		}
	}
}
