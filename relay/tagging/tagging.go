// Package tagging is all pages, features, track types and guides in one catalog: those of the config file, which are
// read-only here, those made by the admin API, which it keeps, and the guides that were learnt as they passed. It creates,
// edits and deletes them while events come in: a change and the administrative event that tells of it (seed 002) are on disk
// in one commit, then a catalog is compiled beside the traffic, then events are looked up in that.
//
//	s, err := tagging.Open(options)
//	err = s.Load(file)                                        // again with each new config file
//	made, err := s.Create(tagging.Pages, document)
//	e, err := s.Edit(tagging.Ref{List: tagging.Pages, ID: "home"}, patch, e.ETag)
//	trial, err := s.Try("web", url, element)                  // what would an event touch?
//	s.Close()
//
// It knows the settings of entries, which entry stands in the way of which, and the state they are kept in. It knows no
// HTTP, no webhook and no config file; what rules and selectors mean is package catalog's. A Store is safe for concurrent
// use: changes are made one at a time, and who looks on never waits for one to be on disk.
//
// # State
//
//	catalog/changes                    how many changes there were, decimal
//	catalog/LIST/APP/ID                an entry made by the admin API, see record; APP and ID as in URLs
package tagging

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
	"edgerelay/wal"
)

// State is where entries are kept: the log's state.
type State interface {
	Get(dst, key []byte) (value []byte, found bool, err error)
	Scan(prefix, from []byte, f func(key, value []byte) bool) error
}

// Traffic is where events come in: package intake.
type Traffic interface {
	// Announce makes what stage puts and the events durable, in one commit; see intake.Server.
	Announce(events []event.Event, stage func(b *wal.Batch)) error
	// SetCatalog is told of each catalog that is compiled, in order. It must not block.
	SetCatalog(c *catalog.Catalog)
}

// Options are what a Store works with. State and Traffic are required.
type Options struct {
	State   State
	Traffic Traffic
	Learned *catalog.Learned // default: an empty one
	Logger  *slog.Logger     // default slog.Default
	Now     func() time.Time // default time.Now
}

// File is what a config file has to say.
type File struct {
	Apps                            []string
	Pages, Features, Tracks, Guides []Settings
}

// Store is the catalog. Make it with Open.
type Store struct {
	opt Options

	mu      sync.Mutex // held over each change, until it is on disk
	changes uint64     // how many there were

	look       sync.RWMutex // of what follows; never held over a wait
	shelf      *shelf
	generation uint64 // steps with each change of the shelf

	build   build
	current atomic.Pointer[catalog.Catalog]
	stop    chan struct{}
}

// Open reads the entries that were made by the admin API. None is in force before Load.
func Open(o Options) (*Store, error) {
	if o.Learned == nil {
		o.Learned = catalog.NewLearned(0)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{opt: o, stop: make(chan struct{})}
	made, err := s.readMade()
	if err == nil {
		s.changes, err = s.readChanges()
	}
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	s.shelf = newShelf(&File{}, made)
	empty, err := catalog.New(catalog.Options{Learned: o.Learned})
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	s.current.Store(empty)
	return s, nil
}

// Close lets those go on at once who wait for their change to be compiled. It is called once.
func (s *Store) Close() { close(s.stop) }

// Load puts a config file's apps and entries in place of those of the file before, or, when there is an error, changes
// nothing. When it returns, the catalog of both together is in force. The file must have been checked: its own faults are
// this package's too, but they are told in the terms of package catalog.
func (s *Store) Load(file *File) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.build.mu.Lock()
	defer s.build.mu.Unlock()
	next := newShelf(file, s.shelf.made) // made is changed under mu alone
	c, err := catalog.New(next.options(s.opt.Learned))
	if err != nil {
		return fmt.Errorf("load catalog: %w", err)
	}
	s.look.Lock()
	s.shelf = next
	s.generation++
	s.build.generation = s.generation
	s.look.Unlock()
	s.publish(c)
	s.warn()
	return nil
}

// warn tells of entries that do not work together with the config file. mu is held.
func (s *Store) warn() {
	var broken []string
	for _, list := range Lists {
		for _, e := range s.shelf.sorted[list] {
			if faults := s.shelf.faults(e); len(faults) > 0 {
				broken = append(broken, fmt.Sprintf("%s %q: %v", list.Noun(), e.ID, faults[0]))
			}
		}
	}
	if len(broken) > 0 {
		const most = 10
		s.opt.Logger.Warn("entries of the catalog made by the admin API cannot work with this config", "entries", len(broken),
			"such_as", strings.Join(broken[:min(most, len(broken))], "; "))
	}
}

// Catalog is what is in force. It changes with each change.
func (s *Store) Catalog() *catalog.Catalog { return s.current.Load() }
