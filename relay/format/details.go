package format

import (
	"edgerelay/relay/event"
)

// details writes what an analytics product calls an event's properties, as members of an object that is open.
type details struct {
	own     []byte   // the event's own properties, or nil
	without []string // keys of own ones to leave out, JSON strings
	bounds  *bounds  // nil: none
	beside  int      // how many members the object gets from others
}

// detailsMax is how many members append adds to the own ones at most.
const detailsMax = 13

// append appends the event's own properties, then what it has beside them, flat and under Pendo's names. Where an own one
// has such a name, the own one stays.
func (d *details) append(dst []byte, e *event.Event, n event.Note) []byte {
	if len(e.Properties) > len(`{}`) {
		d.own = e.Properties
		dst = d.appendOwn(dst)
	}
	if len(e.AppName) > 0 && !d.has("app") {
		dst = event.AppendString(appendKey(dst, `"app":`), e.AppName)
	}
	dst = d.appendOne(dst, `"accountId":`, e.Account)
	dst = d.appendOne(dst, `"url":`, e.URL)
	dst = d.appendOne(dst, `"userAgent":`, e.UserAgent)
	dst = d.appendOne(dst, `"source":`, e.Source)
	if len(e.Guide.ID) > 0 {
		return d.appendGuide(dst, &e.Guide)
	}
	if d.has("ids") {
		return dst
	}
	return appendIDs(dst, `"ids":`, e, n)
}

func (d *details) appendOwn(dst []byte) []byte {
	if d.bounds == nil {
		return append(appendKey(dst, ``), d.own[1:len(d.own)-1]...)
	}
	return d.bounds.appendMembers(dst, d.own, 0, d.bounds.members-detailsMax-d.beside, d.without)
}

func (d *details) has(key string) bool { return d.own != nil && event.Lookup(d.own, key) != nil }

// appendOne appends a member that has a value and no namesake. key is as in appendKey.
func (d *details) appendOne(dst []byte, key string, value []byte) []byte {
	if len(value) == 0 || d.has(key[len(`"`):len(key)-len(`":`)]) {
		return dst
	}
	dst = appendKey(dst, key)
	if d.bounds == nil {
		return append(dst, value...)
	}
	return d.bounds.appendValue(dst, value, 0)
}

// appendGuide appends what guides, NPS surveys and polls have.
func (d *details) appendGuide(dst []byte, g *event.Guide) []byte {
	dst = d.appendOne(dst, `"guideId":`, g.ID)
	dst = d.appendOne(dst, `"guideName":`, g.Name)
	dst = d.appendOne(dst, `"guideStepId":`, g.StepID)
	dst = d.appendOne(dst, `"language":`, g.Language)
	if len(g.NPS) > 0 {
		dst = d.appendOne(dst, `"npsRating":`, event.Lookup(g.NPS, "rating"))
		dst = d.appendOne(dst, `"npsReason":`, event.Lookup(g.NPS, "reason"))
		dst = d.appendOne(dst, `"npsSource":`, event.Lookup(g.NPS, "source"))
	}
	return d.appendOne(dst, `"pollResponses":`, g.PollResponses)
}
