// Package people keeps who the visitors and accounts of each app are: whether they were seen, their metadata, whether
// they may be processed. It emits nothing and writes nothing itself. It tells its caller what a request changed and puts
// the changed records into the caller's batch, so that an event and what it changed become durable in one commit: a
// first sighting is reported exactly once, also across crashes.
//
// It knows JSON and its own records. It knows no HTTP, no webhook and no event kind, and of the log only the two
// interfaces below. IDs of visitors and accounts are JSON strings as in event.Event (stable, quotes included); an app
// is its configured name. An absent ID is nil or "".
//
// Most requests change nothing and take no lock:
//
//	if !book.Known(app, visitor, account) { // never seen here, or not to be processed
//		change := book.Begin()          // from here to Submitted, changes stand in line
//		seen, err := change.See(app, visitor, account, at)
//		…                               // seen.NewVisitor: add a visitorCreated event to the batch
//		change.Stage(&batch)
//		if err := log.Submit(&batch); err != nil {
//			change.Done(false)      // gives everything up, as after an error of See
//			return err
//		}
//		change.Submitted()              // the next change may begin, and sees this one
//		_, err = batch.Wait()
//		change.Done(err == nil)
//	}
//
// # Concurrency
//
// A Book is safe for concurrent use. A Change belongs to one goroutine, and at most one is between Begin and Submitted
// at a time: it holds the Book's lock, so nothing may block there. A Person belongs to one goroutine.
//
// # Why a first sighting is reported exactly once
//
// Changes are submitted in the order of their Begins, each having read what the ones before it wrote: from the state
// once that is committed, until then from memory. The event and the record that says "seen" are one batch. Of the log
// this asks two things: batches are committed in the order of their submits, and when a commit fails, so does each batch
// submitted before the failed change's Done (the usual log takes nothing more after a failed write). A crash leaves a
// prefix of the commits, so a later change is never kept without the earlier one that it was built on.
//
// # Memory
//
// Records live in the state, not here. Here are only a table of fixed size with 64-bit hashes of what was last found
// true ("this visitor was seen with this account and may be processed"), which answers the usual request, and the
// records submitted but not committed yet, bounded in bytes. What the table has forgotten is read from the state again.
// Its hashes are seeded at random in each process, so nobody outside can make two visitors collide.
package people

import (
	"errors"
	"sync"
	"sync/atomic"
)

// State is where records are read from; wal.Log is one. Get appends the value of key to dst. It is called from several
// goroutines at once and must show each commit from its end on.
type State interface {
	Get(dst, key []byte) (value []byte, found bool, err error)
}

// Writer takes the writes of a Change; *wal.Batch is one. Put may keep both slices, they are never changed.
type Writer interface {
	Put(key, value []byte)
}

// Options are a Book's settings. Zero values mean the defaults.
type Options struct {
	State State // required

	// CacheBytes bounds the table of what is known, rounded down to a power of two. A fact is 8 bytes, and a visitor who
	// is active with one account is one fact, two when the agent repeats metadata: the default, 16 MiB, covers a million
	// active visitors or more. For those beyond, an event costs a read of the state, a few µs.
	CacheBytes int

	// PendingBytes bounds the records submitted but not committed yet; over it changes are refused with ErrBusy. The
	// default, 32 MiB, is some 300,000 first sightings, or 500 records of the largest size, in one commit's time.
	PendingBytes int
}

const (
	cacheBytesDefault   = 16 << 20
	pendingBytesDefault = 32 << 20
)

// ErrBusy: more changed records wait for the disk than PendingBytes allows. Nothing was changed. Answer "try again
// later".
var ErrBusy = errors.New("people: too many changes are waiting for the disk")

// Kind is what a record is about. The numbers are part of no format.
type Kind uint8

// The kinds of records.
const (
	Visitor Kind = iota
	Account
	kinds
)

// String is the kind's name in paths of the metadata API.
func (k Kind) String() string {
	if k == Account {
		return "account"
	}
	return "visitor"
}

// Book answers who is known and takes changes in. It is safe for concurrent use.
type Book struct {
	state   State
	hashes  hasher
	cache   *cache
	pending pending
	readers sync.Pool     // of *reader
	reads   atomic.Uint64 // of the state

	order sync.Mutex // held by the Change between Begin and Submitted
	own   reader     // of that Change
}

