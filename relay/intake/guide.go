package intake

import (
	"bytes"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// agentGuide is the members of a guide event's props that count.
type agentGuide struct {
	guide, step, language, pollTypes, destination []byte
}

func (g *agentGuide) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"guide_id"`:
			g.guide = p.value()
		case `"guide_step_id"`:
			g.step = p.value()
		case `"language"`:
			g.language = p.value()
		case `"step_poll_types"`:
			g.pollTypes = p.value()
		case `"destination_step_id"`:
			g.destination = p.value()
		default:
			p.skip()
		}
	}
}

// addGuide turns what happened to a guide into an event. Guides, polls and NPS surveys are all guides to the agent; which
// it was, the polls of the step tell, else the catalog.
func (r *request) addGuide(a *agentEvent, kind agentType) (why omission, ok bool) {
	if !isObject(a.props) {
		return omitWrongType, false
	}
	var g agentGuide
	g.read(&reader{b: a.props})
	guide, bad := r.id(g.guide)
	if bad != fine {
		return omissionOf(bad), false
	}
	step, bad := r.id(g.step)
	if bad != fine {
		return omissionOf(bad), false
	}
	if guide == nil {
		return omitNoGuide, false
	}
	known := r.app.catalog.Guide(guide)
	r.addGuideItem(a, guideKind(kind, g.pollTypes, known), known, guide, step, g.language)
	if kind == agentGuideAdvanced && absent(g.destination) && step != nil && known != nil && bytes.Equal(step, lastStep(known)) {
		r.addGuideItem(a, event.GuideCompleted, known, guide, step, g.language)
	}
	return 0, true
}

// lastStep is the ID of a guide's last step. Who goes on from there, to no other step, has completed the guide: that is
// how the agent itself sees it, which tells of it by no event of its own.
func lastStep(known *catalog.Details) []byte {
	steps := event.Lookup(known.Properties, "steps")
	if len(steps) <= len("[]") {
		return nil
	}
	var last []byte
	p := reader{b: steps}
	for more := p.enter(); more; more = p.next() {
		last = p.member(`"id"`)
	}
	return last
}

func guideKind(kind agentType, pollTypes []byte, known *catalog.Details) event.Kind {
	switch {
	case kind == agentGuideAdvanced:
		return event.GuideAdvanced
	case kind == agentGuideDismissed:
		return event.GuideDismissed
	case len(pollTypes) > len("[]") && pollTypes[0] == '[':
		if holds(pollTypes, npsRating) || known != nil && known.Kind == catalog.KindNPS {
			return event.NPSDisplayed // also the step that asks for the reason
		}
		return event.PollDisplayed
	case known == nil:
		return event.GuideDisplayed
	case known.Kind == catalog.KindNPS:
		return event.NPSDisplayed
	case known.Kind == catalog.KindPoll:
		return event.PollDisplayed
	}
	return event.GuideDisplayed
}

// addGuideItem adds an event about a guide of which known is what the catalog knows, nil for nothing.
func (r *request) addGuideItem(a *agentEvent, kind event.Kind, known *catalog.Details, guide, step, language []byte) *event.Event {
	e := &r.addAgentItem(a, kind).event
	e.IDs = append(e.IDs, guide)
	e.Guide.ID, e.Guide.StepID, e.Guide.Language = guide, step, filled(language)
	if known != nil {
		e.Guide.Name, e.Guide.Properties = known.Name, known.Properties
	} else {
		e.Guide.Properties = r.value(func(dst []byte) []byte {
			return append(append(append(dst, `{"id":`...), guide...), '}')
		})
	}
	return e
}
