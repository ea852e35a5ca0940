package intake

import (
	"fmt"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// trackRoutes: servers send track events with an integration key (Pendo's track event API).
var trackRoutes = []route{
	{"/data/track", endpoint{name: "/data/track", methods: post, busy: fasthttp.StatusServiceUnavailable, dialect: dialectTrack, serve: serveTrack}},
}

// Bounds of one body. A body's bytes are bounded already; these keep one event fit to be delivered.
const (
	trackEventsMax     = 2500
	trackEventBytesMax = 512 << 10
)

// serveTrack takes one event or an array of them: all, or none when one of them is wrong, because their sender is a
// program that can be put right, and would not learn it otherwise.
func serveTrack(r *request) error {
	if err := r.openIntegrationKey(); err != nil {
		return err
	}
	body, err := r.readJSON()
	if err != nil {
		return err
	}
	switch body[0] {
	case '{':
		err = r.addTrack(body, -1)
	case '[':
		err = r.addTracks(body)
	default:
		err = badBody("invalid_body", "the body is neither an event nor an array of events")
	}
	if err != nil {
		return err
	}
	if err := r.commit(); err != nil {
		return err
	}
	return r.answer(`{"status":"ok"}`)
}

func (r *request) addTracks(list []byte) error {
	p, i := reader{b: list}, 0
	for more := p.enter(); more; more = p.next() {
		if i == trackEventsMax {
			return tooLarge("there are more than %d events in the body; send fewer at once", trackEventsMax)
		}
		if err := r.addTrack(p.value(), i); err != nil {
			return err
		}
		i++
	}
	return nil
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

// addTrack turns one event into an item. index is its place in the array, -1 when it is the whole body.
func (r *request) addTrack(raw []byte, index int) error {
	if !isObject(raw) {
		return badTrack(index, "", "is not an object")
	}
	if len(raw) > trackEventBytesMax {
		no := badTrack(index, "", fmt.Sprintf("is %d bytes and the limit is %d", len(raw), trackEventBytesMax))
		no.status, no.code = fasthttp.StatusRequestEntityTooLarge, "too_large"
		return no
	}
	var t trackEvent
	t.read(&reader{b: raw})
	it := r.add()
	e := &it.event
	e.Kind, e.Source = event.TrackEventReceived, sourceServer
	if field, what := r.readTrack(&t, e); what != "" {
		return badTrack(index, field, what)
	}
	e.IDs = r.app.catalog.Track(e.IDs, e.Name)
	if absent(t.time) {
		e.UniqueID = event.UniqueID(r.app.nameBytes, identityTrack, raw, r.nonce())
	} else {
		e.UniqueID = event.UniqueID(r.app.nameBytes, identityTrack, raw)
	}
	return nil
}

// readTrack fills e, or says which field is wrong and what about it. Real callers send numbers as IDs, no context,
// seconds or ISO 8601 in place of milliseconds: that is all taken.
func (r *request) readTrack(t *trackEvent, e *event.Event) (field, what string) {
	var bad fault
	switch {
	case !absent(t.kind) && string(t.kind) != `"track"`:
		return "type", `must be "track"`
	case absent(t.name):
		return "event", "is missing; it is the event's name"
	case !isString(t.name):
		return "event", "must be a string"
	case len(t.name) > idBytesMax:
		return "event", idTooLong
	}
	e.Name = t.name
	if e.Visitor, bad = r.id(t.visitor); bad != fine {
		return "visitorId", bad.String()
	}
	if e.Visitor == nil {
		return "visitorId", "is missing; it says who did it"
	}
	if e.Account, bad = r.id(t.account); bad != fine {
		return "accountId", bad.String()
	}
	if e.Time = r.now.UnixMilli(); !absent(t.time) {
		var ok bool
		if e.Time, ok = parseTime(t.time); !ok {
			return "timestamp", "is not a time from 1970 to 9999; send milliseconds since 1970, or ISO 8601"
		}
	}
	if e.Properties = emptyObject; !absent(t.properties) {
		if !isObject(t.properties) {
			return "properties", "must be an object"
		}
		e.Properties = t.properties
	}
	if !absent(t.context.whole) && !isObject(t.context.whole) {
		return "context", "must be an object"
	}
	e.IP, e.UserAgent, e.URL = filled(t.context.ip), filled(t.context.userAgent), filled(t.context.url)
	return "", ""
}

const idTooLong = "is longer than 1024 bytes"

func (f fault) String() string {
	if f == tooLong {
		return idTooLong
	}
	return "must be a string or a number"
}

// badTrack names the event, if it is one of several, and the field, if one is to blame.
func badTrack(index int, field, what string) *refusal {
	no := badBody("invalid_event", "%s %s", field, what)
	no.field = field
	switch {
	case field == "" && index < 0:
		no.message = "the event " + what
	case field == "":
		no.message, no.field = fmt.Sprintf("event %d %s", index, what), fmt.Sprintf("[%d]", index)
	case index >= 0:
		no.message, no.field = fmt.Sprintf("event %d: %s %s", index, field, what), fmt.Sprintf("[%d].%s", index, field)
	}
	return no
}
