package intake

import (
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// trackRoutes: servers send track events with an integration key (Pendo's track event API).
var trackRoutes = []route{
	{"/data/track", endpoint{name: "/data/track", methods: post, busy: fasthttp.StatusServiceUnavailable, dialect: dialectTrack, serve: serveTrack}},
}

// serveTrack takes one event or an array of them.
func serveTrack(r *request) error {
	if err := r.openIntegrationKey(); err != nil {
		return err
	}
	body, err := r.readJSON()
	if err != nil {
		return err
	}
	return r.takeEvents(body, (*request).addTrack)
}

// trackEvent is the members of one event that count, stable JSON or nil.
type trackEvent struct {
	kind, name, visitor, account, time, properties []byte
	context                                        trackContext
}

type trackContext struct {
	whole, ip, userAgent, url []byte
}

func (t *trackEvent) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"type"`:
			t.kind = p.value()
		case `"event"`:
			t.name = p.value()
		case `"visitorId"`:
			t.visitor = p.value()
		case `"accountId"`:
			t.account = p.value()
		case `"timestamp"`:
			t.time = p.value()
		case `"properties"`:
			t.properties = p.value()
		case `"context"`:
			t.context.read(p)
		default:
			p.skip()
		}
	}
}

func (t *trackContext) read(p *reader) {
	start := p.i
	if p.at() != '{' {
		t.whole = p.value()
		return
	}
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"ip"`:
			t.ip = p.value()
		case `"userAgent"`:
			t.userAgent = p.value()
		case `"url"`:
			t.url = p.value()
		default:
			p.skip()
		}
	}
	t.whole = p.b[start:p.i]
}

// addTrack turns one event into an item.
func (r *request) addTrack(raw []byte) (field, what string) {
	var t trackEvent
	t.read(&reader{b: raw})
	it := r.add()
	e := &it.event
	e.Kind, e.Source = event.TrackEventReceived, sourceServer
	if field, what := r.readTrack(&t, e); what != "" {
		return field, what
	}
	e.IDs = r.app.catalog.Track(e.IDs, e.Name)
	e.UniqueID = r.contentIdentity(identityTrack, raw, t.time)
	return "", ""
}

// readTrack fills e, or says which field is wrong and what about it. Real callers send numbers as IDs, no context,
// seconds or ISO 8601 in place of milliseconds: that is all taken.
func (r *request) readTrack(t *trackEvent, e *event.Event) (field, what string) {
	c := checker{r: r}
	if !absent(t.kind) && string(t.kind) != `"track"` {
		c.fail("type", `must be "track"`)
	}
	e.Name = c.need("event", c.text("event", t.name), "is missing; it is the event's name")
	e.Visitor = c.need("visitorId", c.id("visitorId", t.visitor), noVisitor)
	e.Account = c.id("accountId", t.account)
	e.Time = c.time("timestamp", t.time)
	e.Properties = c.object("properties", t.properties)
	c.object("context", t.context.whole)
	e.IP, e.UserAgent, e.URL = filled(t.context.ip), filled(t.context.userAgent), filled(t.context.url)
	return c.field, c.what
}
