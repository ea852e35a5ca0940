package intake

import "edgerelay/relay/event"

// checker reads the fields of one event whose sender is told what is wrong. Its methods return a field's value, stable
// JSON, or nil when there is none; field and what keep the first fault, and the rest goes on as if there were none.
//
//	c := checker{r: r}
//	e.Visitor = c.need("visitorId", c.id("visitorId", visitor), noVisitor)
//	e.Time = c.time("timestamp", time)
//	return c.field, c.what
type checker struct {
	r           *request
	field, what string
}

// What is wrong with fields, in the words that senders are told.
const (
	idTooLong  = "is longer than 1024 bytes"
	notText    = "must be a string"
	notID      = "must be a string or a number"
	notObject  = "must be an object"
	notArray   = "must be an array"
	notTime    = "is not a time from 1970 to 9999; send milliseconds since 1970, or ISO 8601"
	noVisitor  = "is missing; it says who did it"
	tooManyIDs = "holds more than 1000 IDs"

	unknownEvent = `is the name of no event; names are such as "pageLoaded", "guide.viewed" or "flows.completed"`
)

// idsMax is how many catalog items one event may touch. A page of a real site is a handful.
const idsMax = 1000

func (c *checker) fail(field, what string) {
	if c.what == "" {
		c.field, c.what = field, what
	}
}

// need asks for a value that is there.
func (c *checker) need(field string, v []byte, missing string) []byte {
	if v == nil {
		c.fail(field, missing)
	}
	return v
}

// id is a string or a number, which becomes a string.
func (c *checker) id(field string, v []byte) []byte {
	id, bad := c.r.id(v)
	switch bad {
	case tooLong:
		c.fail(field, idTooLong)
	case wrongType:
		c.fail(field, notID)
	}
	return id
}

// text is a string as long as an ID may be.
func (c *checker) text(field string, v []byte) []byte {
	switch {
	case absent(v):
		return nil
	case !isString(v):
		c.fail(field, notText)
	case len(v) > idBytesMax:
		c.fail(field, idTooLong)
	}
	return v
}

// object is an object, {} when there is none.
func (c *checker) object(field string, v []byte) []byte {
	switch {
	case absent(v):
		return emptyObject
	case !isObject(v):
		c.fail(field, notObject)
	}
	return v
}

// time is when it happened, in Unix milliseconds; now when that is not said.
func (c *checker) time(field string, v []byte) int64 {
	if absent(v) {
		return c.r.now.UnixMilli()
	}
	at, ok := parseTime(v)
	if !ok {
		c.fail(field, notTime)
	}
	return at
}

// array is an array, nil when there is none.
func (c *checker) array(field string, v []byte) []byte {
	switch {
	case absent(v):
		return nil
	case v[0] != '[':
		c.fail(field, notArray)
	}
	return v
}

// kind is an event's name, any of those that select it.
func (c *checker) kind(field string, v []byte) event.Kind {
	name := c.need(field, c.text(field, v), "is missing; it says what happened")
	plain, _ := event.PlainText(name)
	kind, ok := event.KindOf(string(plain))
	if !ok {
		c.fail(field, unknownEvent)
	}
	return kind
}

// people checks that an event is of somebody: what was done to an account needs that account, what an administrator did
// to an object needs nobody, and everything else a visitor.
func (c *checker) people(e *event.Event, visitor, account string) {
	switch {
	case e.Kind >= event.PageTagged && e.Kind < event.FlowSeen:
	case e.Kind == event.AccountCreated || e.Kind == event.AccountMetadataUpdated:
		c.need(account, e.Account, "is missing; it names the account")
	default:
		c.need(visitor, e.Visitor, noVisitor)
	}
}

// ownID appends the ID of the object that an event is about, if it says one.
func (c *checker) ownID(dst [][]byte, field string, v []byte) [][]byte {
	if id := c.id(field, v); id != nil {
		return append(dst, id)
	}
	return dst
}

// ids appends the elements of an array to those of an event.
func (c *checker) ids(dst [][]byte, field string, v []byte) [][]byte {
	if absent(v) {
		return dst
	}
	if v[0] != '[' {
		c.fail(field, notArray)
		return dst
	}
	p := reader{b: v}
	for more := p.enter(); more; more = p.next() {
		if len(dst) == idsMax {
			c.fail(field, tooManyIDs)
			return dst
		}
		if id := c.id(field, p.value()); id != nil {
			dst = append(dst, id)
		}
	}
	return dst
}
