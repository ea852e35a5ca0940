package intake

import (
	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// segmentMessage is the members of a Segment message that count, stable JSON or nil.
type segmentMessage struct {
	call
	kind, id, event, name, category  []byte
	user, anonymous, groupID         []byte
	timestamp, original, sent, taken []byte
	channel, traits                  []byte
	properties                       segmentProperties
	context                          segmentContext
}

// read reads a message, an object.
func (m *segmentMessage) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"type"`:
			m.kind = p.value()
		case `"messageId"`:
			m.id = p.value()
		case `"event"`:
			m.event = p.value()
		case `"name"`:
			m.name = p.value()
		case `"category"`:
			m.category = p.value()
		case `"userId"`:
			m.user = p.value()
		case `"anonymousId"`:
			m.anonymous = p.value()
		case `"groupId"`:
			m.groupID = p.value()
		case `"timestamp"`:
			m.timestamp = p.value()
		case `"originalTimestamp"`:
			m.original = p.value()
		case `"sentAt"`:
			m.sent = p.value()
		case `"receivedAt"`:
			m.taken = p.value()
		case `"channel"`:
			m.channel = p.value()
		case `"traits"`:
			m.traits = p.value()
		case `"properties"`:
			m.properties.read(p)
		case `"context"`:
			m.context.read(p)
		default:
			p.skip()
		}
	}
}

// segmentProperties is properties as they came, and those of them that are looked at.
type segmentProperties struct {
	whole                                   []byte
	groupID, accountID, url, name, category []byte
}

func (s *segmentProperties) read(p *reader) {
	start := p.i
	if p.at() != '{' {
		s.whole = p.value()
		return
	}
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"groupId"`:
			s.groupID = p.value()
		case `"accountId"`:
			s.accountID = p.value()
		case `"url"`:
			s.url = p.value()
		case `"name"`:
			s.name = p.value()
		case `"category"`:
			s.category = p.value()
		default:
			p.skip()
		}
	}
	s.whole = p.b[start:p.i:p.i]
}

// segmentContext is a context as it came, and what is looked at in it.
type segmentContext struct {
	whole                          []byte
	groupID, traits, userAgent, ip []byte
	page, device                   bool
	pageURL, library               []byte
}

// read reads a context over the one that s holds: what both have, the later says.
func (s *segmentContext) read(p *reader) {
	start := p.i
	if p.at() != '{' {
		p.skip()
		return
	}
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"groupId"`:
			s.groupID = p.value()
		case `"traits"`:
			s.traits = p.value()
		case `"userAgent"`:
			s.userAgent = p.value()
		case `"ip"`:
			s.ip = p.value()
		case `"page"`:
			s.page = p.at() == '{'
			s.pageURL = p.member(`"url"`)
		case `"library"`:
			s.library = p.member(`"name"`)
		case `"device"`:
			s.device = p.at() == '{'
			p.skip()
		default:
			p.skip()
		}
	}
	s.whole = p.b[start:p.i:p.i]
}

// addMessage turns one message into an item, or leaves it out and counts why.
func (r *request) addMessage(raw []byte, env *envelope) {
	if why, ok := r.tryMessage(raw, env); !ok {
		r.leaveOut(why, 1)
	}
}

func (r *request) tryMessage(raw []byte, env *envelope) (why omission, ok bool) {
	switch {
	case !isObject(raw):
		return omitNotObject, false
	case len(raw) > messageBytesMax:
		return omitTooLarge, false
	}
	m := segmentMessage{call: env.call, context: env.context}
	m.read(&reader{b: raw})
	if !absent(m.kind) {
		m.call = callOf(m.kind)
	}
	switch {
	case m.call == noCall:
		return omitType, false
	case m.call == callTrack && !r.app.segmentTrack:
		return omitTrackOff, false
	}
	it := r.add()
	if why, ok := r.readMessage(&m, it); !ok {
		it.reset()
		r.items = r.items[:len(r.items)-1]
		return why, false
	}
	r.enrich(&m, env, &it.event)
	given := r.timeOf(&m, env, &it.event)
	it.event.UniqueID = r.messageIdentity(&m, given, it.event.Kind)
	if it.event.Kind == event.PageLoaded {
		r.findPageOf(&it.event)
		r.doubtPage(&m, given)
	}
	return 0, true
}

// findPageOf gives a page call the IDs of the pages whose rules its URL matches, as a page load of the agent has them.
func (r *request) findPageOf(e *event.Event) {
	r.agent.pages = r.app.catalog.Pages(r.agent.pages[:0], &r.agent.look, e.URL)
	e.IDs = r.app.catalog.AppendPageIDs(e.IDs, r.agent.pages)
}

// readMessage fills what a message tells: who, and what happened or what is known of them.
func (r *request) readMessage(m *segmentMessage, it *item) (why omission, ok bool) {
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
	if !absent(m.properties.whole) && !isObject(m.properties.whole) || !absent(m.traits) && !isObject(m.traits) {
		return omitWrongType, false
	}
	if why, ok := r.readAccount(m, e); !ok {
		return why, false
	}
	switch m.call {
	case callTrack:
		return r.readTrackCall(m, e)
	case callPage, callScreen:
		e.Kind, e.Properties, e.URL = event.PageLoaded, r.pageProperties(m), m.pageURL()
	case callIdentify:
		traits := m.traits
		if !isObject(traits) {
			traits = m.context.traits // where RudderStack's browser SDK has them
		}
		it.learn(people.Visitor, people.Segmentio, traits)
	case callGroup:
		it.learn(people.Account, people.Segmentio, m.traits)
	}
	return 0, true
}

func omissionOf(bad fault) omission {
	if bad == tooLong {
		return omitLongID
	}
	return omitWrongType
}

// readAccount finds the account: the group of a group call, else that of the context, else what Pendo's users put into
// the properties.
func (r *request) readAccount(m *segmentMessage, e *event.Event) (why omission, ok bool) {
	from := m.context.groupID
	switch {
	case m.call == callGroup:
		from = m.groupID
	case absent(from):
		if from = m.properties.groupID; absent(from) {
			from = m.properties.accountID
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
	e.IDs = r.app.catalog.Track(e.IDs, m.event)
	if e.Properties = m.properties.whole; !isObject(e.Properties) {
		e.Properties = emptyObject
	}
	return 0, true
}
