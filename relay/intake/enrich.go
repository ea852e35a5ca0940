package intake

import (
	"edgerelay/relay/event"
)

// What tells that a message was made in a browser.
const (
	browserLibrary = `"analytics.js"`
	browserChannel = `"web"`
)

// enrich fills what the message's surroundings tell. Browser and app SDKs leave the address and the user agent to the
// server they talk to; the address of a server that reports on somebody is not that visitor's.
func (r *request) enrich(m *segmentMessage, env *envelope, e *event.Event) {
	c := &m.context
	browser := c.page || string(m.channel) == browserChannel || string(c.library) == browserLibrary
	e.UserAgent, e.IP = filled(c.userAgent), filled(c.ip)
	if !env.forwarded {
		if e.UserAgent == nil && browser {
			e.UserAgent = r.header("User-Agent")
		}
		if e.IP == nil && (browser || c.device) {
			e.IP = r.peerIP()
		}
	}
	if e.URL == nil {
		e.URL = filled(c.pageURL)
	}
	if m.call == callTrack {
		if e.Source = sourceServer; browser {
			e.Source = sourceWeb
		}
	}
}

// pageURL is where a page call happened. SDKs of browsers say so in the context, those of servers in the properties.
func (m *segmentMessage) pageURL() []byte {
	if url := filled(m.context.pageURL); url != nil {
		return url
	}
	return filled(m.properties.url)
}

// pageProperties is the properties of a page or screen call. Its name and category stand beside them; some SDKs repeat
// them inside, which is where webhooks look.
func (r *request) pageProperties(m *segmentMessage) []byte {
	p := m.properties.whole
	if !isObject(p) {
		p = emptyObject
	}
	name, category := filled(m.name), filled(m.category)
	if m.properties.name != nil {
		name = nil
	}
	if m.properties.category != nil {
		category = nil
	}
	if name == nil && category == nil {
		return p
	}
	return r.value(func(dst []byte) []byte {
		dst = append(dst, p[:len(p)-1]...)
		dst = appendMember(dst, `"category":`, category)
		dst = appendMember(dst, `"name":`, name)
		return append(dst, '}')
	})
}

// appendMember appends a member, if it has a value, to an object that is not closed yet.
func appendMember(dst []byte, key string, value []byte) []byte {
	if value == nil {
		return dst
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(dst, key...), value...)
}

// timeOf sets when it happened, and returns the time that the message gave of itself, nil when it gave none.
//
// The SDK's clock may be wrong, but by as much when it sent the message as when it made it: what counts is how long ago
// that was. Without a time of sending the given one is taken as it is, as is one that Segment's cloud has corrected.
// What comes out beyond the years that can be is replaced by the time of receipt.
func (r *request) timeOf(m *segmentMessage, env *envelope, e *event.Event) []byte {
	received := r.now.UnixMilli()
	given, sentAt := m.original, m.sent
	if env.forwarded {
		given, sentAt = m.timestamp, nil
		if absent(given) {
			given = m.original
		}
		if absent(given) {
			given = m.taken
		}
	} else {
		if absent(given) {
			given = m.timestamp
		}
		if absent(sentAt) {
			sentAt = env.sentAt
		}
	}
	e.Time = received
	if absent(given) {
		return nil
	}
	at, ok := parseTime(given)
	if !ok {
		return given
	}
	if sent, ok := parseTime(sentAt); ok {
		at = received - (sent - at)
	}
	if at >= 0 && at <= timeMax {
		e.Time = at
	}
	return given
}

// messageIdentity is the uniqueId of what follows from a message: its messageId's, else its content's and time's. A
// resent message has the same, though its SDK wraps it into a new envelope.
func (r *request) messageIdentity(m *segmentMessage, given []byte, kind event.Kind) [20]byte {
	app, name := r.app.nameBytes, kindNames[kind]
	if !absent(m.id) && (isString(m.id) || isNumber(m.id)) {
		return event.UniqueID(app, identityMessage, m.id, name)
	}
	if given == nil {
		given = r.nonce()
	}
	return event.UniqueID(app, identityContent, name, given, m.user, m.anonymous, m.groupID,
		m.event, m.name, m.category, m.properties.whole, m.traits, m.context.whole)
}
