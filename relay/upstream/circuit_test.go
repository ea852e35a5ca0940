package upstream

import (
	"testing"
	"time"
)

func TestCircuit(t *testing.T) {
	c := circuit{limit: 3, rest: 5 * time.Second}
	now := time.Unix(1e9, 0)
	enter := func(want bool) {
		t.Helper()
		if c.enter(now) != want {
			t.Errorf("enter is %v", !want)
		}
	}
	leave := func(r result, opened, closed bool) {
		t.Helper()
		if o, c := c.leave(r, now); o != opened || c != closed {
			t.Errorf("opened %v, closed %v", o, c)
		}
	}
	for range 2 { // two failures are none in a row of three
		enter(true)
		leave(failed, false, false)
		enter(true)
		leave(failed, false, false)
		enter(true)
		leave(unknown, false, false)
		enter(true)
		leave(well, false, false)
	}
	for range 2 {
		enter(true)
		leave(failed, false, false)
	}
	enter(true)
	enter(true) // under way when it opens
	leave(failed, true, false)
	enter(false)
	now = now.Add(2 * time.Second)
	leave(failed, false, false) // the late one: the rest begins again
	now = now.Add(4 * time.Second)
	enter(false)
	now = now.Add(time.Second)
	enter(true)
	enter(false) // one at a time
	leave(failed, false, false)
	enter(false)
	now = now.Add(5 * time.Second)
	enter(true)
	leave(unknown, false, false) // it was not found out: the next one tries
	enter(true)
	leave(well, false, true)
	enter(true)
	enter(true)
}
