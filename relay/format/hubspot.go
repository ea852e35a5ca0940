package format

import (
	"bytes"
	"slices"

	"edgerelay/relay/event"
)

// HubSpotOptions are what an account of HubSpot calls things.
type HubSpotOptions struct {
	HubID  string // digits
	Prefix string // of events' names: lower case letters, digits and "_"
	// ObjectID says that visitors are called by their record IDs; otherwise a visitor who is called by a mail address is
	// found by that.
	ObjectID bool
	// Properties are those that the account's event definitions have; empty: all that an event has.
	Properties []string
}

// What HubSpot takes of one occurrence (its guide to sending occurrences): more of any is refused.
const (
	hubSpotPropertiesMax = 50
	hubSpotNameMax       = 50
	hubSpotValueMax      = 256
)

// HubSpot makes the encoder of one custom event occurrence.
//
//	{"eventName":"pe123_account_upgraded","email":"a@b.c","occurredAt":"2021-07-20T18:02:24.000Z",
//	 "uuid":"75c32838-012a-8311-bba2-b902857c2e84","properties":{"visitor_id":"…","from_tier":"basic"}}
//
// An event is named after what it is, page_viewed, a track event after its own name. uuid, by which HubSpot knows repeats,
// is the beginning of the uniqueId. Property names and values are made to fit: lower case with "_", texts of at most 256
// characters, the first 50. Without a mail address HubSpot finds the contact by a property that the event's definition names
// as its matching ID, for which visitor_id is always there.
func HubSpot(o HubSpotOptions) Encoder {
	name := `{"eventName":"pe` + o.HubID + `_` + o.Prefix
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		dst = append(dst, name...)
		dst = append(appendEventSlug(dst, e, 80), '"')
		if o.ObjectID {
			dst = appendMember(dst, `"objectId":`, present(e.Visitor))
		} else {
			dst = appendMember(dst, `"email":`, mailOf(e))
		}
		dst = appendMilliseconds(append(dst, `,"occurredAt":`...), e)
		dst = appendShortUUID(append(dst, `,"uuid":"`...), e.UniqueID)
		dst = append(dst, `","properties":{`...)
		return append(appendHubSpotProperties(dst, e, n, o.Properties), `}}`...)
	}
}

func appendHubSpotProperties(dst []byte, e *event.Event, n event.Note, wanted []string) []byte {
	var names [hubSpotPropertiesMax][]byte // what stands in dst already; a name twice is refused
	count := 0
	facts(e, n, func(name, text []byte) {
		start := len(dst)
		if count > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		from := len(dst)
		dst = appendSlug(dst, name, hubSpotNameMax)
		slug := dst[from:len(dst):len(dst)]
		known := slices.ContainsFunc(names[:count], func(one []byte) bool { return bytes.Equal(one, slug) })
		unwanted := len(wanted) > 0 && !slices.Contains(wanted, string(slug))
		if count == hubSpotPropertiesMax || len(slug) == 0 || known || unwanted {
			dst = dst[:start]
			return
		}
		names[count] = slices.Clone(slug)
		count++
		dst = append(dst, `":`...)
		from = len(dst)
		dst = append(dst, text...)
		dst = quoteText(cutText(dst, from, hubSpotValueMax), from)
	})
	return dst
}

// appendEventSlug is an event's name where names are made of lower case letters, digits and "_": page_viewed,
// account_upgraded. A track event whose name has no such letters is track_event.
func appendEventSlug(dst []byte, e *event.Event, most int) []byte {
	if e.Kind == event.TrackEventReceived {
		var room [128]byte
		start := len(dst)
		if dst = appendSlug(dst, event.AppendText(room[:0], e.Name), most); len(dst) > start {
			return dst
		}
	}
	var room [64]byte
	return appendSlug(dst, append(room[:0], e.Kind.Dotted()...), most)
}

// mailOf is the visitor's mail address as a JSON string, nil when it is not known: what a visitor is called by, or the
// field of that name in what a visitor's own metadata says.
func mailOf(e *event.Event) []byte {
	if isMail(e.Visitor) {
		return e.Visitor
	}
	if e.Kind != event.VisitorCreated && e.Kind != event.VisitorMetadataUpdated {
		return nil // an address in the properties of a track event may be anybody's
	}
	for _, object := range [][]byte{e.Properties, event.Lookup(e.Properties, "agent"), traits(e.Properties)} {
		if mail := event.Lookup(object, "email"); isMail(mail) {
			return mail
		}
	}
	return nil
}

// isMail says whether a JSON string looks like a mail address that any vendor would take.
func isMail(literal []byte) bool {
	text, plain := event.PlainText(literal)
	if !plain || len(literal) < 2 || literal[0] != '"' || len(text) > 254 {
		return false
	}
	local, domain, _ := bytes.Cut(text, []byte{'@'})
	dot := bytes.LastIndexByte(domain, '.')
	return len(local) > 0 && dot > 0 && dot < len(domain)-1 && !bytes.ContainsAny(text, " ,;:<>()[]\x7f") && bytes.IndexByte(domain, '@') < 0
}

// appendShortUUID appends the first 16 bytes of a uniqueId as a UUID of version 8, which says that its bits have a meaning
// of their own (RFC 9562).
func appendShortUUID(dst []byte, id [20]byte) []byte {
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	const digits = "0123456789abcdef"
	for i, b := range id[:16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}
