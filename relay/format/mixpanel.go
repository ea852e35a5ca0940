package format

import (
	"encoding/hex"
	"strconv"

	"edgerelay/relay/event"
)

// Mixpanel is one event of Mixpanel's import API:
//
//	{"event":"Account Upgraded","properties":{…,"time":1626804144000,"distinct_id":"…","$insert_id":"…","ip":"…"}}
//
// Mixpanel counts events with the same event, time, distinct_id and $insert_id once, so none of them may change between
// attempts. $insert_id takes 36 bytes: the first 36 of uniqueId's 40 hex digits, 144 bits, of which no two events of a
// project will ever have the same. time is what Mixpanel takes (see past). distinct_id is the visitor, "" when there is
// none, which is Mixpanel's way to say so; it refuses placeholders such as "null". Without a visitor's ip Mixpanel would
// place everybody where the relay is: 0 has it place nobody. What is told by the page cannot command Mixpanel: see
// mixpanelCommands and mixpanelOwn.
func Mixpanel(dst []byte, e *event.Event, n event.Note) []byte {
	b := &mixpanelBounds
	dst = appendEventName(append(dst, `{"event":`...), e, mixpanelCommands, b.characters)
	dst = (&details{bounds: b, without: mixpanelOwn, beside: 4}).append(appendKey(dst, `"properties":{`), e, n)
	dst = strconv.AppendInt(appendKey(dst, `"time":`), past(e), 10)
	dst = appendKey(dst, `"distinct_id":`)
	if nobody(e.Visitor) {
		dst = append(dst, `""`...)
	} else {
		dst = appendCut(dst, e.Visitor, b.characters)
	}
	var id [2 * len(e.UniqueID)]byte
	hex.Encode(id[:], e.UniqueID[:])
	dst = append(appendKey(dst, `"$insert_id":"`), id[:mixpanelInsertID]...)
	dst = appendField(append(dst, '"'), `"ip":`, present(e.IP), `0`)
	return append(dst, `}}`...)
}

// mixpanelInsertID is the size of an $insert_id in bytes, the most that Mixpanel takes.
const mixpanelInsertID = 36

// mixpanelBounds are those of Mixpanel's import page: texts of 255 characters, fewer than 255 properties, keys of an object
// and elements of an array, three levels, of which properties is one.
var mixpanelBounds = bounds{characters: 255, members: 254, depth: 2}

// mixpanelCommands are the events that join two people for good in a project with the Original ID Merge (mixpanel/docs,
// docs/tracking-methods/id-management/identifying-users-original.mdx). $merge is taken from servers only: no page may have the
// relay send one.
var mixpanelCommands = []string{`"$identify"`, `"$create_alias"`, `"$merge"`}

// mixpanelOwn are the properties that Mixpanel reads as something else than the event's own (mixpanel/docs,
// docs/data-structure/property-reference/reserved-properties.mdx). Those that say who it was would give the event to somebody
// else, or join two people for good. $ignore has Mixpanel drop the event and say that it took it. bucket has it hide other
// events.
var mixpanelOwn = []string{`"time"`, `"$time"`, `"distinct_id"`, `"$distinct_id"`, `"$user_id"`, `"$device_id"`, `"$identified_id"`,
	`"$anon_id"`, `"$distinct_ids"`, `"$insert_id"`, `"$event_name"`, `"$ignore"`, `"bucket"`, `"$bucket"`, `"ip"`, `"token"`}
