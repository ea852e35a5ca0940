package intake

import (
	"encoding/binary"
	"encoding/hex"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// item is one thing that a body told, in the terms that all dialects share. Its event has no received time yet, and an
// app only if the body names another than the one whose key it came with. Everything in it is stable JSON in the request's scratch.
type item struct {
	event event.Event // of kind 0 when nothing happened that could be selected
	seen  bool        // the visitor was in the app: this may be the first time

	// traits, if any, are laid over the metadata of the event's visitor or account. The event tells of the change then,
	// and is sent only when there is one.
	traits []byte
	about  people.Kind
	group  people.Group

	// What settling the item has found, where there is news about people.
	first people.Sighting
	told  bool // the event is for webhooks

	doubted bool // told only if it is a frustration; what it follows from is the item before, see resolve
	dropped bool // of an excluded person, or one who must not be processed
}

func (it *item) reset() {
	e := &it.event
	e.Reset()
	ids := e.IDs
	*it = item{}
	it.event.IDs = ids
}

// learn notes metadata, if it is any, of the event's visitor or account.
func (it *item) learn(about people.Kind, group people.Group, traits []byte) {
	if !isObject(traits) {
		return
	}
	it.event.Kind, it.about, it.group, it.traits = event.VisitorMetadataUpdated, about, group, traits
	if about == people.Account {
		it.event.Kind = event.AccountMetadataUpdated
	}
}

// add returns a new, empty item behind the others. It is valid until the next add.
func (r *request) add() *item {
	if len(r.items) < cap(r.items) {
		r.items = r.items[:len(r.items)+1]
	} else {
		r.items = append(r.items, item{})
	}
	return &r.items[len(r.items)-1]
}

// Longest IDs and names, as JSON: no real one comes near, and each is kept with every event of its visitor.
const idBytesMax = 1024

// The words that identities are made of. They are in the log's memory of duplicates and in receivers' databases: do not
// change them.
var (
	identityTrack         = []byte("track")
	identityMessage       = []byte("segment message")
	identityContent       = []byte("segment content")
	identityFirst         = []byte("first seen")
	identityAgent         = []byte("pendo agent")
	identityAgentContent  = []byte("pendo agent content")
	identityUserpilot     = []byte("userpilot")
	identityFromPendo     = []byte("pendo webhook")
	identityFromUserpilot = []byte("userpilot webhook")
	identityUnsubscribe   = []byte("unsubscribe")
	identityAdmin         = []byte("admin")
	identityAnnouncement  = []byte("announcement")
	identityMetadata      = []byte("metadata")
	kindNames             = func() (names [256][]byte) {
		for _, k := range event.Kinds() {
			names[k] = []byte(k.String())
		}
		return names
	}()
)

// nonce makes an identity that no other message has, for those with neither an ID nor a time of their own: two equal
// calls are two events then.
func (r *request) nonce() []byte {
	r.onward.identity = 0 // the request is like no other then, either
	return r.value(func(dst []byte) []byte {
		dst = binary.BigEndian.AppendUint64(dst, uint64(r.now.UnixNano()))
		return binary.BigEndian.AppendUint64(dst, r.server.calls.Add(1))
	})
}

// contentIdentity is the uniqueId of an event that comes without one: that of its content, an object with a time in it.
// The same content sent again is the same event; without a time it may well be another.
func (r *request) contentIdentity(word, raw, time []byte) [20]byte {
	if absent(time) {
		return event.UniqueID(r.app.nameBytes, word, raw, r.nonce())
	}
	return event.UniqueID(r.app.nameBytes, word, raw)
}

// givenIdentity is the uniqueId that an event came with, so that one which takes several ways here is one event; of its
// content when it has none. It is kept where it is 40 hex digits, as all relays and Pendo print it.
func (r *request) givenIdentity(word, given, raw, time []byte) (id [20]byte) {
	text, plain := event.PlainText(given)
	if plain && len(text) == hex.EncodedLen(len(id)) {
		if _, err := hex.Decode(id[:], text); err == nil {
			return id
		}
	}
	if !absent(given) {
		return event.UniqueID(r.app.nameBytes, word, given)
	}
	return r.contentIdentity(word, raw, time)
}

// emptyObject and the like are values that stand for themselves. They are never written to.
var (
	emptyObject  = []byte("{}")
	emptyText    = []byte(`""`)
	sourceWeb    = []byte(`"web"`)
	sourceServer = []byte(`"server"`)
)

func isObject(v []byte) bool { return len(v) > 0 && v[0] == '{' }
func isString(v []byte) bool { return len(v) > 0 && v[0] == '"' }
func isNumber(v []byte) bool { return len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') }

// absent says that a value is not there: no member, null, or an empty string.
func absent(v []byte) bool { return len(v) == 0 || v[0] == 'n' || string(v) == `""` }

// filled is v if it is a string with something in it, else nil.
func filled(v []byte) []byte {
	if isString(v) && len(v) > len(`""`) {
		return v
	}
	return nil
}

// fault says why a value is no ID or name.
type fault uint8

const (
	fine fault = iota
	wrongType
	tooLong
)

// id is a value as an ID: a JSON string, also for numbers, which some send; nil when it is absent.
func (r *request) id(v []byte) ([]byte, fault) {
	switch {
	case absent(v):
		return nil, fine
	case len(v) > idBytesMax:
		return nil, tooLong
	case isString(v):
		return v, fine
	case isNumber(v):
		return r.value(func(dst []byte) []byte { return append(append(append(dst, '"'), v...), '"') }), fine
	default:
		return nil, wrongType
	}
}
