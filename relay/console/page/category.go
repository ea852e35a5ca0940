package page

import (
	"net/url"
	"slices"
	"strings"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
)

// category is some kinds of event that people choose together, as Pendo's and Userpilot's forms have them (seeds 000, 003).
type category struct {
	id, name string
	items    string // what can be picked: pages, features, …; "" = the category has no items
	kinds    []kind
}

type kind struct {
	kind  event.Kind
	label string
}

// family is some categories under one heading.
type family struct {
	name       string
	categories []category
}

var families = []family{
	{"What visitors do", []category{
		{"page", "Pages", "pages", []kind{{event.PageLoaded, "loaded"}}},
		{"feature", "Features", "features", []kind{{event.FeatureClicked, "clicked"}}},
		{"track", "Track events", "track events", []kind{{event.TrackEventReceived, "received"}}},
		{"guide", "Guides", "guides", []kind{{event.GuideDisplayed, "displayed"}, {event.GuideAdvanced, "advanced"},
			{event.GuideDismissed, "dismissed"}, {event.GuideCompleted, "completed"}}},
		{"nps", "NPS surveys", "surveys", []kind{{event.NPSDisplayed, "displayed"}, {event.NPSSubmitted, "submitted"}}},
		{"poll", "Polls", "polls", []kind{{event.PollDisplayed, "displayed"}, {event.PollSubmitted, "submitted"}}},
		{"frustration", "Frustration", "pages and features", []kind{{event.RageClick, "rage click"}, {event.ErrorClick, "error click"},
			{event.DeadClick, "dead click"}, {event.UTurn, "U-turn"}}},
	}},
	{"Visitors and accounts", []category{
		{"visitor", "Visitors", "", []kind{{event.VisitorCreated, "created"}, {event.VisitorMetadataUpdated, "metadata updated"},
			{event.VisitorDoNotProcessUpdated, "do-not-process updated"}}},
		{"account", "Accounts", "", []kind{{event.AccountCreated, "created"}, {event.AccountMetadataUpdated, "metadata updated"}}},
		{"email", "Emails", "", []kind{{event.VisitorUnsubscribed, "unsubscribed"}}},
	}},
	{"What administrators do", []category{
		{"admin-page", "Pages", "pages", []kind{{event.PageTagged, "tagged"}, {event.PageUpdated, "updated"}, {event.PageDeleted, "deleted"}}},
		{"admin-feature", "Features", "features", []kind{{event.FeatureTagged, "tagged"}, {event.FeatureUpdated, "updated"}, {event.FeatureDeleted, "deleted"}}},
		{"admin-nps", "NPS surveys", "surveys", []kind{{event.NPSCreated, "created"}, {event.NPSUpdated, "updated"}, {event.NPSDeleted, "deleted"},
			{event.NPSStatusChanged, "status changed"}}},
		{"admin-poll", "Polls", "polls", []kind{{event.PollCreated, "created"}, {event.PollUpdated, "updated"}, {event.PollDeleted, "deleted"}}},
		{"goal", "Goals", "goals", []kind{{event.GoalCreated, "created"}, {event.GoalUpdated, "updated"}, {event.GoalDeleted, "deleted"},
			{event.GoalStatusChanged, "status changed"}}},
		{"path", "Paths", "paths", []kind{{event.PathCreated, "created"}, {event.PathUpdated, "updated"}, {event.PathDeleted, "deleted"}}},
		{"funnel", "Funnels", "funnels", []kind{{event.FunnelCreated, "created"}, {event.FunnelUpdated, "updated"}, {event.FunnelDeleted, "deleted"}}},
		{"user", "Users", "users", []kind{{event.UserInvited, "invited"}, {event.UserAdded, "added"}, {event.UserUpdated, "updated"}, {event.UserDeleted, "deleted"}}},
	}},
	{"Userpilot", []category{
		{"flow", "Flows", "flows", []kind{{event.FlowSeen, "started"}, {event.FlowCompleted, "completed"}, {event.FlowDismissed, "dismissed"}}},
		{"checklist", "Checklists", "checklists", []kind{{event.ChecklistSeen, "started"}, {event.ChecklistCompleted, "completed"}, {event.ChecklistDismissed, "dismissed"}}},
		{"userpilot-nps", "NPS", "", []kind{{event.UserpilotNPSScore, "score"}, {event.UserpilotNPSFeedback, "feedback"},
			{event.UserpilotNPSDismissed, "dismissed"}, {event.UserpilotNPSAskLater, "ask later"}}},
		{"form", "Forms", "forms", []kind{{event.FormSubmitted, "submitted"}}},
		{"feature-tag", "Feature tags", "feature tags", []kind{{event.FeatureTagClicked, "click"}, {event.FeatureTagHover, "hover"}, {event.FeatureTagTextInput, "text input"}}},
		{"button", "Buttons", "buttons", []kind{{event.ButtonTrackedEventOccurred, "tracked event"}}},
	}},
}

