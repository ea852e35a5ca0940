package intake

import (
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// metadataRoutes are Pendo's metadata API, by which servers read and set what is known of visitors and accounts.
//
//	GET PUT    /api/v1/visitor/ID                               {"id":…,"accountIds":[…],"metadata":{"custom":{…},…}}
//	GET        /api/v1/account/ID
//	POST PATCH /api/v1/metadata/visitor/custom/value            [{"visitorId":…,"values":{…}},…]
//	GET PUT    /api/v1/metadata/visitor/custom/value/ID/FIELD   the bare value
//
// Who is only heard of here was not seen in the app: there is no visitorCreated or accountCreated. What is set of people
// who yield no events, by configuration or by their mark, is kept, and told to nobody.
var metadataRoutes = []route{
	{"/api/v1/visitor/*", metadata("/api/v1/visitor", people.Visitor, get|put, servePerson)},
	{"/api/v1/account/*", metadata("/api/v1/account", people.Account, get, servePerson)},
	{"/api/v1/metadata/visitor/*/value", metadata("/api/v1/metadata/visitor/value", people.Visitor, post|patch, serveRows)},
	{"/api/v1/metadata/account/*/value", metadata("/api/v1/metadata/account/value", people.Account, post|patch, serveRows)},
	{"/api/v1/metadata/visitor/*/value/*/*", metadata("/api/v1/metadata/visitor/field", people.Visitor, get|put, serveField)},
	{"/api/v1/metadata/account/*/value/*/*", metadata("/api/v1/metadata/account/field", people.Account, get|put, serveField)},
}

func metadata(name string, about people.Kind, methods method, serve func(*request) error) endpoint {
	return endpoint{name: name, about: about, methods: methods, dialect: dialectMetadata, busy: fasthttp.StatusServiceUnavailable, serve: serve}
}

// doNotProcess is the field of the group pendo that marks a visitor of whom no event may go to anyone.
const doNotProcess = "donotprocess"

// servePerson shows all that is known of somebody, or sets some of it first. Seed 001 sets by PUT.
func servePerson(r *request) error {
	if err := r.openIntegrationKey(); err != nil {
		return err
	}
	id, err := r.pathText("the ID", r.vars[0])
	if err != nil {
		return err
	}
	if r.puts() {
		if err := r.putPerson(id); err != nil {
			return err
		}
	}
	if err := r.load(id); err != nil {
		return err
	}
	return r.answerDocument(r.value(r.person.AppendJSON))
}

func (r *request) puts() bool { return methodOf(r.ctx.Request.Header.Method()) == put }

// load reads what is known of somebody into r.person.
func (r *request) load(id []byte) error {
	found, err := r.server.opt.People.Load(&r.person, r.end.about, r.app.name, id)
	if err == nil && !found {
		err = &refusal{status: fasthttp.StatusNotFound, code: "unknown_" + r.end.about.String(), message: fmt.Sprintf("there is no %s of this ID", r.end.about)}
	}
	return err
}

// putPerson sets what the body has of each group: {"metadata":{"custom":{"plan":"gold"}}}. The rest of what GET shows is
// not to be set, and passed over.
func (r *request) putPerson(id []byte) error {
	body, err := r.readObject()
	if err != nil {
		return err
	}
	groups, err := readGroups(event.Lookup(body, "metadata"))
	if err != nil {
		return err
	}
	return r.setOne(id, groups)
}

// groupValues is what is to be set, by group; nil is nothing.
type groupValues [people.Userpilot + 1][]byte

func readGroups(metadata []byte) (groups groupValues, err error) {
	if !isObject(metadata) {
		return groups, badMetadata("metadata", `metadata is not an object; send {"metadata":{"custom":{…}}}`)
	}
	p := reader{b: metadata}
	for more := p.enter(); more; more = p.next() {
		name := string(event.AppendText(nil, p.key()))
		values := p.value()
		group, err := people.ParseGroup(name)
		if err != nil {
			return groups, badMetadata("metadata."+name, err.Error())
		}
		if !isObject(values) {
			return groups, badMetadata("metadata."+name, "metadata."+name+" is not an object")
		}
		groups[group] = values
	}
	return groups, nil
}

func badMetadata(field, message string) *refusal {
	no := badBody("invalid_metadata", "%s", message)
	no.field = field
	return no
}

// serveField shows or sets one field's value. Setting makes a record where there is none.
func serveField(r *request) error {
	if err := r.openIntegrationKey(); err != nil {
		return err
	}
	group, err := r.pathGroup()
	if err != nil {
		return err
	}
	id, err := r.pathText("the ID", r.vars[1])
	if err != nil {
		return err
	}
	field, err := r.pathText("the field", r.vars[2])
	if err != nil {
		return err
	}
	if r.puts() {
		return r.putField(group, id, field)
	}
	if err := r.load(id); err != nil {
		return err
	}
	value := r.person.Field(group, string(event.AppendText(nil, field)))
	switch {
	case value != nil:
		return r.answerDocument(value)
	case group == people.Pendo && r.end.about == people.Visitor && string(field) == `"`+doNotProcess+`"`:
		return r.answerDocument([]byte("false")) // who was never marked
	}
	return &refusal{status: fasthttp.StatusNotFound, code: "unknown_field",
		message: fmt.Sprintf("the %s has no such field in the group %s", r.end.about, group)}
}

func (r *request) putField(group people.Group, id, field []byte) error {
	value, err := r.readJSON()
	if err != nil {
		return err
	}
	var groups groupValues
	groups[group] = r.value(func(dst []byte) []byte {
		dst = append(append(append(dst, '{'), field...), ':')
		return append(append(dst, value...), '}')
	})
	if err := r.setOne(id, groups); err != nil {
		return err
	}
	return r.answerDocument(value)
}

// pathGroup is the group that stands in the path.
func (r *request) pathGroup() (people.Group, error) {
	group, err := people.ParseGroup(string(appendSegment(nil, r.vars[0])))
	if err != nil {
		return 0, &refusal{status: fasthttp.StatusBadRequest, code: "unknown_group", message: err.Error()}
	}
	return group, nil
}

// setOne sets metadata of one visitor or account, all of it or nothing.
func (r *request) setOne(id []byte, groups groupValues) error {
	r.batch.Reset()
	err := r.commitChange(func(change *people.Change) error {
		if err := change.Make(r.end.about, r.app.name, id); err != nil {
			return err
		}
		// The group pendo comes first, as it says whether the rest is to be told.
		for _, group := range []people.Group{people.Pendo, people.Auto, people.Agent, people.Custom, people.Segmentio, people.Userpilot} {
			if values := groups[group]; values != nil {
				if err := r.setGroup(change, id, group, values); err != nil {
					return err
				}
			}
		}
		return nil
	})
	var bad *people.ValueError
	switch {
	case errors.As(err, &bad):
		return badMetadata("", bad.Error())
	case err != nil:
		return err
	}
	r.count()
	return nil
}

// setGroup lays values over one group and tells of what that changes. An error is a *people.ValueError, or as of the
// state.
func (r *request) setGroup(change *people.Change, id []byte, group people.Group, values []byte) error {
	about := r.end.about
	if about == people.Visitor && group == people.Pendo {
		var err error
		if values, err = r.setMark(change, id, values); err != nil {
			return err
		}
	}
	diff, err := change.Merge(about, r.app.name, id, group, values)
	if err != nil || !diff.Changed {
		return err
	}
	if about == people.Account {
		if !r.app.exclude.Excludes(nil, id) {
			r.emitMetadata(event.AccountMetadataUpdated, id, func(dst []byte) []byte { return appendChange(dst, group, diff) })
		}
		return nil
	}
	refused, err := change.Refused(r.app.name, id)
	if err == nil && !refused && !r.app.exclude.Excludes(id, nil) {
		r.emitMetadata(event.VisitorMetadataUpdated, id, func(dst []byte) []byte { return appendChange(dst, group, diff) })
	}
	return err
}

// setMark sets or lifts a visitor's mark, if values has it, and returns the rest of them. That it changed is told although
// the visitor may be marked from here on: it is how others learn of that.
func (r *request) setMark(change *people.Change, id, values []byte) (rest []byte, err error) {
	mark := string(event.Lookup(values, doNotProcess))
	switch mark {
	case "":
		return values, nil
	case "true", "false":
	default:
		return nil, badMetadata(doNotProcess, doNotProcess+" must be true or false")
	}
	changed, err := change.SetDoNotProcess(r.app.name, id, mark == "true")
	if err != nil {
		return nil, err
	}
	if changed && !r.app.exclude.Excludes(id, nil) {
		r.emitMetadata(event.VisitorDoNotProcessUpdated, id, func(dst []byte) []byte {
			return append(append(append(dst, `{"doNotProcess":`...), mark...), '}')
		})
	}
	return r.value(func(dst []byte) []byte {
		return append(appendFields(append(dst, '{'), values, `"`+doNotProcess+`"`), '}')
	}), nil
}

// emitMetadata emits what changed about somebody. Nothing in a call of this API tells a repeat from another change to the
// same value, but a repeat changes nothing; so each change is an event of its own.
func (r *request) emitMetadata(kind event.Kind, id []byte, properties func(dst []byte) []byte) {
	e := &r.derived
	e.Reset()
	e.Kind, e.Time = kind, r.now.UnixMilli()
	if r.end.about == people.Account {
		e.Account = id
	} else {
		e.Visitor = id
	}
	e.Properties = r.value(properties)
	e.UniqueID = event.UniqueID(r.app.nameBytes, identityMetadata, kindNames[kind], id, r.nonce())
	r.emit(e)
}
