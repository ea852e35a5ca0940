package intake

import (
	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// addMeta takes what the page says of its visitor and account. The agent repeats it about once a day, and when it
// changes. Of a parent account (parent::child in account_id) it tells as well.
//
//	{"visitor":{"id":"v","role":"admin"},"account":{"id":"a","plan":"gold"},"parentAccount":{},"date":"21/11/2026",…}
func (r *request) addMeta(a *agentEvent) (why omission, ok bool) {
	if !isObject(a.props) {
		return omitWrongType, false
	}
	var visitor, account, parent []byte
	p := reader{b: a.props}
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"visitor"`:
			visitor = p.value()
		case `"account"`:
			account = p.value()
		case `"parentAccount"`:
			parent = p.value()
		default:
			p.skip()
		}
	}
	token := &r.agent.token
	if traits := r.agentTraits(visitor, token.visitorData); traits != nil {
		r.addAgentItem(a, event.VisitorMetadataUpdated).learnAs(people.Visitor, traits)
	} else {
		r.addAgentItem(a, 0)
	}
	if traits := r.agentTraits(account, token.accountData); traits != nil && a.account != nil {
		r.addAgentItem(a, event.AccountMetadataUpdated).learnAs(people.Account, traits)
	}
	id, bad := r.id(event.Lookup(parent, "id"))
	if traits := r.agentTraits(parent, nil); traits != nil && id != nil && bad == fine && token.visitor == nil {
		it := r.addAgentItem(a, event.AccountMetadataUpdated)
		it.learnAs(people.Account, traits)
		it.seen, it.event.Account = false, id
		it.event.UniqueID = event.UniqueID(it.event.UniqueID[:], id)
	}
	return 0, true
}

// learnAs notes metadata for the group agent.
func (it *item) learnAs(about people.Kind, traits []byte) {
	it.about, it.group, it.traits = about, people.Agent, traits
}

// agentTraits is an object of the page's metadata without the ID, nil when nothing is left. Fields of a signed token
// stand behind it, so that they win.
func (r *request) agentTraits(object, signed []byte) []byte {
	if !isObject(object) && !isObject(signed) {
		return nil
	}
	start := len(r.text)
	r.text = append(r.text, '{')
	r.text = appendFields(appendFields(r.text, object), signed)
	r.text = append(r.text, '}')
	traits := r.text[start:len(r.text):len(r.text)]
	if len(traits) == len("{}") {
		return nil
	}
	return traits
}

// appendFields appends the members of an object, except for the ID.
func appendFields(dst, object []byte) []byte {
	if !isObject(object) {
		return dst
	}
	p := reader{b: object}
	for more := p.enter(); more; more = p.next() {
		key := p.key()
		if value := p.value(); string(key) != `"id"` {
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, key...), ':'), value...)
		}
	}
	return dst
}
