package deliver

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/klauspost/compress/gzip"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// beginBody begins a body in l.body. Of buffers that are larger than keep bytes it lets go first.
func (l *lane) beginBody(keep int) {
	if cap(l.body) > keep || cap(l.wire) > keep {
		l.body, l.wire = nil, nil
		l.zipped = bytes.Buffer{}
	}
	l.items = 0
	l.body = append(l.body[:0], l.sender.hook.Plan.Body.Open...)
}

// errNoBody says that an event means nothing to a format.
var errNoBody = errors.New("the format has no body for this event")

// addItem adds an event to the body. With an error the body is as it was.
func (l *lane) addItem(e *wal.Entry) error {
	if err := event.ParseRecord(e.Body, &l.event); err != nil {
		return fmt.Errorf("read record %d: %w", e.Seq, err)
	}
	note, err := event.ParseNote(e.Note)
	if err != nil {
		return fmt.Errorf("read note of record %d: %w", e.Seq, err)
	}
	plan := l.sender.hook.Plan
	if plan.Template != nil {
		l.items++
		l.env.Begin(&l.event, note)
		l.body, err = plan.Template.AppendBody(l.body, &l.env)
		return err
	}
	before := len(l.body)
	if l.items > 0 {
		l.body = append(l.body, plan.Body.Between...)
	}
	start := len(l.body)
	l.body = plan.Body.Item(l.body, &l.event, note)
	size := len(l.body) - start
	switch most := plan.Batch.Item; {
	case size == 0:
		l.body = l.body[:before]
		return errNoBody
	case most > 0 && size > most:
		l.body = l.body[:before]
		return fmt.Errorf("the event is %d bytes long as the destination wants it, and it takes %d", size, most)
	}
	l.items++
	return nil
}

// endBody ends the body.
func (l *lane) endBody() {
	body := &l.sender.hook.Plan.Body
	if body.Finish != nil {
		l.body = body.Finish(l.body, l.items)
	}
	l.body = append(l.body, body.Close...)
}

// squeeze is the body compressed, valid until the next one is.
func (l *lane) squeeze(body []byte) []byte {
	l.zipped.Reset()
	if l.zipper == nil {
		l.zipper, _ = gzip.NewWriterLevel(&l.zipped, gzip.BestSpeed) // the level is a valid one
	} else {
		l.zipper.Reset(&l.zipped)
	}
	_, _ = l.zipper.Write(body) // a buffer takes everything
	_ = l.zipper.Close()
	return l.zipped.Bytes()
}
