package format

import (
	"encoding/binary"
	"fmt"
)

// The format userpilot keeps the properties that a webhook chose of the visitor and the account in the note's Extra, as they
// were when the event came.
//
// DO NOT CHANGE what is drawn here: it stands in the log. It may grow at its end.
//
//	extra  +------------------+------+------------------+---------+
//	       | length (uvarint) | user | length (uvarint) | company |
//	       +------------------+------+------------------+---------+

// AppendExtra appends what a note's Extra holds for the format userpilot: the chosen properties of the visitor and of the
// account, each an object of stable JSON or nil. The IDs need not be among them. Neither is no byte.
func AppendExtra(dst, user, company []byte) []byte {
	if len(user) == 0 && len(company) == 0 {
		return dst
	}
	dst = append(binary.AppendUvarint(dst, uint64(len(user))), user...)
	return append(binary.AppendUvarint(dst, uint64(len(company))), company...)
}

// ParseExtra reads what AppendExtra wrote. Both alias extra, and are nil where there is none.
func ParseExtra(extra []byte) (user, company []byte, err error) {
	if len(extra) == 0 {
		return nil, nil, nil
	}
	user, rest, whole := cutObject(extra)
	if whole {
		company, _, whole = cutObject(rest)
	}
	if !whole {
		return nil, nil, fmt.Errorf("parse extra: %d bytes hold no two objects", len(extra))
	}
	return user, company, nil
}

// cutObject cuts an object, nil for one of no bytes, off the front of b.
func cutObject(b []byte) (object, rest []byte, whole bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, false
	}
	object, rest = b[n:n+int(size):n+int(size)], b[n+int(size):]
	if size == 0 {
		return nil, rest, true
	}
	return object, rest, object[0] == '{' && object[size-1] == '}'
}
