package intake

import (
	"bytes"
	"errors"

	"edgerelay/relay/event"
	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// onward is what is known of a request that goes on to the app's upstream.
type onward struct {
	some     bool   // anything below is set
	identity uint64 // by which its repetitions are recognised, 0 for none
	place    int    // of its record in the batch, from 1; 0: it is not there
}

// identify notes the payload by which a request is told from others and recognised when it is sent again. Of one that
// holds nothing of its own every one counts.
func (r *request) identify(payload []byte) {
	if r.app.upstream != nil {
		r.onward.some, r.onward.identity = true, upstream.Identity(r.end.name, r.key, payload)
	}
}

// addRequest puts the request itself into the batch, behind its events, for the app's upstream: one commit makes both
// durable. It stays here when all that it tells of is people of whom nothing may be passed on.
func (r *request) addRequest() error {
	if r.app.upstream == nil || !r.end.onward {
		return nil
	}
	if r.excluded > 0 && r.nothingLeft() {
		r.server.metrics.withheld[withheldPeople].Inc()
		return nil
	}
	if r.wentRound() {
		r.server.metrics.withheld[withheldLoop].Inc()
		return nil
	}
	var q upstream.Request
	r.readOnward(&q)
	var err error
	if r.record, err = r.room(r.record[:0], q.RecordSize()); err != nil {
		return err
	}
	r.record = q.AppendRecord(r.record)
	r.batch.Add(wal.Record{Body: r.record, Receivers: r.app.upstream, Identity: r.onward.identity})
	r.onward.some, r.onward.place = true, r.batch.Len()
	return nil
}

// nothingLeft says that every item was dropped.
func (r *request) nothingLeft() bool {
	for i := range r.items {
		if !r.items[i].dropped {
			return false
		}
	}
	return true
}

// lessRequest takes the request out of what was stored, which then is events, and counts it.
func (r *request) lessRequest(done *wal.Appended) {
	if r.batch.Duplicate(r.onward.place - 1) {
		done.Duplicates--
		r.server.metrics.withheld[withheldRepeat].Inc()
		return
	}
	done.Stored--
	r.app.forwarded.Inc()
}

var (
	methodGet  = []byte("GET")
	methodPost = []byte("POST")
)

func (r *request) posted() bool { return string(r.ctx.Request.Header.Method()) == "POST" }

// readOnward makes q the request as the upstream gets it. A body was read before. What is asked by HEAD counts as a GET:
// all that it says stands in its target.
func (r *request) readOnward(q *upstream.Request) {
	h := &r.ctx.Request.Header
	q.Method, q.Target, q.Trace = methodGet, r.target(), r.trace
	if r.posted() {
		q.Method, q.Body = methodPost, r.wire
	}
	q.Set(upstream.UserAgent, h.UserAgent())
	q.Set(upstream.Referer, h.Referer())
	q.Set(upstream.Origin, h.Peek("Origin"))
	q.Set(upstream.ContentType, h.ContentType())
	q.Set(upstream.ContentEncoding, h.ContentEncoding())
	q.Set(upstream.AcceptLanguage, h.Peek("Accept-Language"))
	q.Set(upstream.ForwardedFor, r.forwardedChain())
	q.Set(upstream.Via, h.Peek(upstream.Via.String()))
}

// wentRound says that the request passed this relay before: the app's upstream leads back here, as it does when it is
// the name that was given to the relay.
func (r *request) wentRound() bool {
	via := r.ctx.Request.Header.Peek(upstream.Via.String())
	if len(via) == 0 || r.server.opt.Via == "" || !bytes.Contains(via, []byte(r.server.opt.Via)) {
		return false
	}
	r.server.round.Do(func() {
		r.server.opt.Logger.Error("what was sent to an app's upstream came back to this relay, it goes no further", "app", r.app.name,
			"next", "set the app's upstream to the service itself, not to the name under which the relay is reached")
	})
	return true
}

// target is the request's path and query in their original bytes, behind the mount prefix and the slashes that follow it.
func (r *request) target() []byte {
	raw := pathAndQuery(r.ctx.Request.Header.RequestURI())
	for i := 0; len(raw) > 0; {
		c, n := unescape(raw)
		kept := c == '%' || c == '/' && n > 1 // as an escape, in appendPath's path
		if i >= len(r.prefix) && (c != '/' || kept) {
			break
		}
		if i++; kept {
			i += len(escapedSlash) - 1
		}
		raw = raw[n:]
	}
	return raw
}

// addAlone sends a request on of which no event is made. payload reads what tells of whom it is, nil for nobody. What
// cannot be read is answered as ever and stays here: it might tell of somebody of whom nothing may be passed on.
func (r *request) addAlone(payload func(*request) ([]byte, error)) error {
	if r.app.upstream == nil {
		return nil
	}
	told, err := payload(r)
	if no := (*refusal)(nil); errors.As(err, &no) {
		r.server.metrics.withheld[withheldUnreadable].Inc()
		return nil
	}
	if err != nil {
		return err
	}
	if withheld, err := r.withholds(told); withheld || err != nil {
		return err
	}
	r.batch.Reset()
	if err := r.addRequest(); err != nil {
		return err
	}
	if err := r.server.opt.Log.Submit(&r.batch); err != nil {
		return err
	}
	return r.wait()
}

// withholds says whether a payload, an object or an array of them, tells only of people of whom nothing may be passed on.
func (r *request) withholds(payload []byte) (bool, error) {
	if len(payload) > 0 && payload[0] == '[' {
		r.readParts(&reader{b: payload})
	} else if payload != nil {
		r.parts = append(r.parts, payload)
	}
	for _, part := range r.parts {
		if refused, err := r.refuses(part); !refused || err != nil {
			return false, err
		}
	}
	if len(r.parts) > 0 {
		r.server.metrics.withheld[withheldPeople].Inc()
	}
	return len(r.parts) > 0, nil
}

// refuses says whether an object tells of somebody of whom nothing may be passed on.
func (r *request) refuses(told []byte) (bool, error) {
	if !isObject(told) {
		return false, nil
	}
	visitor, badVisitor := r.id(event.Lookup(told, "visitorId"))
	account, badAccount := r.id(event.Lookup(told, "accountId"))
	if badVisitor != fine || badAccount != fine {
		return false, nil
	}
	if r.app.exclude.Excludes(visitor, account) {
		return true, nil
	}
	if visitor == nil {
		return false, nil
	}
	return r.server.opt.People.Refused(r.app.name, visitor)
}
