package people

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// pending holds the records that were submitted and are not committed yet, as they will be. Whoever reads looks here
// first, then at the state. It is safe for concurrent use.
type pending struct {
	count    atomic.Int64 // of records: the usual reader sees 0 and takes no lock
	bytesMax int

	sync.RWMutex
	records map[string]*pendingRecord
	bytes   int
}

// pendingRecord is one key's newest record. It stays until every change that wrote it is done.
type pendingRecord struct {
	value    []byte // never written to
	writes   int    // by changes, since the record is here
	open     int    // writes not done
	brokenAt int    // the first write whose commit failed; 0 when none did
}

// get returns the record waiting under key. It is not to be written to.
func (p *pending) get(key []byte) ([]byte, bool) {
	if p.count.Load() == 0 {
		return nil, false
	}
	p.RLock()
	defer p.RUnlock()
	r := p.records[string(key)]
	if r == nil {
		return nil, false
	}
	return r.value, true
}

// put keeps value as the newest record of key. Record and number of the write are for done, which must follow.
func (p *pending) put(key, value []byte) (r *pendingRecord, write int) {
	p.Lock()
	defer p.Unlock()
	r = p.records[string(key)]
	if r == nil {
		r = &pendingRecord{}
		p.records[string(key)] = r
		p.count.Add(1)
		p.bytes += len(key)
	}
	p.bytes += len(value) - len(r.value)
	r.value = value
	r.writes++
	r.open++
	return r, r.writes
}

// done ends a write. After the last one, and at once when a commit failed, the state says what is true.
func (p *pending) done(key []byte, r *pendingRecord, write int, committed bool) {
	p.Lock()
	defer p.Unlock()
	r.open--
	switch {
	case !committed && r.brokenAt == 0:
		r.brokenAt = write
	case committed && r.brokenAt != 0 && r.brokenAt < write:
		panic(fmt.Sprintf("BUG: people: write %d of a record was committed, write %d before it was not", write, r.brokenAt))
	}
	if p.records[string(key)] == r && (r.open == 0 || r.brokenAt != 0) {
		delete(p.records, string(key))
		p.count.Add(-1)
		p.bytes -= len(key) + len(r.value)
	}
}

func (p *pending) size() (records, bytes int) {
	p.RLock()
	defer p.RUnlock()
	return len(p.records), p.bytes
}

func (p *pending) full() bool {
	_, bytes := p.size()
	return bytes > p.bytesMax
}
