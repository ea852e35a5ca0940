package tagging

import (
	"fmt"
	"sync"
	"time"

	"edgerelay/relay/catalog"
)

// build compiles catalogs. One that is being compiled holds the lock; those who wait for it find their changes in the next
// one, all together.
type build struct {
	mu         sync.Mutex
	generation uint64 // of the shelf that was compiled last
	took       time.Duration
	ended      time.Time
}

// A program that makes entries one after the other must not keep a core busy: between two catalogs there is restShare times
// as long as the first took to compile, 60 ms for 10,000 rules and 10,000 selectors, and never more than restMax.
const (
	restShare = 4
	restMax   = 500 * time.Millisecond
)

// catchUp returns when a shelf of that generation, or a later one, is in force.
func (s *Store) catchUp(generation uint64) error {
	s.build.mu.Lock()
	defer s.build.mu.Unlock()
	if s.build.generation >= generation {
		return nil
	}
	s.rest()
	s.look.RLock()
	options, reached := s.shelf.options(s.opt.Learned), s.generation
	s.look.RUnlock()
	began := time.Now()
	c, err := catalog.New(options)
	s.build.took, s.build.ended = time.Since(began), time.Now()
	if err != nil {
		return fmt.Errorf("compile catalog: the change is kept, but not in force: %w", err)
	}
	s.build.generation = reached
	s.publish(c)
	return nil
}

// rest waits until it is time for the next one.
func (s *Store) rest() {
	left := min(restShare*s.build.took, restMax) - time.Since(s.build.ended)
	if left <= 0 {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stop:
	}
}

// publish puts a catalog in force. The build's lock is held.
func (s *Store) publish(c *catalog.Catalog) {
	s.current.Store(c)
	s.opt.Traffic.SetCatalog(c)
}
