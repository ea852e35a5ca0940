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
		r.addAgentItem(a, event.VisitorMetadataUpdated).learn(people.Visitor, people.Agent, traits)
	} else {
		r.addAgentItem(a, 0)
	}
	if traits := r.agentTraits(account, token.accountData); traits != nil && a.account != nil {
		r.addAgentItem(a, event.AccountMetadataUpdated).learn(people.Account, people.Agent, traits)
	}
	id, bad := r.id(event.Lookup(parent, "id"))
	if traits := r.agentTraits(parent, nil); traits != nil && id != nil && bad == fine && token.visitor == nil {
		it := r.addAgentItem(a, event.AccountMetadataUpdated)
		it.learn(people.Account, people.Agent, traits)
		it.seen, it.event.Account = false, id
		it.event.UniqueID = event.UniqueID(it.event.UniqueID[:], id)
	}
	return 0, true
}

// agentTraits is an object of the page's metadata without the ID, nil when nothing is left. Fields of a signed token
// stand behind it, so that they win.
func (r *request) agentTraits(object, signed []byte) []byte {
	if !isObject(object) && !isObject(signed) {
		return nil
	}
	start := len(r.text)
	r.text = append(r.text, '{')
	r.text = appendFields(appendFields(r.text, object, `"id"`), signed, `"id"`)
	r.text = append(r.text, '}')
	traits := r.text[start:len(r.text):len(r.text)]
	if len(traits) == len("{}") {
		return nil
	}
	return traits
}
