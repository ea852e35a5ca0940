package deliver

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

const attemptHeader = "X-Edgerelay-Attempt"

// prepare sets what all requests of the lane share: method, address and fixed headers.
func (l *lane) prepare() {
	s := l.sender
	r := &l.request
	r.Header.SetMethod(fasthttp.MethodPost)
	r.SetRequestURI(s.hook.Target.String())
	r.Header.SetContentType("application/json")
	r.Header.SetUserAgent(s.opt.UserAgent)
	for _, h := range s.hook.Header {
		r.Header.Set(h.Name, h.Value)
	}
	r.SetTimeout(s.hook.Timeout)
}

// encode builds the request of a delivery: body, signatures, attempt number. It allocates nothing once the buffers have
// grown. An error means that the record cannot be read by this program: no retry will help.
func (l *lane) encode(e *wal.Entry) error {
	if err := event.ParseRecord(e.Body, &l.event); err != nil {
		return fmt.Errorf("read record %d: %w", e.Seq, err)
	}
	note, err := event.ParseNote(e.Note)
	if err != nil {
		return fmt.Errorf("read note of record %d: %w", e.Seq, err)
	}
	if cap(l.body) > bodyKeep {
		l.body = nil
	}
	l.body = l.sender.hook.Encode(l.body[:0], &l.event, note)
	if len(l.body) == 0 {
		return errors.New("the format has no body for this event")
	}
	l.request.SetBodyRaw(l.body)
	if l.signer != nil {
		for _, h := range l.signer.Sign(hexID(&l.id, &l.event.UniqueID), l.sender.opt.Now(), l.body) {
			l.request.Header.SetBytesV(h.Name, h.Value)
		}
	}
	l.number = strconv.AppendInt(l.number[:0], int64(e.Attempts), 10)
	l.request.Header.SetBytesV(attemptHeader, l.number)
	return nil
}

// attempt sends the request once.
func (l *lane) attempt() Verdict {
	err := l.sender.client.host.Do(&l.request, &l.response)
	return judge(&l.response, err, l.sender.opt.Now())
}
