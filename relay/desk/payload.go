package desk

import (
	"bytes"
	"encoding/hex"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
)

// payload is one event as JSON, in any of the shapes in which people have events: the bodies of all formats, a Segment SDK's
// track or page call, or just {"event":"featureClicked","ids":["abc"]}.
type payload struct {
	top    []byte // stable JSON object
	inside []byte // the object that holds what is particular to the kind; nil = there is none
	around []byte // the one that holds the circumstances: context in segment, data.metadata in pendo-dotted; nil = there is none
	own    []byte // the event's own properties where they are an object in inside, else inside
	data   bool   // inside is called data, and holds all that is no name or time
	kind   event.Kind
	called []byte // a track event's own name, where it stands in place of the kind
}

// readPayload reads an event out of JSON. What it does not find is left empty; only what happened must be there.
func readPayload(text []byte) (e event.Event, err error) {
	var stable event.Stable
	top, err := stable.Append(nil, text)
	if err != nil {
		return e, refuse(Invalid, "event", "%v", err)
	}
	if top[0] != '{' {
		return e, refuse(Invalid, "event", "is not a JSON object")
	}
	p := payload{top: top}
	if p.kind, err = p.kindOf(); err != nil {
		return e, err
	}
	p.look()
	return p.event(), nil
}

// look finds the objects in which the shapes keep what they know.
func (p *payload) look() {
	p.inside = object(event.Lookup(p.top, "properties"))
	p.around = object(event.Lookup(p.top, "context"))
	if p.inside == nil {
		p.inside = object(event.Lookup(p.top, "data"))
		p.data = p.inside != nil
	}
	p.own = p.inside
	if !p.data {
		return
	}
	if own := object(event.Lookup(p.inside, "properties")); own != nil {
		p.own = own
	}
	if event.Lookup(p.top, "event_type") != nil {
		p.around = object(event.Lookup(p.inside, "metadata"))
	}
}

// kindOf is what happened, by any of its names.
func (p *payload) kindOf() (event.Kind, error) {
	call := text(event.Lookup(p.top, "type"))
	for _, field := range []string{"event", "event_type", "eventType", "type"} {
		value := event.Lookup(p.top, field)
		name := text(value)
		kind, known := event.KindOf(name)
		switch {
		case known:
			return kind, nil
		case field == "eventType" && name == "unsubscribe": // seed 000
			return event.VisitorUnsubscribed, nil
		case field == "type" && (name == "page" || name == "screen"):
			return event.PageLoaded, nil
		case field == "event" && name != "" && call == "track":
			p.called = value
			return event.TrackEventReceived, nil
		case name != "":
			return 0, unknownKind(field, name)
		case value != nil:
			return 0, refuse(Invalid, field, "must be the name of an event, as a text")
		}
	}
	return 0, refuse(Invalid, "event", `is missing; say what happened, such as "pageLoaded"`)
}

func unknownKind(field, name string) error {
	if _, err := hook.ParseSelection(name); err != nil {
		return refuse(Invalid, field, "%v", err)
	}
	return refuse(Invalid, field, "%q is no name of one event", name)
}

// event is the payload as the relay would keep it.
func (p *payload) event() event.Event {
	e := event.Event{Kind: p.kind, Visitor: p.first("visitorId", "visitor_id", "userId"), Account: p.first("accountId", "account_id", "groupId"),
		UserAgent: p.first("userAgent", "user_agent"), IP: p.first("ip"), URL: p.first("url"), Subscription: p.named("subscription")}
	e.App = p.named("app")
	if e.AppName = []byte(text(event.Lookup(p.top, "app"))); e.App != nil {
		e.AppName = []byte(text(event.Lookup(e.App, "name")))
	}
	if e.Visitor == nil {
		e.Visitor = literal(event.Lookup(object(event.Lookup(p.inside, "user")), "user_id")) // seed 003
	}
	if e.Account == nil {
		e.Account = literal(event.Lookup(object(event.Lookup(p.inside, "company")), "id"))
	}
	e.Time = p.time()
	if e.URL == nil {
		e.URL = literal(event.Lookup(object(event.Lookup(p.around, "page")), "url"))
	}
	if id := hexID(text(p.first("uniqueId", "unique_id", "messageId"))); id != nil {
		e.UniqueID = [20]byte(id)
	}
	p.particular(&e)
	if ids := event.Lookup(p.top, "ids"); ids != nil {
		e.IDs = list(ids)
	}
	return e
}

// named is an object that names something, app or subscription, wherever the shape keeps it.
func (p *payload) named(name string) []byte {
	if o := object(event.Lookup(p.top, name)); o != nil {
		return o
	}
	if o := object(event.Lookup(p.around, name)); o != nil || !p.data {
		return o
	}
	return object(event.Lookup(p.inside, name))
}

// particular fills in what only some kinds have.
func (p *payload) particular(e *event.Event) {
	switch e.Kind {
	case event.PageLoaded, event.FeatureClicked, event.TrackEventReceived, event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn:
		p.visit(e)
	case event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted,
		event.NPSDisplayed, event.NPSSubmitted, event.PollDisplayed, event.PollSubmitted:
		p.guide(&e.Guide)
		e.IDs = list(e.Guide.ID)
	default:
		e.Properties = p.own
		if e.Kind.Items() != "" {
			e.IDs = list(event.Lookup(p.own, "id"))
		}
	}
}

