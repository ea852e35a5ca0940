package intake

import (
	"bytes"
	"strconv"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// pendoRoutes are what Pendo's web agent asks of its data host. Facts about its wire come from captures of @pendo/agent
// 2.291.4, which testdata/pendo holds.
var pendoRoutes = []route{
	{"/data/ptm.gif/*", pendo("/data/ptm.gif", serveAgent, pixel)},
	{"/data/guide.gif/*", pendo("/data/guide.gif", serveAgent, pixel)},
	{"/data/poll.gif/*", pendo("/data/poll.gif", serveAgent, pixel)},
	{"/data/agentic.gif/*", pendo("/data/agentic.gif", serveAgent, pixel)},

	{"/data/guide.json/*", pendo("/data/guide.json", serveVisitorStub, `{"guides":[]}`)},
	{"/data/guide.js/*", pendo("/data/guide.js", serveScriptStub, `pendo.guidesPayload({"guides":[]});`)},
	{"/data/segmentflag.json/*", pendo("/data/segmentflag.json", serveVisitorStub, `{"segmentFlags":[]}`)},
	{"/data/segmentflag.js/*", pendo("/data/segmentflag.js", serveScriptStub, `pendo.segmentsPayload({"segmentFlags":[]});`)},

	{"/data/log.gif/*", pendo("/data/log.gif", servePixelStub, pixel)},
	{"/data/rec/*", pendo("/data/rec", serveStub, `{}`)},
	{"/data/recordingconf/*", pendo("/data/recordingconf", serveStub, `{"enable":false}`)},
	{"/data/devlog/*", pendo("/data/devlog", serveStub, `{}`)},
	{"/data/errorlog", pendo("/data/errorlog", serveErrorLog, `{}`)},
}

// pendo is an endpoint of the agent. It sends all by GET or POST, as it likes.
func pendo(name string, serve func(*request) error, reply string) endpoint {
	return endpoint{name: name, methods: get | post, dialect: dialectPendo, busy: fasthttp.StatusServiceUnavailable,
		serve: serve, reply: reply, image: reply == pixel}
}

// Bounds of one payload. Its bytes are bounded already.
const (
	agentEventsMax     = 2500
	agentEventBytesMax = 512 << 10
)

// agent is the scratch of a request of the agent.
type agent struct {
	token     claims
	delay     int64  // milliseconds between the agent's clock and ours, see timeOfAgent
	delayed   bool   // delay is known
	userAgent []byte // JSON string
	ip        []byte // JSON string

	look     catalog.Scratch
	pages    []catalog.Item
	features []catalog.Item
	ballots  []ballot
	answers  []answer
	unnamed  [agentTypes]int // events that nothing is made of
	some     bool            // some unnamed is not 0
}

func (a *agent) reset() {
	clear(a.answers)
	clear(a.ballots)
	a.token, a.userAgent, a.ip, a.delayed = claims{}, nil, nil, false
	a.pages, a.features, a.ballots, a.answers = a.pages[:0], a.features[:0], a.ballots[:0], a.answers[:0]
	if cap(a.answers) > keepItems {
		a.ballots, a.answers = nil, nil
	}
	if a.some {
		a.unnamed, a.some = [agentTypes]int{}, false
	}
}

// serveAgent takes a batch of events. An event that cannot be taken does not change the answer: the agent would send the
// whole batch again, a hundred times.
func serveAgent(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	payload, err := r.readAgent()
	if err != nil {
		return err
	}
	r.addAgentEvents(payload)
	if err := r.requireToken(); err != nil {
		return err
	}
	if err := r.commit(); err != nil {
		return err
	}
	r.countUnnamed()
	r.answerPixel(fasthttp.StatusOK)
	return nil
}

// addAgentEvents turns the events of a payload, an array or a single one, into items.
func (r *request) addAgentEvents(payload []byte) {
	r.agent.userAgent, r.agent.ip = r.header("User-Agent"), r.peerIP()
	r.readSendTime(r.ctx.QueryArgs().Peek("ct"))
	if payload[0] == '[' {
		r.readParts(&reader{b: payload})
	} else {
		r.parts = append(r.parts, payload)
	}
	for _, raw := range r.parts {
		if why, ok := r.addAgentEvent(raw); !ok {
			r.leaveOut(why, 1)
		}
	}
	r.addSubmissions()
}

// readSendTime notes how far the agent's clock is from ours, from when it sent this by its own. Time spent on the way
// counts as such a difference: there is no telling them apart.
func (r *request) readSendTime(ct []byte) {
	if sent, ok := parseTime(ct); ok && sent > 0 {
		r.agent.delay, r.agent.delayed = r.now.UnixMilli()-sent, true
	}
}

// timeOfAgent is when an event happened by our clock: as long before it came in as it happened before it was sent by the
// agent's. Events may be days old, kept by a browser that was closed meanwhile, but none is of the future.
func (r *request) timeOfAgent(browserTime []byte) int64 {
	received := r.now.UnixMilli()
	at, ok := parseTime(browserTime)
	if !ok {
		return received
	}
	if r.agent.delayed {
		at += r.agent.delay
	}
	if at < 0 || at > received {
		return received
	}
	return at
}

// agentEvent is the members of an event that count, stable JSON or nil, and what is made of them.
type agentEvent struct {
	kind, time, visitor, account, url, props []byte
	frame, sequence, name, labels, errorLog  []byte
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

func (r *request) addLoad(a *agentEvent) {
	r.findPages(a)
	e := &r.addAgentItem(a, event.PageLoaded).event
	e.IDs = r.app.catalog.AppendPageIDs(e.IDs, r.agent.pages)
	e.Properties = chosenProperties(a)
	r.addFrustration(a)
}

func (r *request) addClick(a *agentEvent) (why omission, ok bool) {
	target := event.Lookup(a.props, "target")
	if !isObject(target) {
		return omitWrongType, false
	}
	r.findPages(a)
	ag := &r.agent
	ag.features = r.app.catalog.Features(ag.features[:0], &ag.look, target, ag.pages)
	e := &r.addAgentItem(a, event.FeatureClicked).event
	e.IDs = r.app.catalog.AppendFeatureIDs(e.IDs, ag.features)
	e.Properties = chosenProperties(a)
	r.addFrustration(a)
	return 0, true
}

func (r *request) findPages(a *agentEvent) {
	r.agent.features = r.agent.features[:0]
	r.agent.pages = r.app.catalog.Pages(r.agent.pages[:0], &r.agent.look, filled(a.url))
}

// chosenProperties are those that the site's configuration lets the agent collect.
func chosenProperties(a *agentEvent) []byte {
	if isObject(a.extra) {
		return a.extra
	}
	return emptyObject
}

func (r *request) addAgentTrack(a *agentEvent) (why omission, ok bool) {
	switch {
	case absent(a.name):
		return omitNoEvent, false
	case !isString(a.name):
		return omitWrongType, false
	case len(a.name) > idBytesMax:
		return omitLongID, false
	}
	e := &r.addAgentItem(a, event.TrackEventReceived).event
	e.Name, e.Source = a.name, sourceWeb
	e.IDs = r.app.catalog.Track(e.IDs, e.Name)
	e.Properties = r.trackProperties(a.props)
	return 0, true
}

// trackProperties is what the page gave to pendo.track. The agent wraps what is no object, except for arrays: their
// elements get their places as names, as in JavaScript.
func (r *request) trackProperties(props []byte) []byte {
	switch {
	case isObject(props):
		return props
	case len(props) <= len("[]") || props[0] != '[':
		return emptyObject
	}
	return r.value(func(dst []byte) []byte {
		p := reader{b: props}
		open := byte('{')
		i := int64(0)
		for more := p.enter(); more; more = p.next() {
			dst = append(dst, open, '"')
			dst = strconv.AppendInt(dst, i, 10)
			dst = append(append(dst, `":`...), p.value()...)
			open, i = ',', i+1
		}
		return append(dst, '}')
	})
}

// frustrations are the labels that the agent puts on clicks and page loads.
var frustrations = []struct {
	label []byte
	kind  event.Kind
}{
	{[]byte(`"rageClick"`), event.RageClick},
	{[]byte(`"errorClick"`), event.ErrorClick},
	{[]byte(`"deadClick"`), event.DeadClick},
	{[]byte(`"uTurn"`), event.UTurn},
}

// addFrustration adds an event for each label of the event that was added last. Its IDs are those of pages, then those
// of features.
func (r *request) addFrustration(a *agentEvent) {
	if len(a.labels) == 0 || a.labels[0] != '[' {
		return
	}
	for i := range frustrations {
		if !holds(a.labels, frustrations[i].label) {
			continue
		}
		kind := frustrations[i].kind
		e := &r.addAgentItem(a, kind).event
		e.IDs = r.app.catalog.AppendPageIDs(e.IDs, r.agent.pages)
		e.IDs = r.app.catalog.AppendFeatureIDs(e.IDs, r.agent.features)
		e.Properties = chosenProperties(a)
		if kind == event.ErrorClick && filled(a.errorLog) != nil {
			e.Properties = r.value(func(dst []byte) []byte {
				p := chosenProperties(a)
				dst = append(dst, p[:len(p)-1]...)
				return append(appendMember(dst, `"errorClickLog":`, a.errorLog), '}')
			})
		}
	}
}

// holds says whether an array has an element of that JSON.
func holds(list, element []byte) bool {
	p := reader{b: list}
	for more := p.enter(); more; more = p.next() {
		if bytes.Equal(p.value(), element) {
			return true
		}
	}
	return false
}
