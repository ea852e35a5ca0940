package intake

import (
	"bytes"
	"strconv"

	"edgerelay/relay/event"
)

func (r *request) addLoad(a *agentEvent) {
	r.findPages(a)
	e := &r.addAgentItem(a, event.PageLoaded).event
	e.IDs = r.app.catalog.AppendPageIDs(e.IDs, r.agent.pages)
	e.Properties = chosenProperties(a)
	r.addFrustration(a)
	r.doubtLoad(a)
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
	r.doubtClick(a, target)
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
