package intake

import (
	"fmt"

	"github.com/valyala/fasthttp"
)

// Bounds of one body. A body's bytes are bounded already; these keep one event fit to be delivered.
const (
	eventsMax     = 2500
	eventBytesMax = 512 << 10
)

// adder turns one event, a JSON object, into items. When it cannot, it says which field is wrong, "" for the whole, and
// what about it.
type adder func(r *request, raw []byte) (field, what string)

// takeEvents takes one event or an array of them, and answers when they are on disk: all, or none when one of them is
// wrong, because their sender is a program that can be put right, and would not learn it otherwise.
func (r *request) takeEvents(body []byte, add adder) (err error) {
	switch body[0] {
	case '{':
		err = r.addOne(body, "event", -1, add)
	case '[':
		err = r.addList(body, "event", add)
	default:
		err = badBody("invalid_body", "the body is neither an event nor an array of events")
	}
	if err != nil {
		return err
	}
	if err := r.commit(); err != nil {
		return err
	}
	return r.answer(statusOK)
}

const statusOK = `{"status":"ok"}`

// addList adds the elements of an array; noun is what one of them is called.
func (r *request) addList(list []byte, noun string, add adder) error {
	p, i := reader{b: list}, 0
	for more := p.enter(); more; more = p.next() {
		if i == eventsMax {
			return tooLarge("there are more than %d %ss in the body; send fewer at once", eventsMax, noun)
		}
		if err := r.addOne(p.value(), noun, i, add); err != nil {
			return err
		}
		i++
	}
	return nil
}

// addOne adds one event. index is its place in the array, -1 when it is the whole body.
func (r *request) addOne(raw []byte, noun string, index int, add adder) error {
	switch {
	case !isObject(raw):
		return badEvent(noun, index, "", "is not an object")
	case len(raw) > eventBytesMax:
		no := badEvent(noun, index, "", fmt.Sprintf("is %d bytes and the limit is %d", len(raw), eventBytesMax))
		no.status, no.code = fasthttp.StatusRequestEntityTooLarge, "too_large"
		return no
	}
	if field, what := add(r, raw); what != "" {
		return badEvent(noun, index, field, what)
	}
	return nil
}

// badEvent names the event, if it is one of several, and the field, if one is to blame.
func badEvent(noun string, index int, field, what string) *refusal {
	no := badBody("invalid_event", "%s %s", field, what)
	no.field = field
	switch {
	case field == "" && index < 0:
		no.message = "the " + noun + " " + what
	case field == "":
		no.message, no.field = fmt.Sprintf("%s %d %s", noun, index, what), fmt.Sprintf("[%d]", index)
	case index >= 0:
		no.message, no.field = fmt.Sprintf("%s %d: %s %s", noun, index, field, what), fmt.Sprintf("[%d].%s", index, field)
	}
	return no
}
