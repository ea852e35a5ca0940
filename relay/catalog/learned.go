package catalog

import (
	"bytes"
	"fmt"
	"sync"
)

const (
	// learnedBytesDefault holds some 20,000 guides of a few steps, more than any app shows.
	learnedBytesDefault = 16 << 20
	// detailsOverhead is what a guide takes beside its bytes: Details, key and a place in the map.
	detailsOverhead = 256
	// detailsMax bounds one guide, in bytes. Larger ones are not learnt.
	detailsMax = 64 << 10
	// replyMax bounds a reply of guide.json that is looked at, in bytes.
	replyMax = 8 << 20
)

// Learned is what is known of guides from replies of guide.json: what each page load of the Pendo agent asks for, and
// the only place where the names of guides and the types of polls pass. Safe for concurrent use.
//
// It is bounded in bytes and forgets what has not passed for long: what passes is young; when that is half of what may
// be, it becomes old, and what was old is gone. A guide in use passes with each page load of its visitors.
type Learned struct {
	bytesMax int
	scratch  sync.Pool // of *learner

	mu         sync.RWMutex
	young, old map[guideKey]*Details
	youngBytes int
}

type guideKey struct{ app, id string }

// NewLearned makes an empty table that keeps at most bytesMax bytes; 0 means 16 MiB.
func NewLearned(bytesMax int) *Learned {
	if bytesMax <= 0 {
		bytesMax = learnedBytesDefault
	}
	l := &Learned{bytesMax: bytesMax, young: map[guideKey]*Details{}}
	l.scratch.New = func() any { return new(learner) }
	return l
}

// Len is how many guides are known.
func (l *Learned) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.young) + len(l.old)
}

// get returns a guide by its ID, a JSON string; nil when it is not known.
func (l *Learned) get(app string, id []byte) *Details {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if d := l.young[guideKey{app, string(id)}]; d != nil {
		return d
	}
	return l.old[guideKey{app, string(id)}]
}

// Learn takes the guides out of a reply of guide.json, {"guides":[…]}. A reply without guides is fine; one that is not
// JSON, or whose guides are no list, is an error and changes nothing. Guides without an ID are left out.
func (l *Learned) Learn(app string, reply []byte) error {
	if len(reply) > replyMax {
		return fmt.Errorf("learn guides of app %q: the reply has %d bytes, more than %d", app, len(reply), replyMax)
	}
	r := l.scratch.Get().(*learner)
	defer l.scratch.Put(r)
	defer r.reset()
	guides, err := r.guides(reply)
	if err != nil {
		return fmt.Errorf("learn guides of app %q: %w", app, err)
	}
	forEach(guides, func(guide []byte) {
		if d := r.details(guide); d != nil && !l.isYoung(app, d) {
			l.keep(app, d)
		}
	})
	return nil
}

// isYoung says whether d passed before, as it is and not long ago.
func (l *Learned) isYoung(app string, d *Details) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.young[guideKey{app, string(d.ID)}].equal(d)
}

// keep stores d, which is scratch.
func (l *Learned) keep(app string, d *Details) {
	k := guideKey{app, string(d.ID)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if older := l.old[k]; older.equal(d) {
		d = older
	} else {
		d = d.clone()
	}
	delete(l.old, k)
	if known := l.young[k]; known != nil {
		delete(l.young, k)
		l.youngBytes -= known.size(app)
	}
	if l.youngBytes+d.size(app) > l.bytesMax/2 {
		l.old, l.young, l.youngBytes = l.young, map[guideKey]*Details{}, 0
	}
	l.young[k] = d
	l.youngBytes += d.size(app)
}

// equal says whether a known guide, which may be nil, is as other.
func (d *Details) equal(other *Details) bool {
	return d != nil && d.Kind == other.Kind &&
		bytes.Equal(d.Properties, other.Properties) && bytes.Equal(d.polls, other.polls)
}

// clone copies d into memory of its own.
func (d *Details) clone() *Details {
	own := make([]byte, 0, len(d.Properties)+len(d.polls)+len(d.ID)+len(d.Name))
	take := func(b []byte) []byte {
		from := len(own)
		own = append(own, b...)
		return own[from:len(own):len(own)]
	}
	return &Details{Kind: d.Kind, ID: take(d.ID), Name: take(d.Name), Properties: take(d.Properties), polls: take(d.polls)}
}

// size is what d takes, in bytes. Its ID stands in the key too.
func (d *Details) size(app string) int {
	return detailsOverhead + len(app) + 2*len(d.ID) + len(d.Name) + len(d.Properties) + len(d.polls)
}

// LearnedGuide is a guide of an app that passed.
type LearnedGuide struct {
	App string
	*Details
}

// All are the guides that are known at the moment, in no order.
func (l *Learned) All() []LearnedGuide {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]LearnedGuide, 0, len(l.young)+len(l.old))
	for _, known := range []map[guideKey]*Details{l.young, l.old} {
		for key, d := range known {
			all = append(all, LearnedGuide{key.app, d})
		}
	}
	return all
}
