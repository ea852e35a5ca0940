package format

import (
	"bytes"
	"strconv"
	"strings"

	"edgerelay/relay/event"
)

// Userpilot is seed 003's payload. Its events are told as it tells them, field for field and in its order, and an NPS
// survey's as it tells those: app_token before the time, and in data neither type nor id.
//
//	{"type":"flows.completed","timestamp":1679578625,"app_token":"…","data":{"type":"flow","action":"completed","id":1,
//	 "hostname":"…","pathname":"…","user":{"user_id":"…",…},"company":{"id":"…",…}}}
//
// Other events come in the same envelope under their dotted name, of which data.type and data.action are the parts, behind
// them what the kind has of id, ids (where there are several), name, step_id, language, score and feedback of an NPS survey,
// responses of a poll, hostname, pathname, source and properties; what the event does not have is left out.
//
// timestamp is the event's own time in whole Unix seconds. app_token is the app's configured id as a text, which may well be
// the token that its pages have. user_id and id are always there, "" when nobody is known; behind them stand the properties
// that the webhook chose, which come with the note (see AppendExtra). The seed has no ID of the event: who needs one to
// recognise repeats signs in the way standard, whose header webhook-id is one.
func Userpilot(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, e.Kind.Dotted()...)
	dst = append(dst, '"')
	if nps := e.Kind >= event.UserpilotNPSScore && e.Kind <= event.UserpilotNPSAskLater; nps {
		dst = appendToken(appendKey(dst, `"app_token":`), e)
		dst = strconv.AppendInt(appendKey(dst, `"timestamp":`), unix(e), 10)
	} else {
		dst = strconv.AppendInt(appendKey(dst, `"timestamp":`), unix(e), 10)
		dst = appendToken(appendKey(dst, `"app_token":`), e)
	}
	dst = append(dst, `,"data":{`...)
	if e.Kind >= event.FlowSeen {
		dst = appendUserpilotData(dst, e)
	} else {
		dst = appendUserpilotLike(dst, e, n)
	}
	user, company, _ := ParseExtra(n.Extra) // the note of another format has none
	dst = appendPerson(appendKey(dst, `"user":`), `"user_id":`, e.Visitor, user)
	dst = appendPerson(appendKey(dst, `"company":`), `"id":`, e.Account, company)
	return append(dst, `}}`...)
}

// appendToken is the app's id as a text, its name when it has none.
func appendToken(dst []byte, e *event.Event) []byte {
	switch id := event.Lookup(e.App, "id"); {
	case len(id) == 0 || id[0] == '{' || id[0] == '[':
		return event.AppendString(dst, e.AppName)
	case id[0] == '"':
		return append(dst, id...)
	default:
		return append(append(append(dst, '"'), id...), '"')
	}
}

// appendUserpilotData is the members of data but for user and company: those of an event of Userpilot's are its properties.
// One that came without type or action has them behind the others.
func appendUserpilotData(dst []byte, e *event.Event) []byte {
	typed, acted := e.Kind.Items() == "", false
	eachMember(e.Properties, func(key, value []byte) bool {
		switch string(key) {
		case `"user"`, `"company"`:
			return true
		case `"type"`:
			typed = true
		case `"action"`:
			acted = true
		}
		dst = append(append(appendKey(dst, key), ':'), value...)
		return true
	})
	if !typed {
		dst = append(append(append(appendKey(dst, `"type":`), '"'), e.Kind.Items()...), '"')
	}
	if _, action, _ := strings.Cut(e.Kind.Dotted(), "."); !acted {
		dst = append(append(append(appendKey(dst, `"action":`), '"'), action...), '"')
	}
	return dst
}

// appendUserpilotLike is the members of data, but for user and company, of an event that Userpilot does not know.
func appendUserpilotLike(dst []byte, e *event.Event, n event.Note) []byte {
	object, action, _ := strings.Cut(e.Kind.Dotted(), ".")
	dst = append(append(append(dst, `"type":"`...), object...), '"')
	dst = append(append(append(dst, `,"action":"`...), action...), '"')
	id, name := firstID(e, n), e.Name
	if len(e.Guide.ID) > 0 {
		id, name = e.Guide.ID, e.Guide.Name
	}
	dst = appendMember(dst, `"id":`, id)
	if selected(e, n) > 1 {
		dst = appendIDs(dst, `"ids":`, e, n)
	}
	dst = appendMember(dst, `"name":`, name)
	dst = appendUserpilotGuide(dst, &e.Guide)
	dst = appendLocation(dst, e.URL)
	dst = appendMember(dst, `"source":`, e.Source)
	return appendMember(dst, `"properties":`, e.Properties)
}

// selected is how many of e's IDs n selects.
func selected(e *event.Event, n event.Note) (count int) {
	for i := range e.IDs {
		if n.Has(i) {
			count++
		}
	}
	return count
}

// appendUserpilotGuide is what the event has of a guide beside its ID and name. Answers have Userpilot's names for them.
func appendUserpilotGuide(dst []byte, g *event.Guide) []byte {
	dst = appendMember(dst, `"step_id":`, g.StepID)
	dst = appendMember(dst, `"language":`, g.Language)
	dst = appendMember(dst, `"score":`, event.Lookup(g.NPS, "rating"))
	dst = appendMember(dst, `"feedback":`, event.Lookup(g.NPS, "reason"))
	if len(g.PollResponses) > 0 {
		dst = appendResponses(appendKey(dst, `"responses":`), g.PollResponses)
	}
	return dst
}

// appendLocation is the host and path of a URL, a JSON string, as a browser's location names them: without a port, and "/"
// for no path. What ends them is never part of an escape.
func appendLocation(dst, literal []byte) []byte {
	scheme, rest, found := bytes.Cut(literal, []byte("://"))
	if !found || bytes.ContainsAny(scheme, "/?#") {
		return dst
	}
	rest = rest[:len(rest)-1]
	end := len(rest)
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	host, path := rest[:end], rest[end:]
	host = host[bytes.LastIndexByte(host, '@')+1:]
	if i := bytes.LastIndexByte(host, ':'); i > bytes.LastIndexByte(host, ']') {
		host = host[:i]
	}
	if i := bytes.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	dst = append(append(append(appendKey(dst, `"hostname":`), '"'), host...), '"')
	if len(path) == 0 {
		path = slash
	}
	return append(append(append(appendKey(dst, `"pathname":`), '"'), path...), '"')
}

var slash = []byte("/")

// appendPerson is the object user or company: the ID, and the chosen properties, an object of stable JSON or nil, behind it.
// Only those whose names are numbers come before it, where JavaScript prints them.
func appendPerson(dst []byte, idKey string, id, chosen []byte) []byte {
	dst = append(dst, '{')
	named := false
	eachMember(chosen, func(key, value []byte) bool {
		if !named && !event.IsIndex(key) {
			dst = appendField(dst, idKey, id, `""`)
			named = true
		}
		if string(key) != idKey[:len(idKey)-1] {
			dst = append(append(appendKey(dst, key), ':'), value...)
		}
		return true
	})
	if !named {
		dst = appendField(dst, idKey, id, `""`)
	}
	return append(dst, '}')
}
