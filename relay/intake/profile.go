package intake

import (
	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// userpilotCall is the members of a call of Userpilot's API that count, stable JSON or nil.
type userpilotCall struct {
	user, name, companyID, metadata, company []byte
}

func (u *userpilotCall) read(p *reader) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"user_id"`:
			u.user = p.value()
		case `"event_name"`:
			u.name = p.value()
		case `"company_id"`:
			u.companyID = p.value()
		case `"metadata"`:
			u.metadata = p.value()
		case `"company"`:
			u.company = p.value()
		default:
			p.skip()
		}
	}
}

// addUserpilotItem adds an item of somebody in the app. Calls have neither an ID nor a time: two equal ones are two
// events.
func (r *request) addUserpilotItem(visitor, account []byte) *item {
	it := r.add()
	it.seen = true
	e := &it.event
	e.Visitor, e.Account, e.Time = visitor, account, r.now.UnixMilli()
	e.UniqueID = event.UniqueID(r.app.nameBytes, identityUserpilot, r.nonce())
	return it
}

// addUserpilotTrack turns {"user_id","event_name","metadata"} into a track event.
func (r *request) addUserpilotTrack(raw []byte) (field, what string) {
	var u userpilotCall
	u.read(&reader{b: raw})
	c := checker{r: r}
	e := &r.addUserpilotItem(c.need("user_id", c.id("user_id", u.user), noVisitor), nil).event
	e.Kind, e.Source = event.TrackEventReceived, sourceServer
	e.Name = c.need("event_name", c.text("event_name", u.name), "is missing; it is the event's name")
	e.Properties = c.object("metadata", u.metadata)
	if c.what == "" {
		e.IDs = r.app.catalog.Track(e.IDs, e.Name)
	}
	return c.field, c.what
}

// addUserpilotUser takes what {"user_id","metadata","company":{"id",…}} says of a user and their company. A bulk update
// names the company by company_id.
func (r *request) addUserpilotUser(raw []byte) (field, what string) {
	var u userpilotCall
	u.read(&reader{b: raw})
	c := checker{r: r}
	user := c.need("user_id", c.id("user_id", u.user), "is missing; it names the user")
	company := c.id("company_id", u.companyID)
	if !absent(u.company) {
		u.company = c.object("company", u.company)
		company = c.need("company.id", c.id("company.id", event.Lookup(u.company, "id")), "is missing; it names the company")
	}
	metadata := c.object("metadata", u.metadata)
	if c.what != "" {
		return c.field, c.what
	}
	r.addUserpilotItem(user, company).learn(people.Visitor, people.Userpilot, r.fields(metadata))
	if traits := r.fields(u.company, `"id"`); traits != nil {
		r.addUserpilotItem(user, company).learn(people.Account, people.Userpilot, traits)
	}
	return "", ""
}

// addUserpilotCompany takes what {"company_id","metadata"} says of a company.
func (r *request) addUserpilotCompany(raw []byte) (field, what string) {
	var u userpilotCall
	u.read(&reader{b: raw})
	c := checker{r: r}
	company := c.need("company_id", c.id("company_id", u.companyID), "is missing; it names the company")
	metadata := c.object("metadata", u.metadata)
	if c.what == "" {
		r.addUserpilotItem(nil, company).learn(people.Account, people.Userpilot, r.fields(metadata))
	}
	return c.field, c.what
}
