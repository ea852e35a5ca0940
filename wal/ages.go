package wal

import (
	"cmp"
	"slices"
)

// agesMax bounds the spans of ages, and so its memory: 6 KiB.
const agesMax = 256

// ages knows how old the oldest of a queue's copies is. Copies lie by due time or by order key, so to look for the oldest
// on disk would be to read them all. It counts them by spans of time, a second each to begin with; when there are too many
// spans, they double. So the answer is exact to a second while there are few, and to a hundredth of the copies' time span
// else; it is never younger than the truth.
type ages struct {
	shift   uint  // a span is 1<<shift milliseconds
	spans   []age // that have copies, ascending
	unknown int64 // copies that a start did not look at
}

type age struct {
	at     int64 // time >> shift
	n      int64
	oldest int64 // Unix milliseconds: of all that were counted since it was empty
}

const agesShift = 10

func (a *ages) clear() { *a = ages{} }

// place is where the span of a time stands, or would.
func (a *ages) place(time int64) (i int, found bool) {
	return slices.BinarySearchFunc(a.spans, time>>a.shift, func(s age, at int64) int { return cmp.Compare(s.at, at) })
}

func (a *ages) add(time int64) {
	if len(a.spans) == 0 {
		a.shift = agesShift
	}
	i, found := a.place(time)
	if found {
		a.spans[i].n++
		a.spans[i].oldest = min(a.spans[i].oldest, time)
		return
	}
	a.spans = slices.Insert(a.spans, i, age{time >> a.shift, 1, time})
	for len(a.spans) > agesMax {
		a.widen()
	}
}

// widen doubles the spans.
func (a *ages) widen() {
	a.shift++
	kept := a.spans[:0]
	for _, s := range a.spans {
		s.at >>= 1
		if last := len(kept) - 1; last >= 0 && kept[last].at == s.at {
			kept[last].n += s.n
			continue // the first is the older
		}
		kept = append(kept, s)
	}
	a.spans = kept
}

// remove takes out a copy that was added, or was there at the start.
func (a *ages) remove(time int64) {
	i, found := a.place(time)
	if !found {
		a.unknown = max(a.unknown-1, 0)
		return
	}
	if a.spans[i].n--; a.spans[i].n == 0 {
		a.spans = slices.Delete(a.spans, i, i+1)
	}
}

// oldest is when the record of the oldest copy was committed, 0 when none is known.
func (a *ages) oldest() int64 {
	if len(a.spans) == 0 {
		return 0
	}
	return a.spans[0].oldest
}

// agesReadMax is how many copies a start looks at, some 20 ms' worth, so that it costs the same whatever is parked. The
// others' ages are not known until they have ended or are parked anew.
const agesReadMax = 10_000

// restoreAges counts the copies again. One that cannot be read stays unknown: who takes it is told.
func (q *Queue) restoreAges() {
	q.ages.clear()
	q.ages.unknown = q.parked
	for _, space := range []byte{spaceParked, spaceOrder} {
		prefix := appendQueueKey(nil, space, q.id)
		err := q.log.store.scan(prefix, prefixEnd(prefix), func(key, value []byte) (bool, error) {
			var e Entry
			if _, err := parseCopy(lastNumber(key), value, &e); err != nil {
				return false, err
			}
			q.ages.add(e.Time)
			q.ages.unknown--
			return q.parked-q.ages.unknown < agesReadMax, nil
		})
		if err != nil {
			q.log.logger.Debug("ages of parked deliveries are not known", "queue", q.log.opt.Name(q.id), "error", err)
		}
	}
	q.ages.unknown = max(q.ages.unknown, 0)
}
