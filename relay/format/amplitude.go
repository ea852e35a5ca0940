package format

import (
	"bytes"
	"strconv"

	"edgerelay/relay/event"
)

// Amplitude is one event of Amplitude's HTTP V2 API, an element of the array "events":
//
//	{"event_type":"Account Upgraded","user_id":"…","time":1626804144000,"insert_id":"…","event_properties":{…},
//	 "groups":{"account":"…"},"ip":"…","platform":"Web","os_name":"Chrome","os_version":"91"}
//
// insert_id is uniqueId's 40 hex digits, by which Amplitude forgets repeats for 7 days. An event without a known user has
// device_id in place of user_id. time is the event's own, or when it was received where that cannot be (see past). Changed metadata of visitors and accounts are Amplitude's $identify and $groupidentify,
// which set properties and count as no event: each field by its own name, without the group that it is of.
func Amplitude(dst []byte, e *event.Event, n event.Note) []byte {
	b := &amplitudeBounds
	account, profile := !nobody(e.Account), ""
	dst = append(dst, `{"event_type":`...)
	switch {
	case e.Kind == event.VisitorMetadataUpdated && len(e.Properties) > 0 && !nobody(e.Visitor):
		dst, profile = append(dst, `"$identify"`...), `"user_properties":{"$set":`
	case e.Kind == event.AccountMetadataUpdated && len(e.Properties) > 0 && account:
		dst, profile = append(dst, `"$groupidentify"`...), `"group_properties":{"$set":`
	default:
		dst = appendEventName(dst, e, amplitudeReserved, b.characters)
	}
	if !Known(e.Visitor) {
		dst = appendDevice(appendKey(dst, `"device_id":`), e, b.characters)
	} else {
		dst = appendCut(appendKey(dst, `"user_id":`), e.Visitor, b.characters)
	}
	dst = strconv.AppendInt(appendKey(dst, `"time":`), past(e), 10)
	dst = appendUniqueID(appendKey(dst, `"insert_id":`), e)
	if profile != "" {
		dst = append(appendKey(dst, profile), '{')
		dst = append(b.appendMembers(dst, traits(e.Properties), 1, b.members, nil), `}}`...)
	} else {
		dst = append((&details{bounds: b}).append(appendKey(dst, `"event_properties":{`), e, n), '}')
	}
	if account {
		dst = append(appendCut(appendKey(dst, `"groups":{"account":`), e.Account, b.characters), '}')
	}
	dst = appendMember(dst, `"ip":`, present(e.IP))
	return append(appendAmplitudeDevice(dst, e), '}')
}

// appendAmplitudeDevice appends what the visitor had the app in, under the names and with the values of Amplitude's own tag for
// browsers: the platform "Web", and a browser with the first number of its version for the operating system.
func appendAmplitudeDevice(dst []byte, e *event.Event) []byte {
	if platform := event.Lookup(e.App, "platform"); string(platform) == `"web"` {
		dst = append(dst, `,"platform":"Web"`...)
	} else if len(platform) > len(`""`) && platform[0] == '"' {
		dst = appendCut(appendKey(dst, `"platform":`), platform, amplitudeBounds.characters)
	}
	browser, version := event.Browser(e.UserAgent)
	if browser == nil {
		return dst
	}
	dst = append(appendKey(dst, `"os_name":`), browser...)
	if major, _, _ := bytes.Cut(version, []byte(".")); len(major) > 0 {
		dst = append(append(append(dst, `,"os_version":"`...), major...), '"')
	}
	return dst
}

// amplitudeReserved are the event types that Amplitude keeps for itself: it refuses those that begin with its name ("HTTP V2
// API", event_type), and takes the others for calls that set properties.
var amplitudeReserved = []string{
	`"[Amplitude] Start Session"`, `"[Amplitude] End Session"`, `"[Amplitude] Revenue"`, `"[Amplitude] Revenue (Verified)"`,
	`"[Amplitude] Revenue (Unverified)"`, `"[Amplitude] Merged User"`, `"$identify"`, `"$groupidentify"`,
}

// amplitudeBounds are those of Amplitude's page on the HTTP V2 API: texts of 1024 characters, the IDs of users among them, and
// objects of 40 layers. Its own clients send 1024 keys of an object.
var amplitudeBounds = bounds{characters: 1024, members: 1024, depth: 39}

// traits are the fields of the one group of metadata that a change is of: {"plan":"pro"} of the relay's own
// {"metadata":{"segmentio":{"plan":"pro"}},"previous":{…}}, and of {"agent":{"plan":"pro"}}, as a webhook that comes in may
// tell it. Of anything else, such as several groups whose fields may have one name, they are all there is.
func traits(properties []byte) []byte {
	groups := properties
	if now := event.Lookup(properties, "metadata"); isObject(now) && event.Lookup(properties, "previous") != nil {
		groups = now
	}
	var only []byte
	n := 0
	eachMember(groups, func(_, value []byte) bool {
		only = value
		n++
		return n < 2
	})
	if n == 1 && isObject(only) {
		return only
	}
	return groups
}

func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }
