package intake

import (
	"strings"
	"testing"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// agentHarvest is a harvest that parses payloads of the agent.
func agentHarvest(f *testing.F) *harvest {
	rig := start(f, captures(f), func(o *Options) { o.BodyMax = 64 << 10 })
	r := offline(f, rig.server)
	r.app, r.end, r.key = rig.server.apps.Load().byKey["KEY"], endpointOf(f, "/data/ptm.gif/KEY"), []byte("KEY")
	r.ctx.Request.SetRequestURI("/data/ptm.gif/KEY?v=2.219.0_prod") // which does not label frustration
	return &harvest{request: r}
}

// FuzzAgentEvents: whatever a payload holds, what comes of it is fit for every receiver, and every event is accounted for.
func FuzzAgentEvents(f *testing.F) {
	h := agentHarvest(f)
	for _, file := range captureFiles(f) {
		c := readCapture(f, file)
		for _, q := range c.Requests {
			if len(q.Decoded) > 0 {
				f.Add([]byte(q.Decoded))
			}
		}
	}
	f.Add([]byte(`[` + agentEventOf("pollResponse", 1, `{"guide_id":1,"poll_id":"p","poll_response":[{}],"poll_type":"NPSRating"}`, "") + `]`))
	f.Add([]byte(agentEventOf("click", 1, `{"target":{"tag":"A"}}`, `,"frustrationTypes":["deadClick"]`)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		h.parse(t, payload, func(payload []byte) {
			if payload[0] != '[' && payload[0] != '{' {
				return
			}
			h.addAgentEvents(payload)
			h.checkGuides(t)
			h.checkDoubts(t)
			n := len(h.items) + len(h.agent.answers)
			for _, out := range h.leftOut {
				n += out
			}
			if n < len(h.parts) {
				t.Errorf("%d of %d events are accounted for", n, len(h.parts))
			}
		})
	})
}

// checkGuides holds what guide events must have.
func (h *harvest) checkGuides(t *testing.T) {
	t.Helper()
	for i := range h.items {
		g := &h.items[i].event.Guide
		for _, v := range [][]byte{g.ID, g.StepID, g.Language, g.Name, g.Properties, g.NPS, g.PollResponses} {
			if v != nil && !isStable(h, v) {
				t.Errorf("%q is not stable", v)
			}
		}
		for _, id := range h.items[i].event.IDs {
			if id[0] != '"' || !isStable(h, id) {
				t.Errorf("ID %q", id)
			}
		}
	}
}

// checkDoubts decides on all doubts and holds that none is left.
func (h *harvest) checkDoubts(t *testing.T) {
	t.Helper()
	if err := h.resolve(); err != nil {
		t.Error(err)
	}
	h.feed.Done(true)
	for i := range h.items {
		if it := &h.items[i]; it.doubted || it.event.Kind == event.UTurn && !it.dropped && h.items[i-1].event.Kind != event.PageLoaded {
			t.Errorf("in doubt, or of nothing: %s", show(&it.event))
		}
	}
}

// FuzzJZB: whatever comes as jzb, the result is bounded, and the next one is read as if nothing had happened.
func FuzzJZB(f *testing.F) {
	h := agentHarvest(f)
	whole := jzb(`[{"type":"load"}]`)
	f.Add([]byte(whole))
	f.Add([]byte(whole[:8]))
	f.Add([]byte(strings.Repeat("=", 9)))
	f.Add([]byte(jzb(strings.Repeat(" ", 1<<20))))
	f.Add([]byte("eJwFwIEIAAAAwDDQd3-N1QABFQC5"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		payload, err := h.unpack(packed)
		if err == nil && (len(payload) > 2*h.server.opt.BodyMax || !utf8.Valid(payload) || !isStable(h, payload)) {
			t.Errorf("%d bytes: %.100q", len(payload), payload)
		}
		if payload, err := h.unpack([]byte(whole)); err != nil || string(payload) != `[{"type":"load"}]` {
			t.Errorf("afterwards: %q, %v", payload, err)
		}
	})
}

// FuzzToken: no bytes are a token but those that the signer made.
func FuzzToken(f *testing.F) {
	app := demo()
	app.SigningKey = "signing key"
	rig := start(f, func(o *Options) { o.Apps = []App{app} })
	r := offline(f, rig.server)
	r.app = rig.server.apps.Load().byKey["KEY"]
	f.Add([]byte("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ2aXNpdG9yIjp7ImlkIjoiand0LXZpc2l0b3IiLCJyb2xlIjoiciJ9LCJhY2NvdW50Ijp7ImlkIjoiand0LWFjY3QifX0.c2ln"))
	f.Add([]byte("eyJhbGciOiJub25lIn0.e30."))
	f.Add([]byte(".."))
	f.Fuzz(func(t *testing.T, token []byte) {
		if err := r.openToken(token); err == nil && len(token) > 0 {
			t.Errorf("taken: %q", token)
		}
	})
}
