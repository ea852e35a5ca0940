package intake

import (
	"edgerelay/relay/event"
)

// pendoDelivery is the members of a payload of Pendo's webhooks (seed 000), which is also what a relay sends in the format
// pendo. Stable JSON or nil.
type pendoDelivery struct {
	app, subscription, account, visitor, userAgent []byte
	kind, unsubscribe, time, id                    []byte
	properties                                     pendoProperties
}

func (d *pendoDelivery) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"app"`:
			d.app = p.value()
		case `"subscription"`:
			d.subscription = p.value()
		case `"accountId"`:
			d.account = p.value()
		case `"visitorId"`:
			d.visitor = p.value()
		case `"userAgent"`:
			d.userAgent = p.value()
		case `"event"`:
			d.kind = p.value()
		case `"eventType"`:
			d.unsubscribe = p.value()
		case `"timestamp"`:
			d.time = p.value()
		case `"uniqueId"`:
			d.id = p.value()
		case `"properties"`:
			d.properties.read(p)
		default:
			p.skip()
		}
	}
}

// pendoProperties is properties as they came, and what stands in those of one kind or another.
type pendoProperties struct {
	whole                                  []byte
	event, name, source, ids               []byte // pages, features, track events, frustration
	guide, guideProperties, step, language []byte // guides, surveys, polls
	nps, answers                           []byte
	id                                     []byte // of an object that was changed, a flow …
}

func (d *pendoProperties) read(p *reader) {
	start := p.i
	if p.at() != '{' {
		d.whole = p.value()
		return
	}
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"eventProperties"`:
			d.event = p.value()
		case `"name"`:
			d.name = p.value()
		case `"source"`:
			d.source = p.value()
		case `"ids"`:
			d.ids = p.value()
		case `"guideId"`:
			d.guide = p.value()
		case `"guideProperties"`:
			d.guideProperties = p.value()
		case `"guideStepId"`:
			d.step = p.value()
		case `"language"`:
			d.language = p.value()
		case `"nps"`:
			d.nps = p.value()
		case `"pollResponses"`:
			d.answers = p.value()
		case `"id"`:
			d.id = p.value()
		default:
			p.skip()
		}
	}
	d.whole = p.b[start:p.i:p.i]
}

// addPendoDelivery turns a payload into the event that it tells of. Nobody is seen in the app by that: who is new there,
// the sender tells in an event of its own.
func (r *request) addPendoDelivery(raw []byte) (field, what string) {
	var d pendoDelivery
	d.read(&reader{b: raw})
	c := checker{r: r}
	e := &r.add().event
	e.Kind = d.kindOf(&c)
	e.App, e.Subscription = named(d.app), named(d.subscription)
	e.Visitor, e.Account = c.id("visitorId", d.visitor), c.id("accountId", d.account)
	c.people(e, "visitorId", "accountId")
	e.UserAgent = filled(d.userAgent)
	e.Time = c.time("timestamp", d.time)
	c.object("properties", d.properties.whole)
	d.properties.fill(&c, e)
	e.UniqueID = r.givenIdentity(identityFromPendo, d.id, raw, d.time)
	return c.field, c.what
}

// kindOf is what happened, by any of its names. An unsubscribe is told in a way of its own (seed 000).
func (d *pendoDelivery) kindOf(c *checker) event.Kind {
	if absent(d.kind) && string(d.unsubscribe) == `"unsubscribe"` {
		return event.VisitorUnsubscribed
	}
	return c.kind("event", d.kind)
}

// named is an object that names something, nil when it is empty.
func named(v []byte) []byte {
	if isObject(v) && len(v) > len("{}") {
		return v
	}
	return nil
}

// fill moves the properties to where the format pendo takes them from.
func (d *pendoProperties) fill(c *checker, e *event.Event) {
	switch e.Kind {
	case event.PageLoaded, event.FeatureClicked, event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn:
		e.Properties = c.object("properties.eventProperties", d.event)
		e.IDs = c.ids(e.IDs, "properties.ids", d.ids)
	case event.TrackEventReceived:
		e.Properties = c.object("properties.eventProperties", d.event)
		e.IDs = c.ids(e.IDs, "properties.ids", d.ids)
		e.Name = c.need("properties.name", c.text("properties.name", d.name), "is missing; it is the track event's name")
		e.Source = c.text("properties.source", d.source)
	case event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted,
		event.NPSDisplayed, event.NPSSubmitted, event.PollDisplayed, event.PollSubmitted:
		d.fillGuide(c, e)
	default:
		if e.Properties = emptyObject; isObject(d.whole) {
			e.Properties = d.whole
		}
		if e.Kind.Items() != "" {
			e.IDs = c.ownID(e.IDs, "properties.id", d.id)
		}
	}
}

func (d *pendoProperties) fillGuide(c *checker, e *event.Event) {
	g := &e.Guide
	g.ID = c.need("properties.guideId", c.id("properties.guideId", d.guide), "is missing; it names the guide")
	g.StepID = c.id("properties.guideStepId", d.step)
	g.Language = c.text("properties.language", d.language)
	g.Properties = c.object("properties.guideProperties", d.guideProperties)
	g.Name = filled(event.Lookup(g.Properties, "name"))
	if g.ID != nil {
		e.IDs = append(e.IDs, g.ID)
	}
	switch e.Kind {
	case event.NPSSubmitted:
		g.NPS = c.object("properties.nps", d.nps)
	case event.PollSubmitted:
		g.PollResponses = c.array("properties.pollResponses", d.answers)
	}
}
