package wal

import "fmt"

// Get appends the value of a key of state to dst. State is one key-value space for the packages above; what a batch
// Puts is visible after its commit.
func (l *Log) Get(dst, key []byte) (value []byte, found bool, err error) {
	var room [128]byte
	value = dst
	found, err = l.store.view(appendStateKey(room[:0], key), func(stored []byte) error {
		value = append(value, stored...)
		return nil
	})
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

// Erase removes all keys of state from from up to, but without, to, synced. It costs the same however many there are; the
// disk gets their room back when Pebble compacts the range, soon after the next flush.
func (l *Log) Erase(from, to []byte) error {
	var b Batch
	b.Erase(from, to)
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
	return l.store.scan(lower, upper, func(key, value []byte) (bool, error) { return f(key[1:], value), nil })
}
