package signal

// turnTime is how soon after the load of another page a return to the one before is a U-turn, in milliseconds.
const turnTime = 7000

// load is one page that was loaded.
type load struct {
	at   int64
	page uint64
}

// recentLoads are the two that a return is compared with, and one that it may have been overtaken by.
const recentLoads = 3

// loads is what is remembered of a visitor's way.
type loads struct {
	n      uint8
	recent [recentLoads]load // in the order of their times
}

// add puts a load to the others and says whether it is the return of a U-turn.
func (l *loads) add(at int64, page uint64) bool {
	if l.n == recentLoads && at < l.recent[0].at {
		if l.recent[0].at-at <= lateness {
			return false // what was before it is forgotten
		}
		*l = loads{}
	}
	var row [recentLoads + 1]load
	i := copy(row[:], l.recent[:l.n])
	n := i + 1
	for i > 0 && row[i-1].at > at {
		row[i] = row[i-1]
		i--
	}
	row[i] = load{at, page}
	l.n = uint8(copy(l.recent[:], row[max(n-recentLoads, 0):n]))
	return i >= 2 && row[i-2].page == page && row[i-1].page != page && at-row[i-1].at <= turnTime
}
