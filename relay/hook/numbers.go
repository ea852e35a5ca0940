package hook

import (
	"fmt"
	"math"
	"strconv"
	"sync"
)

// State is where the registry keeps its numbers: the log's state.
type State interface {
	// Get appends the value of a key to dst and says whether there is one.
	Get(dst, key []byte) ([]byte, bool, error)
	// Set stores a value; it is durable when Set returns.
	Set(key, value []byte) error
}

const (
	queueKey = "hook/queue/" // + name → its number, in decimal digits
	lastKey  = "hook/queues" // the highest number ever given
)

// Numbers gives every webhook a number by which the log knows its queue. A name keeps its number for ever, and no number
// is given twice: the log may still hold deliveries under it. Safe for concurrent use.
type Numbers struct {
	mu    sync.Mutex
	state State
}

// NewNumbers are the numbers kept in state, which it does not close.
func NewNumbers(state State) *Numbers {
	return &Numbers{state: state}
}

// Queue is the number of the webhook of that name, from 1 on. A new one is stored before it is returned. The counter is
// stored before the name: a crash between the two leaves a number that nobody uses, never one that two use.
func (r *Numbers) Queue(name string) (uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number, err := r.queue(queueKey + name)
	if err != nil {
		return 0, fmt.Errorf("number webhook %q: %w", name, err)
	}
	return number, nil
}

// Next is a number that no name has.
func (r *Numbers) Next() (uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number, err := r.next()
	if err != nil {
		return 0, fmt.Errorf("number a webhook: %w", err)
	}
	return number, nil
}

func (r *Numbers) next() (uint32, error) {
	last, err := r.read(lastKey)
	if err != nil {
		return 0, err
	}
	if last == math.MaxUint32 {
		return 0, fmt.Errorf("all %d numbers are used; start with a new data folder", last)
	}
	return last + 1, r.write(lastKey, last+1)
}

func (r *Numbers) queue(key string) (uint32, error) {
	number, err := r.read(key)
	if err != nil || number > 0 {
		return number, err
	}
	if number, err = r.next(); err != nil {
		return 0, err
	}
	return number, r.write(key, number)
}

// read is the number under a key, 0 when there is none.
func (r *Numbers) read(key string) (uint32, error) {
	value, found, err := r.state.Get(nil, []byte(key))
	if err != nil || !found {
		return 0, err
	}
	number, err := strconv.ParseUint(string(value), 10, 32)
	if err != nil || number == 0 {
		return 0, fmt.Errorf("%q under %q is no number; the data folder is damaged, restore it or start with a new one", value, key)
	}
	return uint32(number), nil
}

func (r *Numbers) write(key string, number uint32) error {
	return r.state.Set([]byte(key), strconv.AppendUint(nil, uint64(number), 10))
}
