package signal

import "math"

// agentClicks is the rule of rage clicks as the agent has it, for clicks in the order of their times.
type agentClicks struct {
	previous, initialX, initialY int
	some                         bool
	consecutive                  int
}

func (a *agentClicks) click(at, x, y int) bool {
	if !a.some {
		a.previous, a.initialX, a.initialY, a.consecutive, a.some = at, x, y, 1, true
		return false
	}
	if at-a.previous <= 1000 && math.Abs(float64(a.initialX-x)) <= 30 && math.Abs(float64(a.initialY-y)) <= 30 {
		a.consecutive++
	} else {
		a.consecutive, a.initialX, a.initialY = 1, x, y
	}
	a.previous = at
	if a.consecutive == 4 {
		a.some = false
		return true
	}
	return false
}

// agentLoads is the rule of U-turns as the agent has it.
type agentLoads struct {
	pages []uint64
	times []int
}

func (a *agentLoads) load(at int, page uint64) (turned bool) {
	if n := len(a.pages); n >= 2 {
		turned = a.pages[n-2] == page && at-a.times[n-1] <= 7000 && a.pages[n-1] != page
	}
	a.pages, a.times = append(a.pages, page), append(a.times, at)
	return turned
}