// Open makes a Book on a state, empty or that of an earlier Book. It reads nothing yet.
func Open(o Options) *Book {
	if o.CacheBytes <= 0 {
		o.CacheBytes = cacheBytesDefault
	}
	if o.PendingBytes <= 0 {
		o.PendingBytes = pendingBytesDefault
	}
	b := &Book{state: o.State, hashes: newHasher(), cache: newCache(o.CacheBytes)}
	b.pending.records, b.pending.bytesMax = map[string]*pendingRecord{}, o.PendingBytes
	b.readers.New = func() any { return new(reader) }
	return b
}

// Known says that a sighting of this visitor with this account would change nothing and may be processed: both were
// seen, the visitor's record names the account, and the visitor is not marked do-not-process. Either ID may be absent.
// False means: begin a Change and See. It is also the answer when the state cannot be read; See then returns the error.
func (b *Book) Known(app string, visitor, account []byte) bool {
	visitor, account = present(visitor), present(account)
	if visitor == nil && account == nil {
		return true
	}
	person, fact := b.hashes.sighting(app, visitor, account)
	return b.cache.has(person, fact) || b.knownByRecord(app, visitor, account, person, fact)
}

func (b *Book) knownByRecord(app string, visitor, account []byte, person, fact uint64) bool {
	version := b.cache.version(person)
	r := b.readers.Get().(*reader)
	defer b.readers.Put(r)
	asked := account != nil
	if visitor != nil {
		v, _, err := b.read(r, Visitor, app, visitor)
		if err != nil || !v.seen || v.refused || v.wouldLink(account) {
			return false
		}
		asked = asked && !v.linked(account) // a linked account was seen together with its visitor
	}
	if asked {
		a, _, err := b.read(r, Account, app, account)
		if err != nil || !a.seen {
			return false
		}
	}
	b.cache.add(person, fact, version)
	return true
}

// Refused says that the visitor is marked do-not-process: nothing of them may be kept or passed on. A visitor without a
// record is not. On an error nothing is known; refuse the request.
func (b *Book) Refused(app string, visitor []byte) (bool, error) {
	if present(visitor) == nil {
		return false, nil
	}
	person := b.hashes.person(Visitor, app, visitor)
	fact := b.hashes.allowed(person)
	if b.cache.has(person, fact) {
		return false, nil
	}
	version := b.cache.version(person)
	r := b.readers.Get().(*reader)
	defer b.readers.Put(r)
	v, _, err := b.read(r, Visitor, app, visitor)
	if err != nil {
		return false, err
	}
	if !v.refused {
		b.cache.add(person, fact, version)
	}
	return v.refused, nil
}

// Holds says that merging values, a JSON object, would change nothing, so that the metadata which SDKs repeat on every
// page needs no Change. False means: begin one and Merge, which also says what is wrong with values that are no object.
func (b *Book) Holds(kind Kind, app string, id []byte, group Group, values []byte) bool {
	if present(id) == nil || !group.valid() {
		return false
	}
	person := b.hashes.person(kind, app, id)
	fact := b.hashes.holds(person, group, values)
	if b.cache.has(person, fact) {
		return true
	}
	version := b.cache.version(person)
	r := b.readers.Get().(*reader)
	defer b.readers.Put(r)
	rec, _, err := b.read(r, kind, app, id)
	if err != nil {
		return false
	}
	old := rec.group(group)
	merged, err := r.merge(old, values)
	if err != nil || !same(old, merged) {
		return false
	}
	b.cache.add(person, fact, version)
	return true
}

// Stats are a Book's numbers at one moment.
type Stats struct {
	StateReads     uint64 // questions and changes that the table could not answer, since Open
	PendingRecords int    // submitted and not committed yet
	PendingBytes   int
}

// Stats counts.
func (b *Book) Stats() Stats {
	records, bytes := b.pending.size()
	return Stats{StateReads: b.reads.Load(), PendingRecords: records, PendingBytes: bytes}
}

// present is id, or nil when there is no visitor or account: no ID, or an empty one.
func present(id []byte) []byte {
	if len(id) <= len(`""`) {
		return nil
	}
	return id
}
