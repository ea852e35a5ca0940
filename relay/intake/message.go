package intake

import (
	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// segmentMessage is the members of a Segment message that count, stable JSON or nil.
type segmentMessage struct {
	call
	kind, id, event, name, category   []byte
	user, anonymous, groupID          []byte
	timestamp, original, sent, arrive []byte
	channel                           []byte
	context, properties, traits       []byte
}

func (m *segmentMessage) member(key, value []byte) bool {
	switch string(key) {
	case `"type"`:
		m.kind = value
	case `"messageId"`:
		m.id = value
	case `"event"`:
		m.event = value
	case `"name"`:
		m.name = value
	case `"category"`:
		m.category = value
	case `"userId"`:
		m.user = value
	case `"anonymousId"`:
		m.anonymous = value
	case `"groupId"`:
		m.groupID = value
	case `"timestamp"`:
		m.timestamp = value
	case `"originalTimestamp"`:
		m.original = value
	case `"sentAt"`:
		m.sent = value
	case `"receivedAt"`:
		m.arrive = value
	case `"channel"`:
		m.channel = value
	case `"context"`:
		m.context = value
	case `"properties"`:
		m.properties = value
	case `"traits"`:
		m.traits = value
	}
	return true
}

// segmentContext is the members of a context that count.
type segmentContext struct {
	groupID, traits, userAgent, ip, page, library, device []byte
}

func (c *segmentContext) member(key, value []byte) bool {
	switch string(key) {
	case `"groupId"`:
		c.groupID = value
	case `"traits"`:
		c.traits = value
	case `"userAgent"`:
		c.userAgent = value
	case `"ip"`:
		c.ip = value
	case `"page"`:
		c.page = value
	case `"library"`:
		c.library = value
	case `"device"`:
		c.device = value
	}
	return true
}

// walk gives the members of an object of stable JSON to f. What is no object has none.
func walk(object []byte, f func(key, value []byte) bool) {
	if !isObject(object) {
		return
	}
	if err := event.Members(object, f); err != nil {
		panic("BUG: intake: " + err.Error())
	}
}

// addMessage turns one message into an item, or leaves it out and counts why.
func (r *request) addMessage(raw []byte, env *envelope) {
	switch {
	case !isObject(raw):
		r.leaveOut(omitNotObject, 1)
		return
	case len(raw) > messageBytesMax:
		r.leaveOut(omitTooLarge, 1)
		return
	}
	var m segmentMessage
	walk(raw, m.member)
	if m.call = env.call; !absent(m.kind) {
		m.call = callOf(m.kind)
	}
	if m.call == noCall {
		r.leaveOut(omitType, 1)
		return
	}
	if m.call == callTrack && !r.app.segmentTrack {
		r.leaveOut(omitTrackOff, 1)
		return
	}
	var c segmentContext
	walk(env.context, c.member)
	walk(m.context, c.member)
	it := r.add()
	if why, ok := r.readMessage(&m, &c, it); !ok {
		it.reset()
		r.items = r.items[:len(r.items)-1]
		r.leaveOut(why, 1)
		return
	}
	r.enrich(&m, &c, env, &it.event)
	given := r.timeOf(&m, env, &it.event)
	it.event.UniqueID = r.messageIdentity(&m, given, it.event.Kind)
}

// readMessage fills what a message tells: who, and what happened or what is known of them.
func (r *request) readMessage(m *segmentMessage, c *segmentContext, it *item) (why omission, ok bool) {
	e := &it.event
	it.seen = true
	user, badUser := r.id(m.user)
	anonymous, badAnonymous := r.id(m.anonymous)
	if e.Visitor = user; user == nil {
		e.Visitor = anonymous
	}
	if bad := max(badUser, badAnonymous); bad != fine {
		return omissionOf(bad), false
	}
	if e.Visitor == nil {
		return omitNoUser, false
	}
	if !absent(m.properties) && !isObject(m.properties) || !absent(m.traits) && !isObject(m.traits) {
		return omitWrongType, false
	}
	if why, ok := r.readAccount(m, c, e); !ok {
		return why, false
	}
	switch m.call {
	case callTrack:
		return r.readTrackCall(m, e)
	case callPage, callScreen:
		e.Kind, e.Properties, e.URL = event.PageLoaded, r.pageProperties(m), pageURL(m, c)
	case callIdentify:
		traits := m.traits
		if !isObject(traits) {
			traits = c.traits // where RudderStack's browser SDK has them
		}
		it.learn(event.VisitorMetadataUpdated, people.Visitor, traits)
	case callGroup:
		it.learn(event.AccountMetadataUpdated, people.Account, m.traits)
	}
	return 0, true
}

// learn notes traits, if there are any.
func (it *item) learn(kind event.Kind, about people.Kind, traits []byte) {
	if isObject(traits) {
		it.event.Kind, it.about, it.group, it.traits = kind, about, people.Segmentio, traits
	}
}

func omissionOf(bad fault) omission {
	if bad == tooLong {
		return omitLongID
	}
	return omitWrongType
}

// readAccount finds the account: the group of a group call, else that of the context, else what Pendo's users put into
// the properties.
func (r *request) readAccount(m *segmentMessage, c *segmentContext, e *event.Event) (why omission, ok bool) {
	from := c.groupID
	switch {
	case m.call == callGroup:
		from = m.groupID
	case absent(from):
		if from = event.Lookup(m.properties, "groupId"); absent(from) {
			from = event.Lookup(m.properties, "accountId")
		}
	}
	account, bad := r.id(from)
	if m.call == callGroup {
		switch {
		case bad != fine:
			return omissionOf(bad), false
		case account == nil:
			return omitNoGroup, false
		}
	}
	e.Account = account
	return 0, true
}

func (r *request) readTrackCall(m *segmentMessage, e *event.Event) (why omission, ok bool) {
	switch {
	case absent(m.event):
		return omitNoEvent, false
	case !isString(m.event):
		return omitWrongType, false
	case len(m.event) > idBytesMax:
		return omitLongID, false
	}
	e.Kind, e.Name = event.TrackEventReceived, m.event
	e.IDs = append(e.IDs, r.app.trackID(m.event))
	if e.Properties = m.properties; !isObject(e.Properties) {
		e.Properties = emptyObject
	}
	return 0, true
}
