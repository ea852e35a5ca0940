package intake

import (
	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// userpilotDelivery is the members of a payload of Userpilot's webhooks (seed 003), stable JSON or nil.
type userpilotDelivery struct {
	kind, time []byte
	data       userpilotData
}

func (d *userpilotDelivery) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"type"`:
			d.kind = p.value()
		case `"timestamp"`:
			d.time = p.value()
		case `"data"`:
			d.data.read(p)
		default:
			p.skip()
		}
	}
}

// userpilotData is data as it came, and what is looked at in it. user and company hold those of their properties that the
// webhook's owner chose.
type userpilotData struct {
	whole, id, host, path, user, company []byte
}

func (d *userpilotData) read(p *reader) {
	start := p.i
	if p.at() != '{' {
		d.whole = p.value()
		return
	}
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"id"`:
			d.id = p.value()
		case `"hostname"`:
			d.host = p.value()
		case `"pathname"`:
			d.path = p.value()
		case `"user"`:
			d.user = p.value()
		case `"company"`:
			d.company = p.value()
		default:
			p.skip()
		}
	}
	d.whole = p.b[start:p.i:p.i]
}

// addUserpilotDelivery turns a payload into the event that it tells of, behind what it says of the user and the company.
// Nobody is seen in the app by that.
func (r *request) addUserpilotDelivery(raw []byte) (field, what string) {
	var d userpilotDelivery
	d.read(&reader{b: raw})
	c := checker{r: r}
	var e event.Event
	if e.Kind = c.kind("type", d.kind); e.Kind < event.FlowSeen {
		c.fail("type", `is no event of Userpilot's; its names are such as "flows.completed"`)
	}
	c.need("data", d.data.whole, "is missing; it holds the event")
	c.object("data", d.data.whole)
	user, company := c.object("data.user", d.data.user), c.object("data.company", d.data.company)
	e.Visitor = c.need("data.user.user_id", c.id("data.user.user_id", event.Lookup(user, "user_id")), noVisitor)
	e.Account = c.id("data.company.id", event.Lookup(company, "id"))
	e.Time = c.time("timestamp", d.time)
	if c.what != "" {
		return c.field, c.what
	}
	e.URL = d.data.url(r)
	e.UniqueID = r.contentIdentity(identityFromUserpilot, raw, d.time)
	r.addLearnt(&e, people.Visitor, r.fields(user, `"user_id"`))
	r.addLearnt(&e, people.Account, r.fields(company, `"id"`))

	it := r.add()
	e.IDs = c.ownID(it.event.IDs, "data.id", d.data.id)
	if e.Properties = r.fields(d.data.whole, `"user"`, `"company"`); e.Properties == nil {
		e.Properties = emptyObject
	}
	it.event = e
	return c.field, c.what
}

// addLearnt adds an item of metadata that stands beside an event.
func (r *request) addLearnt(beside *event.Event, about people.Kind, traits []byte) {
	if traits == nil || about == people.Account && beside.Account == nil {
		return
	}
	it := r.add()
	it.learn(about, people.Userpilot, traits)
	e := &it.event
	e.Visitor, e.Account, e.Time = beside.Visitor, beside.Account, beside.Time
	e.UniqueID = event.UniqueID(beside.UniqueID[:], kindNames[e.Kind])
}

// url is the page that it happened on, of which the payload names host and path.
func (d *userpilotData) url(r *request) []byte {
	host, path := filled(d.host), filled(d.path)
	if host == nil {
		return nil
	}
	return r.value(func(dst []byte) []byte {
		dst = append(append(dst, `"https://`...), host[1:len(host)-1]...)
		if path == nil {
			return append(dst, '"')
		}
		if path = path[1:]; path[0] != '/' {
			dst = append(dst, '/')
		}
		return append(dst, path...)
	})
}
