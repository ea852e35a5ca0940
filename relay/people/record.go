package people

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Bounds of a record. Visitors with more accounts than fit keep the first ones: an account that finds no room is never
// listed, so that someone who wanders between a thousand accounts costs no write per event.
const (
	AccountsMax      = 100
	accountsBytesMax = 16 << 10
	MetadataBytesMax = 64 << 10 // all groups of one record together, as JSON
)

// Group names where metadata came from. The numbers stand in records: never change one, only add at the end.
type Group uint8

// The groups, in the order in which they are shown. Userpilot is for metadata that came in as Userpilot's.
const (
	Auto      Group = 1
	Agent     Group = 2
	Custom    Group = 3
	Pendo     Group = 4
	Segmentio Group = 5
	Userpilot Group = 6

	groups = 7
)

var groupNames = [groups]string{"", "auto", "agent", "custom", "pendo", "segmentio", "userpilot"}

// String is the group's name in metadata JSON and in paths of the metadata API.
func (g Group) String() string {
	if g >= groups {
		return ""
	}
	return groupNames[g]
}

func (g Group) valid() bool { return g > 0 && g < groups }

// ParseGroup finds a group by its name.
func ParseGroup(name string) (Group, error) {
	for g := Auto; g < groups; g++ {
		if groupNames[g] == name {
			return g, nil
		}
	}
	return 0, fmt.Errorf("unknown metadata group %q; use auto, agent, custom, pendo, segmentio or userpilot", name)
}

// A record's bytes. Do not change without a new version.
//
//	version 1 │ flags │ accounts: count uvarint, then length uvarint │ JSON string … │ group…
//	group: number │ length uvarint │ stable JSON object; ascending by number, to the record's end
const (
	recordVersion = 1

	flagSeen    = 1 << 0
	flagRefused = 1 << 1 // metadata.pendo.donotprocess is true
)

// record is what is kept of one visitor or account. The zero value is of somebody never heard of. Its slices alias the
// bytes it was parsed from and are replaced, never written to.
type record struct {
	seen     bool // in the app; a record may exist before, made by the metadata API
	refused  bool
	count    uint64         // of accounts
	accounts []byte         // encoded
	metadata [groups][]byte // JSON objects; nil is none
}

var errRecordDamaged = errors.New("record is damaged or of a newer edgerelay")

func parseRecord(b []byte) (r record, err error) {
	if len(b) < 3 || b[0] != recordVersion {
		return r, errRecordDamaged
	}
	r.seen, r.refused = b[1]&flagSeen != 0, b[1]&flagRefused != 0
	b = b[2:]
	n := 0
	if r.count, n = binary.Uvarint(b); n <= 0 {
		return record{}, errRecordDamaged
	}
	rest := b[n:]
	r.accounts = rest
	for range r.count {
		if _, rest, err = takeBytes(rest); err != nil {
			return record{}, err
		}
	}
	r.accounts = r.accounts[:len(r.accounts)-len(rest)]
	for len(rest) > 0 {
		g := Group(rest[0])
		if !g.valid() {
			return record{}, errRecordDamaged
		}
		if r.metadata[g], rest, err = takeBytes(rest[1:]); err != nil {
			return record{}, err
		}
	}
	return r, nil
}

func (r *record) append(dst []byte) []byte {
	dst = slices.Grow(dst, 16+len(r.accounts)+r.metadataBytes())
	flags := byte(0)
	if r.seen {
		flags |= flagSeen
	}
	if r.refused {
		flags |= flagRefused
	}
	dst = append(dst, recordVersion, flags)
	dst = binary.AppendUvarint(dst, r.count)
	dst = append(dst, r.accounts...)
	for g, object := range r.metadata {
		if object != nil {
			dst = appendBytes(append(dst, byte(g)), object)
		}
	}
	return dst
}

// group is the group's object, nil when it has none.
func (r *record) group(g Group) []byte {
	if !g.valid() {
		return nil
	}
	return r.metadata[g]
}

// metadataBytes is what MetadataBytesMax bounds.
func (r *record) metadataBytes() int {
	n := 0
	for _, object := range r.metadata {
		n += len(object)
	}
	return n
}

// eachAccount calls f with the accounts, in the order in which the visitor was seen with them, until it returns false.
func (r *record) eachAccount(f func(account []byte) bool) {
	rest := r.accounts
	for len(rest) > 0 {
		account, after, err := takeBytes(rest)
		if err != nil || !f(account) {
			return
		}
		rest = after
	}
}

func (r *record) linked(account []byte) (found bool) {
	r.eachAccount(func(a []byte) bool {
		found = bytes.Equal(a, account)
		return !found
	})
	return found
}

// wouldLink says that account (nil for none) is not linked and finds room.
func (r *record) wouldLink(account []byte) bool {
	return account != nil && r.count < AccountsMax &&
		len(r.accounts)+binary.MaxVarintLen32+len(account) <= accountsBytesMax && !r.linked(account)
}

func (r *record) link(account []byte) {
	r.accounts = appendBytes(r.accounts[:len(r.accounts):len(r.accounts)], account)
	r.count++
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// takeBytes splits a length-prefixed field off b.
func takeBytes(b []byte) (field, rest []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, errRecordDamaged
	}
	end := w + int(n)
	return b[w:end:end], b[end:], nil
}
