package intake

import (
	"edgerelay/relay/event"
)

// agentEvent is the members of an event that count, stable JSON or nil, and what is made of them.
type agentEvent struct {
	kind, time, visitor, account, url, props []byte
	frame, sequence, name, labels, errorLog  []byte
	tab                                      []byte
	extra                                    []byte // the properties that the site chose for clicks

	raw []byte
	at  int64 // Unix milliseconds
}

func (a *agentEvent) read(p *reader) {
	a.raw = p.b
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"type"`:
			a.kind = p.value()
		case `"browser_time"`:
			a.time = p.value()
		case `"visitor_id"`:
			a.visitor = p.value()
		case `"account_id"`:
			a.account = p.value()
		case `"url"`:
			a.url = p.value()
		case `"props"`:
			a.props = p.value()
		case `"frameId"`:
			a.frame = p.value()
		case `"tabId"`:
			a.tab = p.value()
		case `"sequence"`:
			a.sequence = p.value()
		case `"track_event_name"`:
			a.name = p.value()
		case `"frustrationTypes"`:
			a.labels = p.value()
		case `"errorClickLog"`:
			a.errorLog = p.value()
		case `"eventProperties"`:
			a.extra = p.value()
		default:
			p.skip()
		}
	}
}

// addAgentEvent turns one event into items: the events that webhooks know, or the mere sighting of its visitor.
func (r *request) addAgentEvent(raw []byte) (why omission, ok bool) {
	switch {
	case !isObject(raw):
		return omitNotObject, false
	case len(raw) > agentEventBytesMax:
		return omitTooLarge, false
	}
	var a agentEvent
	a.read(&reader{b: raw})
	if !isString(a.kind) {
		return omitType, false
	}
	if why, ok := r.readAgentPeople(&a); !ok {
		return why, false
	}
	a.at = r.timeOfAgent(a.time)
	switch kind := agentTypeOf(a.kind); kind {
	case agentLoad:
		r.addLoad(&a)
	case agentClick:
		return r.addClick(&a)
	case agentTrack:
		return r.addAgentTrack(&a)
	case agentMeta:
		return r.addMeta(&a)
	case agentGuideSeen, agentGuideAdvanced, agentGuideDismissed:
		return r.addGuide(&a, kind)
	case agentPollResponse:
		return r.addAnswer(&a)
	case agentIdentify:
		r.addAgentItem(&a, 0)
	default:
		r.addAgentItem(&a, 0)
		r.agent.unnamed[kind]++
		r.agent.some = true
	}
	return 0, true
}

// readAgentPeople settles who did it. What a signed token says wins over what the event says.
func (r *request) readAgentPeople(a *agentEvent) (why omission, ok bool) {
	var bad fault
	if a.visitor, bad = r.id(a.visitor); bad != fine {
		return omissionOf(bad), false
	}
	if a.account, bad = r.id(a.account); bad != fine {
		return omissionOf(bad), false
	}
	if t := &r.agent.token; t.visitor != nil {
		a.visitor, a.account = t.visitor, t.account
	}
	if a.visitor == nil {
		return omitNoUser, false
	}
	return 0, true
}

// addAgentItem adds an item with what all events of the agent have. With a kind of 0 it is a sighting and nothing else.
func (r *request) addAgentItem(a *agentEvent, kind event.Kind) *item {
	it := r.add()
	it.seen = true
	e := &it.event
	e.Kind, e.Time, e.Visitor, e.Account = kind, a.at, a.visitor, a.account
	e.UserAgent, e.IP, e.URL = r.agent.userAgent, r.agent.ip, filled(a.url)
	if kind != 0 {
		e.UniqueID = r.agentIdentity(a, kind)
	}
	return it
}

// agentIdentity is the uniqueId of what follows from an event: frameId is new with each page load, and sequence counts
// the events since. A resent event has the same, whatever the retry count rt says. What has neither is recognised by its
// content.
func (r *request) agentIdentity(a *agentEvent, kind event.Kind) [20]byte {
	if absent(a.frame) || absent(a.sequence) {
		var nonce []byte
		if absent(a.time) {
			nonce = r.nonce()
		}
		return event.UniqueID(r.key, identityAgentContent, kindNames[kind], nonce, a.raw)
	}
	return event.UniqueID(r.key, identityAgent, a.frame, a.sequence, a.kind, kindNames[kind])
}
