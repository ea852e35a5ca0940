package live

import (
	"fmt"
	"slices"
	"strings"
)

// guide is something that the agent shows over the page: steps, each with what it says and its buttons.
type guide struct {
	id, name string
	steps    []step
}

type step struct {
	id      string
	polls   []poll
	buttons []button
}

// poll is a question with numbers to choose from, or with a field for text.
type poll struct {
	id, kind string // kind as the agent reports it: NPSRating, FreeForm, NumberScale, …
	numbers  int    // 0 to it; 0 for text
}

type button struct {
	id, action string
}

// object is a JSON object.
type object = map[string]any

// details is a guide in a reply of guide.json, as Pendo's own service gives it.
func (g *guide) details(service string) object {
	var steps, polls []object
	for _, s := range g.steps {
		var ids []string
		for _, p := range s.polls {
			ids = append(ids, p.id)
			polls = append(polls, p.details())
		}
		steps = append(steps, object{"id": s.id, "guideId": g.id, "type": "building-block", "contentType": "text/html; charset=utf-8",
			"domUrl": fmt.Sprintf("%s/guides/%s.%s.json", service, g.id, s.id), "rank": 10_000_000, "advanceMethod": "button", "pollIds": ids,
			"attributes": object{"type": "building-block", "width": 400, "height": 200, "autoHeight": true, "variables": object{}, "blockOutUI": object{}},
			"seenState":  "notSeen", "hideCredits": true})
	}
	return object{"id": g.id, "name": g.name, "kind": "guide", "state": "public", "launchMethod": "auto", "isMultiStep": len(steps) > 1,
		"steps": steps, "polls": polls, "audience": []any{}, "language": "en-US", "publishedAt": 1_700_000_000_000,
		"createdAt": 1_700_000_000_000, "createdByUser": object{"username": "grace@example.com"},
		"attributes": object{"type": "building-block", "device": object{"type": "desktop"}, "overrideAutoThrottling": true,
			"nps": g.nps(), "isNps": g.nps()}}
}

func (p *poll) details() object {
	d := object{"id": p.id, "kind": "poll", "attributes": object{"type": p.kind, "display": object{}}}
	if p.numbers > 0 {
		d["numericResponses"] = p.choices()
	}
	return d
}

func (p *poll) choices() []int {
	var all []int
	for n := range p.numbers + 1 {
		all = append(all, n)
	}
	return all
}

// nps says whether the guide asks for a rating.
func (g *guide) nps() bool {
	return slices.ContainsFunc(g.steps, func(s step) bool {
		return slices.ContainsFunc(s.polls, func(p poll) bool { return p.kind == "NPSRating" })
	})
}

// content is the elements of a step, within those that the agent expects around them.
func (s *step) content() object {
	children := []object{element("p", object{"id": "pendo-text"}, "Step "+s.id)}
	for _, p := range s.polls {
		children = append(children, p.content())
	}
	for _, b := range s.buttons {
		e := element("button", object{"id": b.id, "class": "_pendo-button"}, strings.ToUpper(b.id))
		e["actions"] = []object{{"eventType": "click", "action": b.action, "source": nil, "destination": "Global", "parameters": []any{}, "ruleSet": []any{}}}
		children = append(children, e)
	}
	container := element("div", object{"id": "pendo-guide-container", "class": "_pendo-step-container-styles", "role": "dialog", "tabindex": -1,
		"style": object{"background-color": "#fff", "padding": "10px"}}, "", children...)
	size := element("div", object{"id": "pendo-g-" + s.id, "class": "_pendo-step-container-size", "data-vertical-alignment": "Centered",
		"style": object{"width": "400px", "position": "fixed", "left": "50%", "top": "50%", "z-index": 300_000, "display": "block"}}, "", container)
	return element("div", object{"id": "pendo-base", "class": "_pendo-step-container", "data-layout": "lightboxBlank"}, "", size)
}

func (p *poll) content() object {
	var fields []object
	for _, n := range p.choices() {
		if p.numbers > 0 {
			fields = append(fields, element("input", object{"type": "radio", "name": p.id, "id": fmt.Sprintf("%s-%d", p.id, n), "value": fmt.Sprint(n)}, ""))
		}
	}
	if p.numbers == 0 {
		fields = append(fields, element("textarea", object{"id": p.id + "-text"}, ""))
	}
	return element("div", object{"id": "pendo-" + p.id, "data-pendo-poll-id": p.id, "data-pendo-poll-type": p.kind}, "", fields...)
}

func element(tag string, props object, text string, children ...object) object {
	if children == nil {
		children = []object{}
	}
	e := object{"type": tag, "props": props, "children": children}
	if text != "" {
		e["content"] = text
	}
	return e
}
