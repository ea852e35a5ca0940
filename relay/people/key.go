package people

import (
	"crypto/sha256"
	"strconv"
)

// idBytesMax is the longest ID that a key holds as it stands. Longer ones work all the same: their keys hold a SHA-256.
const idBytesMax = 1024

// appendKey appends the state's key of one record. The app's length and the mark keep any two pairs of app and ID apart,
// whatever bytes they hold. Do not change it: records are found by it.
//
//	people/v/4:demo="visitor-1"      a visitor of the app demo
//	people/a/4:demo="acct-1"         an account
//	people/v/4:demo#<32 bytes>       a visitor whose ID, a JSON string, is longer than 1 KiB
func appendKey(dst []byte, kind Kind, app string, id []byte) []byte {
	dst = append(dst, "people/"...)
	if kind == Account {
		dst = append(dst, "a/"...)
	} else {
		dst = append(dst, "v/"...)
	}
	dst = strconv.AppendInt(dst, int64(len(app)), 10)
	dst = append(append(dst, ':'), app...)
	if len(id) > idBytesMax {
		sum := sha256.Sum256(id)
		return append(append(dst, '#'), sum[:]...)
	}
	return append(append(dst, '='), id...)
}
