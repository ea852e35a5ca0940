package signal

// The rule of rage clicks.
const (
	rageClicks  = 4
	clickGap    = 1000 // milliseconds
	clickRadius = 30   // pixels
)

// lateness is how much older than what is remembered an event may be and still belong to it, in milliseconds.
const lateness = 60_000

// Place is where a click was: a point, or an element.
type Place uint64

// elementBit tells elements from points.
const elementBit = 1 << 63

// farthest bounds coordinates: what is beyond is there.
const farthest = 1<<30 - 1

// At is the point of these coordinates, in pixels. Which corner they count from is the same for all clicks of a visitor.
func At(x, y int) Place {
	return Place(offset(x)<<32 | offset(y))
}

// offset moves a coordinate to where there are no negative ones.
func offset(n int) uint64 { return uint64(max(min(n, farthest), -farthest) + farthest) }

// On is the place of an element, whose number is as Sum makes it.
func On(element uint64) Place { return Place(element | elementBit) }

// near says whether a click at p belongs to a run that began at first.
func near(first, p Place) bool {
	if (first|p)&elementBit != 0 {
		return first == p
	}
	const low = 1<<32 - 1
	return distance(first>>32, p>>32) <= clickRadius && distance(first&low, p&low) <= clickRadius
}

func distance(a, b Place) Place { return max(a, b) - min(a, b) }

// click is one click.
type click struct {
	at    int64
	place Place
}

// run counts clicks that belong together.
type run struct {
	first Place
	last  int64 // when the last click was, of this run or the one before
	count uint8
}

// step counts a click and says whether it is the fourth. The next run then begins.
func (r *run) step(c click) bool {
	if r.count == 0 || c.at-r.last > clickGap || !near(r.first, c.place) {
		r.count, r.first = 0, c.place
	}
	r.count++
	r.last = c.at
	if r.count < rageClicks {
		return false
	}
	r.count = 0
	return true
}

// recentClicks is how many may still be overtaken. Those before are settled: counted, and not to be told apart again.
const recentClicks = 3

// clicks is what is remembered of a visitor's clicks.
type clicks struct {
	settled run
	n       uint8
	recent  [recentClicks]click // in the order of their times
}

// add puts a click to the others and says whether it completes a run.
func (c *clicks) add(at int64, place Place) bool {
	if at < c.settled.last {
		if c.settled.last-at > lateness {
			*c = clicks{}
		} else {
			at = c.settled.last
		}
	}
	var row [recentClicks + 1]click
	n := copy(row[:], c.recent[:c.n])
	for n > 0 && row[n-1].at > at {
		row[n] = row[n-1]
		n--
	}
	row[n] = click{at, place}
	n = int(c.n) + 1
	count := c.settled
	for i := range row[:n] {
		if count.step(row[i]) {
			c.settled = count
			c.n = uint8(copy(c.recent[:], row[i+1:n]))
			return true
		}
	}
	old := max(n-recentClicks, 0)
	for i := range row[:old] {
		c.settled.step(row[i])
	}
	c.n = uint8(copy(c.recent[:], row[old:n]))
	return false
}
