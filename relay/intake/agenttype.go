package intake

// agentType is the type of one of the agent's events.
type agentType uint8

const (
	agentOther agentType = iota
	agentLoad
	agentClick
	agentTrack
	agentIdentify
	agentMeta
	agentGuideSeen
	agentGuideAdvanced
	agentGuideDismissed
	agentPollResponse

	// Of these nothing is made.
	agentFocus
	agentChange
	agentSubmit
	agentGuideActivity
	agentGuideSnoozed
	agentGuideSnoozeCanceled
	agentGuideNotSeen
	agentGuideTimeout
	agentPrompt
	agentSystemResponse
	agentUserReaction
	agentTypes
)

var agentTypeNames = [agentTypes]string{
	"other", "load", "click", "track", "identify", "meta", "guideSeen", "guideAdvanced", "guideDismissed", "pollResponse",
	"focus", "change", "submit", "guideActivity", "guideSnoozed", "guideSnoozeCanceled", "guideNotSeen", "guideTimeout",
	"prompt", "system_response", "user_reaction",
}

func (t agentType) String() string { return agentTypeNames[t] }

// agentTypeByName finds types by their names as JSON strings.
var agentTypeByName = func() map[string]agentType {
	byName := map[string]agentType{}
	for t := agentOther + 1; t < agentTypes; t++ {
		byName[`"`+t.String()+`"`] = t
	}
	return byName
}()

// agentTypeOf reads an event's type, a JSON string.
func agentTypeOf(kind []byte) agentType { return agentTypeByName[string(kind)] }

// countUnnamed counts the events of which nothing was made, by their types.
func (r *request) countUnnamed() {
	if !r.agent.some {
		return
	}
	for t, n := range r.agent.unnamed {
		if n > 0 {
			r.server.metrics.unnamed[t].Add(float64(n))
		}
	}
}
