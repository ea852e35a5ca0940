package tagging

import (
	"encoding/binary"
	"time"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// deeds are the events of one kind of object (seed 002); zero is none.
type deeds struct{ made, changed, deleted event.Kind }

// deeds are the events that tell of an entry. Seed 002 lists none for track types, and none for guides that are neither polls
// nor NPS surveys.
func (e *entry) deeds() deeds {
	switch {
	case e == nil:
	case e.list == Pages:
		return deeds{event.PageTagged, event.PageUpdated, event.PageDeleted}
	case e.list == Features:
		return deeds{event.FeatureTagged, event.FeatureUpdated, event.FeatureDeleted}
	case e.list == Guides && e.Kind == catalog.KindPoll.String():
		return deeds{event.PollCreated, event.PollUpdated, event.PollDeleted}
	case e.list == Guides && e.Kind == catalog.KindNPS.String():
		return deeds{event.NPSCreated, event.NPSUpdated, event.NPSDeleted}
	}
	return deeds{}
}

// appendEvents appends what tells of the change: one event, or none. A poll that becomes an NPS survey is deleted as the one
// and made as the other.
func (c change) appendEvents(dst []event.Event, number uint64, at time.Time) []event.Event {
	before, after := c.before.deeds(), c.after.deeds()
	if before == after {
		return c.after.appendEvent(dst, after.changed, number, at)
	}
	dst = c.before.appendEvent(dst, before.deleted, number, at)
	return c.after.appendEvent(dst, after.made, number, at)
}

func (e *entry) appendEvent(dst []event.Event, kind event.Kind, number uint64, at time.Time) []event.Event {
	if kind == 0 {
		return dst
	}
	id := event.AppendString(nil, e.ID)
	change := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, number), uint64(at.UnixMilli()))
	return append(dst, event.Event{
		Kind: kind, UniqueID: event.UniqueID([]byte(e.list), id, change), Time: at.UnixMilli(),
		AppName: []byte(e.App), IDs: [][]byte{id}, Properties: e.properties(),
	})
}

// properties is the object as its events tell of it: a guide as in all payloads (seed 000), others by their settings.
//
//	{"id":"…","name":"…","rules":["…"]}   {"id":"…","name":"…","selectors":["…"],"page":"…"}
func (e *entry) properties() []byte {
	if e.list == Guides {
		g := e.guide()
		return g.Properties()
	}
	dst := event.AppendString([]byte(`{"id":`), e.ID)
	dst = event.AppendString(append(dst, `,"name":`...), e.Name)
	switch e.list {
	case Pages:
		dst = appendTexts(append(dst, `,"rules":`...), e.Rules)
	case Features:
		dst = appendTexts(append(dst, `,"selectors":`...), e.Selectors)
		if e.Page != "" {
			dst = event.AppendString(append(dst, `,"page":`...), e.Page)
		}
	}
	return append(dst, '}')
}

func appendTexts(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, text := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = event.AppendString(dst, text)
	}
	return append(dst, ']')
}
