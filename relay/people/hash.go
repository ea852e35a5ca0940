package people

import (
	"hash/maphash"
	"math/bits"
)

// hasher makes the 64-bit numbers that the cache holds. Its seeds are random and new in each process: nothing of them
// is stored, and nobody outside can search for two IDs that share a number. With n facts in the cache, the chance that a
// question about something new is answered wrongly is n in 2^64.
type hasher struct {
	people [kinds]maphash.Seed
	values maphash.Seed
}

func newHasher() hasher {
	return hasher{people: [kinds]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, values: maphash.MakeSeed()}
}

// person is the number of one visitor or account of one app.
func (h *hasher) person(kind Kind, app string, id []byte) uint64 {
	seed := h.people[kind]
	return maphash.Bytes(seed, id) ^ bits.RotateLeft64(maphash.String(seed, app), 31)
}

// sighting is the fact "seen together and not refused" and the person it is kept under: the visitor, or the account
// when there is none.
func (h *hasher) sighting(app string, visitor, account []byte) (person, fact uint64) {
	if visitor == nil {
		person = h.person(Account, app, account)
		return person, mix(person, factSeen)
	}
	person = h.person(Visitor, app, visitor)
	if account == nil {
		return person, mix(person, factSeen)
	}
	return person, mix(person, maphash.Bytes(h.people[Account], account)) // person knows the app
}

// allowed is the fact "this visitor is not refused".
func (h *hasher) allowed(person uint64) uint64 { return mix(person, factAllowed) }

// holds is the fact "this person's group holds these values".
func (h *hasher) holds(person uint64, group Group, values []byte) uint64 {
	return mix(person, maphash.Bytes(h.values, values)+uint64(group))
}

const (
	factSeen    = 0x9e3779b97f4a7c15
	factAllowed = 0xd1342543de82ef95
)

// mix folds two hashes into one.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0xa0761d6478bd642f, b^0xe7037ed1a0b428db)
	return high ^ low
}
