package receipt

import "edgerelay/relay/event"

// field is a value and how good the name was under which it stood: of two, the lower rank counts.
type field struct {
	value []byte
	rank  int // 0 = nothing yet
}

func (f *field) offer(rank int, value []byte) {
	if f.rank == 0 || rank < f.rank {
		f.value, f.rank = value, rank
	}
}

// fields are what the members of a body offer. Where the formats keep them:
//
//	              event        visitor              id
//	pendo         event        visitorId            uniqueId                    seed 000
//	pendo-dotted  event_type   data.visitor_id      data.unique_id              seed 001
//	segment       event        userId               messageId                   seed 002
//	userpilot     type         data.user.user_id    -                           seed 003
//	standard      type         data.visitorId       data.uniqueId
//	cloudevents   type         data.visitorId       id
type fields struct {
	event   field
	visitor field
	id      field
	data    []byte
	user    []byte
	spaced  bool // some value begins with white space: this is no stable JSON
}

// collect looks through a body; false when it is not a whole object of stable JSON.
func (f *fields) collect(body []byte) bool {
	err := event.Members(body, func(key, value []byte) bool {
		f.spaced = value[0] <= ' '
		f.top(key, value)
		return !f.spaced
	})
	if err != nil || f.spaced {
		return false
	}
	if f.visitor.rank == 0 || f.id.rank == 0 {
		f.inner()
	}
	return true
}

// top takes a member of the body itself.
func (f *fields) top(key, value []byte) {
	switch string(key) {
	case `"event"`:
		f.event.offer(1, value)
	case `"event_type"`:
		f.event.offer(2, value)
	case `"type"`:
		f.event.offer(3, value)
	case `"visitorId"`:
		f.visitor.offer(1, value)
	case `"userId"`:
		f.visitor.offer(2, value)
	case `"anonymousId"`:
		f.visitor.offer(3, value)
	case `"uniqueId"`:
		f.id.offer(1, value)
	case `"messageId"`:
		f.id.offer(2, value)
	case `"id"`:
		f.id.offer(3, value)
	case `"data"`:
		f.data = value
	}
}

// inner takes what the body's data adds. What of it is no object adds nothing.
func (f *fields) inner() {
	_ = event.Members(f.data, func(key, value []byte) bool {
		switch string(key) {
		case `"visitorId"`, `"visitor_id"`:
			f.visitor.offer(4, value)
		case `"userId"`, `"user_id"`:
			f.visitor.offer(5, value)
		case `"uniqueId"`, `"unique_id"`:
			f.id.offer(4, value)
		case `"user"`:
			f.user = value
		}
		return true
	})
	if f.visitor.rank == 0 {
		f.visitor.offer(6, event.Lookup(f.user, "user_id"))
	}
}
