package intake

import (
	"sync"
	"time"

	"edgerelay/relay/event"
)

// surveys remembers the ratings of NPS surveys that ask for the rating in one step and for the reason in the next: the
// agent tells of them in two requests, of which each becomes an event, and the reason alone would have no rating. It is in
// memory only, and bounded: what was said before a restart, or more than ratingKept ago, is not remembered. Safe for
// concurrent use.
type surveys struct {
	mu         sync.Mutex
	young, old map[[20]byte]rating
}

// rating is a JSON number as it stood in the answer.
type rating struct {
	text [8]byte
	len  int
	at   int64 // Unix milliseconds
}

const (
	ratingsMax = 10_000 // in each of two generations: 1 MiB
	ratingKept = 30 * time.Minute
)

// remember keeps a rating that came without a reason.
func (s *surveys) remember(who [20]byte, text []byte, at int64) {
	r := rating{at: at, len: len(text)}
	if copy(r.text[:], text) < len(text) {
		return // no rating from 0 to 10 is that long
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil || len(s.young) >= ratingsMax {
		s.young, s.old = map[[20]byte]rating{}, s.young
	}
	s.young[who] = r
}

// recall returns the rating that a reason belongs to, nil when there is none.
func (s *surveys) recall(who [20]byte, at int64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, found := s.young[who]
	if !found {
		r, found = s.old[who]
	}
	if age := at - r.at; !found || age < 0 || age > ratingKept.Milliseconds() {
		return nil
	}
	return append([]byte(nil), r.text[:r.len]...)
}

// whole completes a survey's answer with what its visitor said in the step before.
func (r *request) whole(b *ballot, rating, reason []byte) []byte {
	who := event.UniqueID(r.app.nameBytes, b.first.visitor, b.guide)
	switch {
	case rating != nil && reason == nil:
		r.server.surveys.remember(who, rating, b.first.at)
	case rating == nil && reason != nil:
		return r.server.surveys.recall(who, b.first.at)
	}
	return rating
}
