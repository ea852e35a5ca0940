package intake

import (
	"errors"
	"fmt"
	"strconv"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// Bounds of one bulk call. Rows are set a few at a time, each few in a commit of their own, so that nobody waits for the
// people's lock for longer than these take; the body is bounded already.
const (
	rowsMax    = 10_000
	rowsAtOnce = 64
)

// metadataRow is what is to be set of one visitor or account.
type metadataRow struct {
	id, values []byte
}

// rowTally is what became of the rows.
type rowTally struct {
	updated int
	missing [][]byte // IDs of whom there is no record
	errors  []string
}

// serveRows sets metadata of many, in the group agent or custom. A body that is not as it should be is refused as a whole;
// what only shows when a row is set, such as that there is nobody of its ID, is counted in the answer. When the relay gets
// busy midway the call is refused although some rows are set: the same call again sets the rest, and tells of nothing
// twice.
func serveRows(r *request) error {
	if err := r.openIntegrationKey(); err != nil {
		return err
	}
	group, err := r.pathGroup()
	if err != nil {
		return err
	}
	if group != people.Agent && group != people.Custom {
		return badBody("unknown_group", "the group %s is not set in bulk; use agent or custom", group)
	}
	body, err := r.readJSON()
	if err != nil {
		return err
	}
	if err := r.readRows(body); err != nil {
		return err
	}
	tally, err := r.setRows(group, string(r.ctx.QueryArgs().Peek("create")) == "true")
	if err != nil {
		return err
	}
	return r.answerDocument(r.value(tally.appendJSON))
}

// idField is the name of a row's ID.
func (r *request) idField() string { return r.end.about.String() + "Id" }

// readRows reads the body into r.rows.
func (r *request) readRows(body []byte) error {
	if body[0] != '[' {
		return badBody("invalid_body", `the body is not an array; send [{"%s":"…","values":{…}}]`, r.idField())
	}
	p := reader{b: body}
	for more := p.enter(); more; more = p.next() {
		if len(r.rows) == rowsMax {
			return tooLarge("there are more than %d rows in the body; send fewer at once", rowsMax)
		}
		row, field, what := r.readRow(p.value())
		if what != "" {
			return badRow(len(r.rows), field, what)
		}
		r.rows = append(r.rows, row)
	}
	return nil
}

// readRow reads one row, or says which field is wrong and what about it.
func (r *request) readRow(raw []byte) (row metadataRow, field, what string) {
	if !isObject(raw) {
		return row, "", "is not an object"
	}
	c := checker{r: r}
	row.id = c.need(r.idField(), c.id(r.idField(), event.Lookup(raw, r.idField())), "is missing; it says whose values these are")
	row.values = event.Lookup(raw, "values")
	switch {
	case row.values == nil:
		c.fail("values", "is missing; it holds the fields to set")
	case !isObject(row.values):
		c.fail("values", notObject)
	}
	return row, c.field, c.what
}

func badRow(index int, field, what string) *refusal {
	place, subject := fmt.Sprintf("[%d]", index), fmt.Sprintf("row %d", index)
	if field != "" {
		place, subject = place+"."+field, subject+": "+field
	}
	return badMetadata(place, subject+" "+what)
}

// setRows sets all rows. create says that those are to be set too of whom there is no record.
func (r *request) setRows(group people.Group, create bool) (t rowTally, err error) {
	text := len(r.text)
	for rest := r.rows; len(rest) > 0; {
		part := rest[:min(rowsAtOnce, len(rest))]
		rest = rest[len(part):]
		r.batch.Reset()
		err := r.commitChange(func(change *people.Change) error {
			for _, row := range part {
				if err := r.setRow(change, row, group, create, &t); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return t, err
		}
		r.count()
		r.matched, r.text = 0, r.text[:text]
	}
	return t, nil
}

func (r *request) setRow(change *people.Change, row metadataRow, group people.Group, create bool, t *rowTally) error {
	known, err := change.Has(r.end.about, r.app.name, row.id)
	if err != nil {
		return err
	}
	if !known && !create {
		t.missing = append(t.missing, row.id)
		return nil
	}
	var bad *people.ValueError
	switch err := r.setGroup(change, row.id, group, row.values); {
	case errors.As(err, &bad):
		t.errors = append(t.errors, bad.Error())
		return nil
	case err != nil:
		return err
	}
	t.updated++
	return change.Make(r.end.about, r.app.name, row.id)
}

// appendJSON appends the answer of Pendo's API.
//
//	{"total":3,"updated":1,"failed":2,"missing":["v2"],"errors":["merge custom metadata of visitor …"]}
func (t *rowTally) appendJSON(dst []byte) []byte {
	failed := len(t.missing) + len(t.errors)
	dst = strconv.AppendInt(append(dst, `{"total":`...), int64(t.updated+failed), 10)
	dst = strconv.AppendInt(append(dst, `,"updated":`...), int64(t.updated), 10)
	dst = strconv.AppendInt(append(dst, `,"failed":`...), int64(failed), 10)
	dst = append(dst, `,"missing":[`...)
	for i, id := range t.missing {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, id...)
	}
	dst = append(dst, `],"errors":[`...)
	for i, text := range t.errors {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = event.AppendString(dst, text)
	}
	return append(dst, "]}"...)
}
