package wal

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Get appends the value of a key of state to dst. State is one key-value space for the packages above; what a batch
// Puts is visible after its commit.
func (l *Log) Get(dst, key []byte) (value []byte, found bool, err error) {
	var room [128]byte
	value, found, err = l.get(dst, appendStateKey(room[:0], key))
	if err != nil {
		return dst, false, fmt.Errorf("read state %q: %w", key, err)
	}
	return value, found, nil
}

// Set writes a key of state, synced.
func (l *Log) Set(key, value []byte) error {
	var b Batch
	b.Put(key, value)
	_, err := l.Append(&b)
	return err
}

// Unset removes a key of state, synced.
func (l *Log) Unset(key []byte) error {
	var b Batch
	b.Delete(key)
	_, err := l.Append(&b)
	return err
}

// Scan calls f for each key of state that begins with prefix, ascending, from the key from on (nil: the first), until f
// answers false. key and value are valid until f returns.
func (l *Log) Scan(prefix, from []byte, f func(key, value []byte) bool) error {
	lower := appendStateKey(nil, prefix)
	upper := prefixEnd(lower)
	if len(from) > 0 {
		lower = appendStateKey(nil, from)
	}
	return l.scan(lower, upper, func(key, value []byte) (bool, error) { return f(key[1:], value), nil })
}

func (l *Log) get(dst, key []byte) ([]byte, bool, error) {
	value, closer, err := l.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return dst, false, nil
	}
	if err != nil {
		return dst, false, err
	}
	dst = append(dst, value...)
	return dst, true, closer.Close()
}

// scan calls f for each key in a range, until it answers false or an error.
func (l *Log) scan(lower, upper []byte, f func(key, value []byte) (bool, error)) error {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	for valid := it.First(); valid; valid = it.Next() {
		more, ferr := f(it.Key(), it.Value())
		if ferr != nil || !more {
			return errors.Join(ferr, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}
