package format

import (
	"edgerelay/relay/event"
)

// UserpilotTrack is an event as Userpilot's HTTP API takes it. Userpilot dates events by their arrival and knows no repeats,
// so the event's own time and identity are in the metadata, as occurred_at and event_id.
//
//	{"user_id":"…","event_name":"Account Upgraded","metadata":{"fromTier":"basic","toTier":"pro",
//	 "event_id":"75c3…","occurred_at":"2021-07-20T18:02:24.000Z","app":"…","account_id":"…","page_url":"…","source":"web"}}
//
// event_name is a track event's own name, for other kinds theirs. user_id is the visitor; without one, the account, else
// the app, for Userpilot refuses what has none. metadata are the event's properties and what else is known of it; where
// both have a name, the property stays. Userpilot takes no objects and arrays there: these become the text of their JSON.
// U+FFFD stands for half a surrogate pair, which UTF-8 cannot hold.
func UserpilotTrack(dst []byte, e *event.Event, n event.Note) []byte {
	start := len(dst)
	dst = append(dst, `{"user_id":`...)
	if visitor := present(e.Visitor); visitor != nil {
		dst = append(dst, visitor...)
	} else {
		dst = appendNobody(dst, e)
	}
	dst = append(dst, `,"event_name":`...)
	if name := present(e.Name); name != nil {
		dst = append(dst, name...)
	} else {
		dst = append(append(append(dst, '"'), e.Kind.String()...), '"')
	}
	m := metadata{dst: append(dst, `,"metadata":{`...), properties: e.Properties}
	m.members()
	m.own(e, n)
	m.survey(&e.Guide)
	return append(plainSurrogates(m.dst, start, 1), `}}`...)
}

// metadata is an object without objects in it, which is open at dst's end.
type metadata struct {
	dst        []byte
	properties []byte // of the event: what they name is not named again
}

// members are the event's properties.
func (m *metadata) members() {
	if says(m.properties) == nil {
		return
	}
	_ = event.Members(m.properties, func(key, value []byte) bool { // what is no whole object has no further members
		if string(value) != "null" {
			m.dst = append(append(appendKey(m.dst, ""), key...), ':')
			m.value(value)
		}
		return true
	})
}

func (m *metadata) value(value []byte) {
	if value[0] == '{' || value[0] == '[' {
		start := len(m.dst)
		m.dst = plainSurrogates(event.AppendString(m.dst, value), start, 2)
	} else {
		m.dst = append(m.dst, value...)
	}
}

// free says that no property has the name, and begins a member of it.
func (m *metadata) free(name string) bool {
	if event.Lookup(m.properties, name) != nil {
		return false
	}
	m.dst = append(appendKey(m.dst, `"`), name...)
	m.dst = append(m.dst, `":`...)
	return true
}

// add is a member, unless there is nothing in the value.
func (m *metadata) add(name string, value []byte) {
	if says(value) != nil && m.free(name) {
		m.value(value)
	}
}

// own is what is known of every event.
func (m *metadata) own(e *event.Event, n event.Note) {
	if m.free("event_id") {
		m.dst = appendUniqueID(m.dst, e)
	}
	if m.free("occurred_at") {
		m.dst = appendMilliseconds(m.dst, e)
	}
	if len(e.AppName) > 0 && m.free("app") {
		m.dst = event.AppendString(m.dst, e.AppName)
	}
	m.add("account_id", e.Account)
	m.add("page_url", e.URL)
	m.add("source", e.Source)
	if firstID(e, n) != nil && m.free("ids") {
		m.dst = appendIDText(m.dst, e, n)
	}
}

// survey is what is known of a guide, a poll and an NPS survey.
func (m *metadata) survey(g *event.Guide) {
	m.add("guide_id", g.ID)
	m.add("guide_name", g.Name)
	m.add("guide_step_id", g.StepID)
	m.add("language", g.Language)
	if says(g.NPS) != nil {
		m.add("nps_rating", event.Lookup(g.NPS, "rating"))
		m.add("nps_reason", event.Lookup(g.NPS, "reason"))
	}
	if says(g.PollResponses) == nil {
		return
	}
	i := 0
	_ = event.Elements(g.PollResponses, func(answer []byte) bool {
		m.add(answerNames[i], event.Lookup(answer, "response"))
		i++
		return i < len(answerNames)
	})
}

// answerNames are what a poll's answers are called. What a longer poll has more is left out.
var answerNames = [...]string{"answer_1", "answer_2", "answer_3", "answer_4", "answer_5",
	"answer_6", "answer_7", "answer_8", "answer_9", "answer_10"}

// appendIDText is the selected IDs as one text, with commas between.
func appendIDText(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, '"')
	next := ""
	for i, id := range e.IDs {
		if n.Has(i) && len(id) > len(`""`) {
			dst = append(dst, next...)
			dst = append(dst, id[1:len(id)-1]...)
			next = ", "
		}
	}
	return append(dst, '"')
}