// picked is a webhook's events as a form has them.
type picked struct {
	all  bool              // "*"
	of   map[string]*picks // by category
	more []string          // selections that no category can show
}

// picks are those of one category. Without ids they are of all items, and of what has none.
type picks struct {
	kinds []event.Kind
	ids   []string
}

// pick spreads a webhook's events over the categories.
func pick(events []string) picked {
	p := picked{of: map[string]*picks{}}
	byCategory := map[string]map[event.Kind][]string{} // entries of single kinds; nil = all items
	for _, entry := range events {
		s, err := hook.ParseSelection(entry)
		name, _, _ := strings.Cut(entry, ":")
		switch {
		case strings.TrimSpace(entry) == "*":
			p.all = true
		case err != nil || strings.HasSuffix(strings.TrimSpace(name), "*"):
			p.more = append(p.more, entry)
		default:
			merge(byCategory, categoryOf(s.Kinds[0]), s)
		}
	}
	for _, f := range families {
		for _, c := range f.categories {
			p.settle(&c, byCategory[c.id])
		}
	}
	return p
}

// merge adds a selection of one kind to those of its category.
func merge(all map[string]map[event.Kind][]string, category string, s hook.Selection) {
	of := all[category]
	if of == nil {
		of = map[event.Kind][]string{}
		all[category] = of
	}
	k := s.Kinds[0]
	if before, twice := of[k]; twice && (before == nil || s.IDs == nil) {
		of[k] = nil
		return
	}
	for _, id := range s.IDs {
		if !slices.Contains(of[k], id) {
			of[k] = append(of[k], id)
		}
	}
	if s.IDs == nil {
		of[k] = nil
	}
}

// settle takes the kinds of a category that have the items of the first of them. The others are left to more.
func (p *picked) settle(c *category, of map[event.Kind][]string) {
	var first *picks
	for _, k := range c.kinds {
		ids, there := of[k.kind]
		switch {
		case !there:
		case first == nil:
			first = &picks{[]event.Kind{k.kind}, ids}
		case sameSet(first.ids, ids):
			first.kinds = append(first.kinds, k.kind)
		default:
			p.more = append(p.more, selection(k.kind, ids))
		}
	}
	if first != nil {
		p.of[c.id] = first
	}
}

func sameSet(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(id string) bool { return !slices.Contains(b, id) })
}

func categoryOf(k event.Kind) string {
	for _, f := range families {
		for _, c := range f.categories {
			if slices.ContainsFunc(c.kinds, func(of kind) bool { return of.kind == k }) {
				return c.id
			}
		}
	}
	return ""
}

func selection(k event.Kind, ids []string) string {
	if len(ids) == 0 {
		return k.String()
	}
	return k.String() + ":" + strings.Join(ids, ",")
}

// events is the setting that the picks come to.
func (p *picked) events() []string {
	events := []string{}
	if p.all {
		events = append(events, "*")
	}
	for _, f := range families {
		for _, c := range f.categories {
			if of := p.of[c.id]; of != nil {
				for _, k := range of.kinds {
					events = append(events, selection(k, of.ids))
				}
			}
		}
	}
	return append(events, p.more...)
}

// The names of a form's fields for events. itemField and idsField stand before a category's.
const (
	kindField = "event" // a checkbox for each kind
	allField  = "everything"
	moreField = "more"
	itemField = "item."
	idsField  = "ids."
)

// pickedOf reads the picks of a form that was sent.
func pickedOf(form url.Values) picked {
	p := picked{all: form.Get(allField) != "", of: map[string]*picks{}}
	for _, f := range families {
		for _, c := range f.categories {
			of := &picks{}
			for _, k := range c.kinds {
				if slices.Contains(form[kindField], k.kind.String()) {
					of.kinds = append(of.kinds, k.kind)
				}
			}
			for _, id := range append(slices.Clone(form[itemField+c.id]), split(form.Get(idsField+c.id))...) {
				if !slices.Contains(of.ids, id) {
					of.ids = append(of.ids, id)
				}
			}
			if len(of.kinds) > 0 {
				p.of[c.id] = of
			}
		}
	}
	for line := range strings.Lines(form.Get(moreField)) {
		if line = strings.TrimSpace(line); line != "" {
			p.more = append(p.more, line)
		}
	}
	return p
}