// visit fills in what pages, features, track events and frustration have.
func (p *payload) visit(e *event.Event) {
	for _, name := range []string{"ids", "page_ids", "feature_ids", "track_type_ids"} {
		if e.IDs == nil {
			e.IDs = list(event.Lookup(p.inside, name))
		}
	}
	if e.IDs == nil && p.data {
		e.IDs = list(event.Lookup(p.inside, "id"))
	}
	e.Properties = object(event.Lookup(p.inside, "eventProperties"))
	if e.Properties == nil && (e.IDs == nil || p.data && event.Lookup(p.inside, "properties") != nil) {
		e.Properties = p.own
	}
	if e.Kind != event.TrackEventReceived {
		return
	}
	if e.Source = literal(event.Lookup(p.inside, "source")); e.Source == nil && !p.data {
		e.Source = p.first("source") // of a body with data it may be what sent it
	}
	if e.Name = p.called; e.Name == nil {
		e.Name = p.first("name", "event_name")
	}
	if e.IDs == nil && e.Name != nil {
		e.IDs = [][]byte{e.Name} // as for one that no configured track type names
	}
}

// guide fills in what guides, surveys and polls have. The format standard has an object for it, with names without the word.
func (p *payload) guide(g *event.Guide) {
	g.ID, g.StepID, g.Language = p.first("guideId", "guide_id"), p.first("guideStepId", "guide_step_id", "step_id"), p.first("language")
	g.Name, g.Properties = p.first("guide_name", "guideName"), object(event.Lookup(p.inside, "guideProperties"))
	of := p.inside
	if p.data && g.ID == nil {
		if guide := object(event.Lookup(p.inside, "guide")); guide != nil {
			of = guide
			g.StepID, g.Language = literal(event.Lookup(of, "stepId")), literal(event.Lookup(of, "language"))
			g.Properties = object(event.Lookup(of, "properties"))
		}
		g.ID, g.Name = literal(event.Lookup(of, "id")), literal(event.Lookup(of, "name"))
	}
	if name := literal(event.Lookup(g.Properties, "name")); name != nil {
		g.Name = name
	}
	g.NPS = object(event.Lookup(of, "nps"))
	if answers := event.Lookup(of, "pollResponses"); len(answers) > 0 && answers[0] == '[' {
		g.PollResponses = answers
	}
}

// first is the first text or number that has one of these names, at the top, inside or around, as a JSON string.
func (p *payload) first(names ...string) []byte {
	for _, in := range [][]byte{p.top, p.inside, p.around} {
		for _, name := range names {
			if v := literal(event.Lookup(in, name)); v != nil {
				return v
			}
		}
	}
	return nil
}

// time is when it happened, Unix milliseconds: seconds and milliseconds are told apart by their size. 0 = not said.
func (p *payload) time() int64 {
	value := event.Lookup(p.top, "timestamp")
	if value == nil {
		value = event.Lookup(p.top, "time") // CloudEvents
	}
	if at, err := time.Parse(time.RFC3339, text(value)); err == nil {
		return at.UnixMilli()
	}
	var n int64
	for _, digit := range value {
		if digit < '0' || digit > '9' || n > 1<<53 {
			return 0
		}
		n = 10*n + int64(digit-'0')
	}
	if n < 1e11 { // in milliseconds, that is 1973
		n *= 1000
	}
	return n
}

// text is the plain text of a JSON string, "" of anything else.
func text(value []byte) string {
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	return string(event.AppendText(nil, value))
}

// literal is a JSON string that is not empty, or a number as one.
func literal(value []byte) []byte {
	switch {
	case len(value) == 0:
		return nil
	case value[0] == '"' && len(value) > len(`""`):
		return value
	case value[0] == '-' || value[0] >= '0' && value[0] <= '9':
		return event.AppendString(nil, value)
	}
	return nil
}

func object(value []byte) []byte {
	if len(value) == 0 || value[0] != '{' {
		return nil
	}
	return value
}

// list is the texts and numbers of an array, or one of them alone.
func list(value []byte) (items [][]byte) {
	if len(value) == 0 || value[0] != '[' {
		if one := literal(value); one != nil {
			items = append(items, one)
		}
		return items
	}
	_ = event.Elements(value, func(item []byte) bool { // it is stable JSON
		if one := literal(item); one != nil {
			items = append(items, one)
		}
		return true
	})
	return items
}

// member is a JSON object's member, and whether it is its only one.
func member(obj []byte, name string) (value []byte, only bool) {
	n := 0
	_ = event.Members(obj, func(key, v []byte) bool {
		n++
		if bytes.Equal(key, event.AppendString(nil, []byte(name))) {
			value = v
		}
		return true
	})
	return value, n == 1
}

// plain is a JSON string's text as it is shown.
func plain(literal []byte) string { return strings.ToValidUTF8(text(literal), "\uFFFD") }

// hexID is a uniqueId's 20 bytes, nil when the text is none.
func hexID(text string) []byte {
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != 20 {
		return nil
	}
	return id
}
