package intake

import (
	"bytes"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// Types of polls that make an NPS survey: the number from 0 to 10, and why.
var (
	npsRating = []byte(`"NPSRating"`)
	freeForm  = []byte(`"FreeForm"`)
)

// ballot is one submission of a guide's polls. The agent tells each answer as an event of its own; those of one visitor
// to one step of a guide, in one batch, were given together.
type ballot struct {
	first       agentEvent // whose identity and time are the submission's
	guide, step []byte
	language    []byte
	known       *catalog.Details
	last        int // the number of its last answer
}

// answer is what a visitor answered to one poll. Those of one ballot are a chain, the last first.
type answer struct {
	poll, kind, response, duration []byte
	before                         int // the number of the answer before; -1
}

// agentAnswer is the members of a pollResponse's props that count.
type agentAnswer struct {
	agentGuide
	answer
}

func (g *agentAnswer) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"guide_id"`:
			g.guide = p.value()
		case `"guide_step_id"`:
			g.step = p.value()
		case `"language"`:
			g.language = p.value()
		case `"poll_id"`:
			g.poll = p.value()
		case `"poll_type"`:
			g.answer.kind = p.value()
		case `"poll_response"`:
			g.response = p.value()
		case `"duration"`:
			g.duration = p.value()
		default:
			p.skip()
		}
	}
}

// addAnswer puts an answer to the others of its submission. addSubmissions makes events of them when all are known.
func (r *request) addAnswer(a *agentEvent) (why omission, ok bool) {
	if !isObject(a.props) {
		return omitWrongType, false
	}
	var g agentAnswer
	g.read(&reader{b: a.props})
	var bad [3]fault
	g.guide, bad[0] = r.id(g.guide)
	g.step, bad[1] = r.id(g.step)
	g.poll, bad[2] = r.id(g.poll)
	if worst := max(bad[0], bad[1], bad[2]); worst != fine {
		return omissionOf(worst), false
	}
	if g.guide == nil || g.poll == nil {
		return omitNoGuide, false
	}
	if len(g.response) == 0 || len(g.duration) > 0 && !isNumber(g.duration) {
		return omitWrongType, false
	}
	if g.answer.kind = filled(g.answer.kind); g.answer.kind == nil {
		g.answer.kind = r.app.catalog.PollType(g.guide, g.poll)
	}
	b := r.ballotOf(a, &g)
	g.before, b.last = b.last, len(r.agent.answers)
	r.agent.answers = append(r.agent.answers, g.answer)
	return 0, true
}

// ballotOf finds the submission of an answer, or begins one: an answer to the same poll again is another submission.
func (r *request) ballotOf(a *agentEvent, g *agentAnswer) *ballot {
	for i := len(r.agent.ballots) - 1; i >= 0 && i >= len(r.agent.ballots)-ballotsSearched; i-- {
		b := &r.agent.ballots[i]
		if bytes.Equal(b.guide, g.guide) && bytes.Equal(b.step, g.step) && bytes.Equal(b.first.visitor, a.visitor) &&
			bytes.Equal(b.first.frame, a.frame) {
			if r.answered(b, g.poll) {
				break
			}
			return b
		}
	}
	r.agent.ballots = append(r.agent.ballots, ballot{first: *a, guide: g.guide, step: g.step, language: g.language,
		known: r.app.catalog.Guide(g.guide), last: -1})
	return &r.agent.ballots[len(r.agent.ballots)-1]
}

// ballotsSearched bounds the search: a batch of the agent is about one guide, and has one submission as a rule.
const ballotsSearched = 8

func (r *request) answered(b *ballot, poll []byte) bool {
	for i := b.last; i >= 0; i = r.agent.answers[i].before {
		if bytes.Equal(r.agent.answers[i].poll, poll) {
			return true
		}
	}
	return false
}

// addSubmissions makes the events of all submissions. A rating and its reason are npsSubmitted (seed 000); answers of
// the same submission to other polls are pollSubmitted.
func (r *request) addSubmissions() {
	for i := range r.agent.ballots {
		b := &r.agent.ballots[i]
		rating := r.take(b, npsRating)
		if nps := rating != nil || b.known != nil && b.known.Kind == catalog.KindNPS; nps {
			reason := r.take(b, freeForm)
			if rating == nil {
				rating = r.takeNumber(b)
			}
			if rating != nil || reason != nil {
				rating = r.whole(b, rating, reason)
				e := r.addGuideItem(&b.first, event.NPSSubmitted, b.known, b.guide, b.step, b.language)
				e.Guide.NPS = r.value(func(dst []byte) []byte { return appendNPS(dst, rating, reason) })
			}
		}
		if r.unlink(b) >= 0 {
			e := r.addGuideItem(&b.first, event.PollSubmitted, b.known, b.guide, b.step, b.language)
			e.Guide.PollResponses = r.value(func(dst []byte) []byte { return append(r.appendAnswers(append(dst, '['), b.last), ']') })
		}
	}
}

// take takes the first answer of a type out of a submission and returns what it says.
func (r *request) take(b *ballot, kind []byte) (response []byte) {
	found := -1
	for i := b.last; i >= 0; i = r.agent.answers[i].before {
		if a := &r.agent.answers[i]; a.response != nil && bytes.Equal(a.kind, kind) {
			found = i
		}
	}
	return r.spend(found)
}

// takeNumber takes a number, which of an NPS survey is the rating though the guide does not say so.
func (r *request) takeNumber(b *ballot) []byte {
	found := -1
	for i := b.last; i >= 0; i = r.agent.answers[i].before {
		if a := &r.agent.answers[i]; isNumber(a.response) && a.kind == nil {
			found = i
		}
	}
	return r.spend(found)
}

func (r *request) spend(i int) (response []byte) {
	if i >= 0 {
		response, r.agent.answers[i].response = r.agent.answers[i].response, nil
	}
	return response
}

// unlink drops the answers that were taken from the chain, and returns its end, -1 when nothing is left.
func (r *request) unlink(b *ballot) int {
	for at := &b.last; *at >= 0; {
		if a := &r.agent.answers[*at]; a.response == nil {
			*at = a.before
		} else {
			at = &a.before
		}
	}
	return b.last
}

// appendNPS appends {"rating":9,"reason":"Keep up the great work!","source":"web"}.
func appendNPS(dst, rating, reason []byte) []byte {
	dst = append(dst, '{')
	dst = appendMember(dst, `"rating":`, rating)
	if reason == nil {
		reason = emptyText
	}
	dst = appendMember(dst, `"reason":`, reason)
	return append(appendMember(dst, `"source":`, sourceWeb), '}')
}

// appendAnswers appends the answers of a chain, the first one first.
func (r *request) appendAnswers(dst []byte, last int) []byte {
	a := &r.agent.answers[last]
	if a.before >= 0 {
		dst = append(r.appendAnswers(dst, a.before), ',')
	}
	dst = append(dst, '{')
	dst = appendMember(dst, `"duration":`, a.duration)
	dst = appendMember(dst, `"pollId":`, a.poll)
	dst = appendMember(dst, `"pollType":`, a.kind)
	return append(appendMember(dst, `"response":`, a.response), '}')
}
