package deliver

import "time"

// shareMax is how many times as many attempts must fail as succeed for a webhook to be turned off: nine in ten.
const shareMax = 9

// shareSlots is into how many parts the time is cut over which failures are counted.
const shareSlots = 15

// share counts failures over a sliding time. Only failures step it: a success costs its caller one atomic addition. It is
// guarded by the lock of its health.
type share struct{ slots [shareSlots]shareSlot }

type shareSlot struct {
	number int64 // of the part of time, from the epoch; 0: none
	bad    int64
	good   int64 // attempts that had ever succeeded when it began
}

// add counts a failure at now, when so many attempts have ever succeeded. It returns how many failed and succeeded within
// the time before now, and whether failures were counted over the whole of it.
func (s *share) add(now time.Time, within time.Duration, good int64) (bad, succeeded int64, whole bool) {
	number := now.UnixNano() / int64(max(within/shareSlots, 1))
	at := &s.slots[number%shareSlots]
	if at.number != number {
		*at = shareSlot{number: number, good: good}
	}
	at.bad++
	oldest := at
	for i := range s.slots {
		slot := &s.slots[i]
		if slot.number <= number-shareSlots || slot.number > number {
			continue
		}
		bad += slot.bad
		if slot.number < oldest.number {
			oldest = slot
		}
	}
	return bad, good - oldest.good, oldest.number == number-shareSlots+1
}
