package intake

import (
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// administrationRoutes are where things are told that no SDK sees: what administrators do to pages, features, goals,
// surveys … (seed 002), and who unsubscribed from mails (seed 000).
var administrationRoutes = []route{
	{"/data/admin", endpoint{name: "/data/admin", methods: post, dialect: dialectAdmin, busy: fasthttp.StatusServiceUnavailable, serve: serveAdmin}},
	{"/data/unsubscribe/*", endpoint{name: "/data/unsubscribe", methods: post, dialect: dialectUnsubscribe, busy: fasthttp.StatusServiceUnavailable, serve: serveUnsubscribe}},
}

// serveAdmin takes one event or an array of them.
func serveAdmin(r *request) error {
	if err := r.openIntegrationKey(); err != nil {
		return err
	}
	body, err := r.readJSON()
	if err != nil {
		return err
	}
	return r.takeEvents(body, (*request).addAdmin)
}

// serveUnsubscribe takes one event or an array of them.
func serveUnsubscribe(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	body, err := r.readJSON()
	if err != nil {
		return err
	}
	return r.takeEvents(body, (*request).addUnsubscribe)
}

// adminEvent is the members of an event that count, stable JSON or nil. Who did it may be named as Pendo or as Segment
// names visitors, or not at all.
type adminEvent struct {
	kind, name, unsubscribe         []byte
	object, visitor, user, account  []byte
	userAgent, time, id, properties []byte
}

func (a *adminEvent) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"event"`:
			a.kind = p.value()
		case `"type"`:
			a.name = p.value()
		case `"eventType"`:
			a.unsubscribe = p.value()
		case `"id"`:
			a.object = p.value()
		case `"visitorId"`:
			a.visitor = p.value()
		case `"userId"`:
			a.user = p.value()
		case `"accountId"`:
			a.account = p.value()
		case `"userAgent"`:
			a.userAgent = p.value()
		case `"timestamp"`:
			a.time = p.value()
		case `"uniqueId"`:
			a.id = p.value()
		case `"properties"`:
			a.properties = p.value()
		default:
			p.skip()
		}
	}
}

// addAdmin turns {"event":"pageTagged","timestamp":…,"properties":{"id":"…",…}} into an event. The name may also be the
// type, and the object's ID stand beside the properties; receivers find it in them all the same.
func (r *request) addAdmin(raw []byte) (field, what string) {
	var a adminEvent
	a.read(&reader{b: raw})
	c := checker{r: r}
	e := &r.add().event
	if field = "event"; absent(a.kind) && !absent(a.name) {
		field, a.kind = "type", a.name
	}
	if e.Kind = c.kind(field, a.kind); e.Kind < event.PageTagged || e.Kind >= event.FlowSeen {
		c.fail(field, `is no event of administrators; their names are such as "pageTagged" or "goal.updated"`)
	}
	a.fill(&c, e)
	id := c.id("id", a.object)
	if own := event.Lookup(e.Properties, "id"); id == nil {
		id = c.id("properties.id", own)
	} else if own == nil && c.what == "" {
		e.Properties = r.value(func(dst []byte) []byte {
			return append(appendMember(append(dst, e.Properties[:len(e.Properties)-1]...), `"id":`, a.object), '}')
		})
	}
	if id != nil {
		e.IDs = append(e.IDs, id)
	}
	e.UniqueID = r.givenIdentity(identityAdmin, a.id, raw, a.time)
	return c.field, c.what
}

// addUnsubscribe turns {"visitorId":"…","eventType":"unsubscribe","timestamp":"…"} into an event.
func (r *request) addUnsubscribe(raw []byte) (field, what string) {
	var a adminEvent
	a.read(&reader{b: raw})
	c := checker{r: r}
	e := &r.add().event
	e.Kind = event.VisitorUnsubscribed
	if !absent(a.unsubscribe) && string(a.unsubscribe) != `"unsubscribe"` {
		c.fail("eventType", `must be "unsubscribe"`)
	}
	if !absent(a.kind) && c.kind("event", a.kind) != e.Kind {
		c.fail("event", `must be "visitorUnsubscribed"`)
	}
	a.fill(&c, e)
	c.people(e, "visitorId", "")
	e.UniqueID = r.givenIdentity(identityUnsubscribe, a.id, raw, a.time)
	return c.field, c.what
}

// fill fills what both have in common.
func (a *adminEvent) fill(c *checker, e *event.Event) {
	if e.Visitor = c.id("visitorId", a.visitor); e.Visitor == nil {
		e.Visitor = c.id("userId", a.user)
	}
	e.Account = c.id("accountId", a.account)
	e.UserAgent = filled(a.userAgent)
	e.Time = c.time("timestamp", a.time)
	e.Properties = c.object("properties", a.properties)
}
