package deliver

import (
	"bytes"
	"encoding/hex"
	"time"

	"edgerelay/relay/journal"
	"edgerelay/relay/trace"
)

// Journal is where lanes tell what came of their attempts. *journal.Journal is one. Neither method may wait for a disk.
type Journal interface {
	// Sample says whether this success is to be told of.
	Sample() bool
	// Append takes an attempt of a queue in. It keeps nothing of a.
	Append(queue uint32, a *journal.Attempt)
}

// noJournal is told nothing that it keeps.
type noJournal struct{}

func (noJournal) Sample() bool                        { return false }
func (noJournal) Append(_ uint32, _ *journal.Attempt) {}

// course is how the attempt under way went, as far as its reply does not say.
type course struct {
	number  int  // of the attempt, from 1
	sent    bool // there is a request, in l.wire
	replied bool // there is a reply, in l.response
	cut     bool // its body was not read to the end
	timing  journal.Timing
	span    trace.Span // zero when the fleet does not trace
}

// tell tells the journal of the attempt, before its entry is ended. Of successes it tells a sample; one that is not in it
// costs nothing but the choice.
func (l *lane) tell(outcome journal.Outcome, v Verdict, now time.Time) {
	s, a := l.sender, &l.told
	l.endSpan(v)
	if outcome == journal.Delivered && !s.opt.Journal.Sample() {
		return
	}
	*a = journal.Attempt{Time: now, Webhook: s.hook.Name, Event: l.event.Kind.String(), Number: l.course.number,
		Outcome: outcome, Status: v.Status, Reason: v.Reason, Sampled: outcome == journal.Delivered,
		Request: a.Request[:0], Reply: a.Reply[:0], Timing: l.course.timing, Secrets: s.secrets}
	if l.event.Kind != 0 {
		a.UniqueID = hex.EncodeToString(l.event.UniqueID[:])
	}
	if l.course.sent {
		a.Request, a.Size = appendWire(a.Request, l.wire)
	}
	if l.course.replied {
		l.tellReply(a)
	}
	s.opt.Journal.Append(s.hook.Queue, a)
	clear(a.Request)
	clear(a.Reply)
}

// appendWire appends the headers of a request as it was sent, and returns how long its body is.
func appendWire(dst []journal.Header, wire []byte) (headers []journal.Header, size int) {
	_, rest, _ := bytes.Cut(wire, []byte("\r\n"))
	for {
		line, after, found := bytes.Cut(rest, []byte("\r\n"))
		if !found || len(line) == 0 {
			return dst, len(after)
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		dst = append(dst, journal.Header{Name: string(name), Value: string(value)})
		rest = after
	}
}

// tellReply adds the reply. Of a body that is too long to be read, what came with the headers is still in the reader.
func (l *lane) tellReply(a *journal.Attempt) {
	h := &l.response.Header
	h.SetNoDefaultContentType(true) // or one is made up
	for name, value := range h.All() {
		a.Reply = append(a.Reply, journal.Header{Name: string(name), Value: string(value)})
	}
	a.Body, a.Truncated = l.response.Body(), l.course.cut
	if len(a.Body) == 0 && l.course.cut {
		a.Body, _ = l.reader.Peek(l.reader.Buffered())
	}
}
