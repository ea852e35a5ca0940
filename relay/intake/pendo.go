package intake

import (
	"github.com/valyala/fasthttp"

	"edgerelay/relay/catalog"
)

// pendoRoutes are what Pendo's web agent asks of its data host. Facts about its wire come from captures of @pendo/agent
// 2.291.4, which testdata/pendo holds.
var pendoRoutes = []route{
	{"/data/ptm.gif/*", told("/data/ptm.gif", serveAgent, pixel)},
	{"/data/guide.gif/*", told("/data/guide.gif", serveAgent, pixel)},
	{"/data/poll.gif/*", told("/data/poll.gif", serveAgent, pixel)},
	{"/data/agentic.gif/*", told("/data/agentic.gif", serveAgent, pixel)},

	{"/data/guide.json/*", guides("/data/guide.json", serveVisitor, `{"guides":[]}`)},
	{"/data/guide.js/*", guides("/data/guide.js", serveScript, `pendo.guidesPayload({"guides":[]});`)},
	{"/data/segmentflag.json/*", pendo("/data/segmentflag.json", serveVisitor, `{"segmentFlags":[]}`)},
	{"/data/segmentflag.js/*", pendo("/data/segmentflag.js", serveScript, `pendo.segmentsPayload({"segmentFlags":[]});`)},
	{"/data/recordingconf/*", pendo("/data/recordingconf", serveRecordingSwitch, `{"enable":false}`)},

	{"/data/log.gif/*", told("/data/log.gif", serveAgentLog, pixel)},
	{"/data/rec/*", told("/data/rec", serveRecording, `{}`)},
	{"/data/devlog/*", told("/data/devlog", serveDevLog, `{}`)},
	{"/data/errorlog", told("/data/errorlog", serveErrorLog, `{}`)},
}

// pendo is an endpoint of the agent. It sends all by GET or POST, as it likes.
func pendo(name string, serve func(*request) error, reply string) endpoint {
	return endpoint{name: name, methods: get | post, dialect: dialectPendo, busy: fasthttp.StatusServiceUnavailable,
		serve: serve, reply: reply, image: reply == pixel}
}

// told is an endpoint that the agent wants nothing from: what it sends there can go to the upstream later.
func told(name string, serve func(*request) error, reply string) endpoint {
	e := pendo(name, serve, reply)
	e.onward = true
	return e
}

// guides is an endpoint that the agent asks for guides.
func guides(name string, serve func(*request) error, reply string) endpoint {
	e := pendo(name, serve, reply)
	e.guides = true
	return e
}

// Bounds of one payload. Its bytes are bounded already.
const (
	agentEventsMax     = 2500
	agentEventBytesMax = 512 << 10
)

// agent is the scratch of a request of the agent.
type agent struct {
	token   claims
	delay   int64 // milliseconds between the agent's clock and ours, see timeOfAgent
	delayed bool  // delay is known

	unlabelled bool   // the agent is of those that do not label frustration
	userAgent  []byte // JSON string
	ip         []byte // JSON string

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
	if len(r.parts) == 0 {
		r.onward.identity = 0 // the agent looks whether it gets through; all such requests are alike
	}
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
	r.agent.unlabelled = !labelsFrustration(r.ctx.QueryArgs().Peek("v"))
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
