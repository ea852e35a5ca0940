package tagging

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"edgerelay/wal"
)

// Keys of the state, see the package comment.
const (
	statePrefix = "catalog/"
	changesKey  = statePrefix + "changes"
)

// stateKey is where an entry is kept.
func (k key) stateKey() []byte {
	return []byte(statePrefix + string(k.list) + "/" + url.PathEscape(k.app) + "/" + url.PathEscape(k.id))
}

// record is an entry made by the admin API as it is kept.
type record struct {
	Version uint64    `json:"version"`
	Change  uint64    `json:"change"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Entry   Settings  `json:"entry"`
}

// stage puts what the change makes of the state into a batch.
func (c change) stage(b *wal.Batch) {
	if c.after == nil {
		b.Delete(c.before.key().stateKey())
		return
	}
	e := c.after
	value, err := json.Marshal(record{e.version, e.change, e.created, e.updated, e.Settings})
	if err != nil {
		panic(fmt.Sprintf("BUG: tagging: an entry is no JSON: %v", err)) // texts and times of four digits a year always are
	}
	b.Put(e.key().stateKey(), value)
}

func stageChanges(b *wal.Batch, n uint64) { b.Put([]byte(changesKey), strconv.AppendUint(nil, n, 10)) }

// readMade reads the entries made by the admin API.
func (s *Store) readMade() (map[key]*entry, error) {
	made := map[key]*entry{}
	for _, list := range Lists {
		var fault error
		err := s.opt.State.Scan([]byte(statePrefix+string(list)+"/"), nil, func(k, value []byte) bool {
			var r record
			if fault = json.Unmarshal(value, &r); fault != nil {
				fault = fmt.Errorf("read %q: %w; the data folder is damaged, restore it", k, fault)
				return false
			}
			e := newEntry(list, r.Entry, OfAPI)
			e.version, e.change, e.created, e.updated, e.broken = r.Version, r.Change, r.Created, r.Updated, r.Entry.check(list)
			made[e.key()] = e
			return true
		})
		if err == nil {
			err = fault
		}
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

// readChanges reads how many changes there were.
func (s *Store) readChanges() (uint64, error) {
	text, found, err := s.opt.State.Get(nil, []byte(changesKey))
	if err != nil || !found {
		return 0, err
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %q: %w; the data folder is damaged, restore it", changesKey, err)
	}
	return n, nil
}
