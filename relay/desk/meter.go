package desk

import (
	"math"
	"time"
)

// A meter keeps two rings of what one webhook's sender did: short steps for the last quarter of an hour, long ones for
// three hours. Together they take some 5 KiB, and nothing for a webhook that does nothing.
const (
	shortStep  = 10 * time.Second
	shortSteps = 90
	longStep   = time.Minute
	longSteps  = 180
)

// rateSpan is the time over which rates are shown, successSpan that for shares of success.
const (
	rateSpan    = time.Minute
	successSpan = time.Hour
)

// meter is what a webhook's sender did lately. Its watch guards it.
type meter struct {
	born  time.Time
	last  Counts    // at the last step
	at    time.Time // of the last step
	short ring
	long  ring
}

// count takes the counts at the end of a step.
func (m *meter) count(p *Pulse, now time.Time) {
	done := p.Counts.since(m.last)
	m.last, m.at = p.Counts, now
	m.short.add(stepBefore(now, shortStep), shortSteps, done, p.Backlog)
	m.long.add(stepBefore(now, longStep), longSteps, done, p.Backlog)
}

// stepBefore is the number of the step that a tick ends, which comes a little late.
func stepBefore(tick time.Time, length time.Duration) int64 {
	return tick.Add(-shortStep/2).UnixNano() / int64(length)
}

// rate is how many deliveries a second there were in the last minute.
func (m *meter) rate(counts Counts, now time.Time) float64 {
	passed := now.Sub(m.at)
	span := min(rateSpan+passed, now.Sub(m.born))
	if span < time.Second {
		span = time.Second
	}
	steps := int64(rateSpan / shortStep)
	newest := stepBefore(m.at, shortStep)
	sum := m.short.sum(newest-steps+1, newest)
	return float64(sum.Delivered+counts.since(m.last).Delivered) / span.Seconds()
}

// success is which share of the last hour's attempts succeeded; ok is false when there were none.
func (m *meter) success(counts Counts, now time.Time) (share float64, ok bool) {
	newest := now.UnixNano() / int64(longStep)
	sum, fresh := m.long.sum(newest-int64(successSpan/longStep), newest), counts.since(m.last)
	good := sum.Succeeded + fresh.Succeeded
	all := good + sum.Failed + fresh.Failed
	if all == 0 {
		return 0, false
	}
	return float64(good) / float64(all), true
}

// ring is the last steps of a meter. Its first step that is not empty allocates it.
type ring struct {
	newest int64 // number of the newest step since 1970
	steps  []step
}

// step is what happened in one of them.
type step struct {
	delivered, dead   uint32
	succeeded, failed uint32 // attempts
	backlog           uint32 // at its end
}

func (r *ring) add(number int64, room int, done Counts, backlog int64) {
	if r.steps == nil {
		if done == (Counts{}) && backlog == 0 {
			return
		}
		r.steps, r.newest = make([]step, room), number
	}
	if number < r.newest {
		number = r.newest // the clock was set back
	}
	for empty := max(r.newest, number-int64(room)) + 1; empty <= number; empty++ {
		*r.at(empty) = step{}
	}
	r.newest = number
	s := r.at(number)
	s.delivered += uint32(min(done.Delivered, math.MaxUint32))
	s.succeeded += uint32(min(done.Succeeded, math.MaxUint32))
	s.failed += uint32(min(done.Failed, math.MaxUint32))
	s.dead += uint32(min(done.Dead, math.MaxUint32))
	s.backlog = uint32(min(max(backlog, 0), math.MaxUint32))
}

func (r *ring) at(number int64) *step { return &r.steps[number%int64(len(r.steps))] }

// get is a step, empty when it is not in the ring.
func (r *ring) get(number int64) step {
	if number > r.newest || number <= r.newest-int64(len(r.steps)) || number < 0 {
		return step{}
	}
	return *r.at(number)
}

func (r *ring) sum(from, to int64) (c Counts) {
	for number := from; number <= to; number++ {
		s := r.get(number)
		c.Delivered += uint64(s.delivered)
		c.Succeeded += uint64(s.succeeded)
		c.Failed += uint64(s.failed)
		c.Dead += uint64(s.dead)
	}
	return c
}

// Series is what happened in equal steps of time, the newest last. All lists have the same length.
type Series struct {
	Step      float64   `json:"step_seconds"`
	From      time.Time `json:"from"` // begin of the first step
	Delivered []uint32  `json:"delivered"`
	Failed    []uint32  `json:"failed"` // attempts
	Dead      []uint32  `json:"dead"`
	Backlog   []uint32  `json:"backlog"` // at the end of each step
}

// series are the steps up to the last one that has ended.
func (r *ring) series(length time.Duration, steps int, now time.Time) Series {
	newest := now.UnixNano()/int64(length) - 1
	first := newest - int64(steps) + 1
	s := Series{Step: length.Seconds(), From: time.Unix(0, first*int64(length)).UTC()}
	for number := first; number <= newest; number++ {
		at := r.get(number)
		s.Delivered = append(s.Delivered, at.delivered)
		s.Failed = append(s.Failed, at.failed)
		s.Dead = append(s.Dead, at.dead)
		s.Backlog = append(s.Backlog, at.backlog)
	}
	return s
}
