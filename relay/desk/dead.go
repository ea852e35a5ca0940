package desk

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/replay"
	"edgerelay/wal"
)

// DeadLetter is a delivery that was given up on.
type DeadLetter struct {
	ID       uint64    `json:"id"`   // its event's number in the log
	Died     time.Time `json:"died"` // when it was given up
	Status   int       `json:"status"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	Event    Event     `json:"event"` // Seq is ID; an event that cannot be read any more has no name
}

// DeadPage is a part of a webhook's dead letters, those of the oldest events first.
type DeadPage struct {
	Dead   []DeadLetter `json:"dead"`
	Cursor string       `json:"cursor,omitempty"` // of the page that follows, "" = there is none
}

// DeadMax bounds the dead letters of a page; EventsDefault is how many there are else.
const DeadMax = EventsMax

// deadAtOnce is how many are read at once: each may be large.
const deadAtOnce = 16

// Dead lists a webhook's dead letters.
func (d *Desk) Dead(name, cursor string, limit int) (DeadPage, error) {
	page := DeadPage{Dead: []DeadLetter{}}
	w, err := d.opt.Hooks.Get(name)
	if err != nil {
		return page, refusal(err)
	}
	from := uint64(0)
	if cursor != "" {
		if from, err = strconv.ParseUint(cursor, 10, 64); err != nil {
			return page, refuse(Invalid, "cursor", "is not one that a page ended with; leave it out to begin anew")
		}
	}
	switch {
	case limit < 0 || limit > DeadMax:
		return page, refuse(Invalid, "limit", "must be from 1 to %d", DeadMax)
	case limit == 0:
		limit = EventsDefault
	}
	queue := d.opt.Log.Find(w.Queue)
	if queue == nil {
		return page, nil // it was never on
	}
	size := 0
	for {
		letters, err := queue.Dead(from, deadAtOnce)
		if err != nil {
			return page, err
		}
		for i := range letters {
			l := &letters[i]
			if len(page.Dead) == limit || size > eventBytesMax {
				page.Cursor = strconv.FormatUint(l.Seq, 10)
				return page, nil
			}
			size += len(l.Body)
			page.Dead = append(page.Dead, DeadLetter{ID: l.Seq, Died: time.UnixMilli(l.Death.Time).UTC(), Status: l.Status, Reason: l.Reason,
				Attempts: l.Attempts, Event: showRecord(l.Body, l.Seq, l.Entry.Time)})
			from = l.Seq + 1
		}
		if len(letters) < deadAtOnce {
			return page, nil
		}
	}
}

// showRecord is a record's event, which came at a time (Unix milliseconds).
func showRecord(body []byte, seq uint64, at int64) Event {
	var e event.Event
	shown := Event{Payload: json.RawMessage("null")}
	if event.ParseRecord(body, &e) == nil {
		shown = showEvent(&e)
	}
	shown.Seq, shown.Received = seq, time.UnixMilli(at).UTC()
	return shown
}

// Revival is a replay of dead letters as it was started.
type Revival struct {
	replay.Job
	Found   int64    `json:"found"`             // dead letters that there were to be sent again
	Missing []uint64 `json:"missing,omitempty"` // IDs that were asked for and are no dead letter's, in ascending order
}

// Revive delivers a webhook's dead letters again: those of some IDs, or all. IDs of none are no error: a letter may have
// been sent again, or its time may have been up, since somebody looked.
func (d *Desk) Revive(name string, ids []uint64) (r Revival, err error) {
	w, err := d.opt.Hooks.Get(name)
	if err != nil {
		return r, refusal(err)
	}
	if len(ids) <= replay.SeqsMax { // of more there is no replay
		ids = slices.Compact(slices.Sorted(slices.Values(ids)))
		if r.Found, r.Missing, err = letters(d.opt.Log.Find(w.Queue), ids); err != nil {
			return r, err
		}
	}
	r.Job, err = d.Replay(name, replay.Request{Dead: true, Seqs: ids})
	return r, err
}

// letters counts those of some IDs, or all, in a queue, which is nil when the webhook was never on.
func letters(queue *wal.Queue, ids []uint64) (found int64, missing []uint64, err error) {
	if queue == nil {
		return 0, ids, nil
	}
	if len(ids) == 0 {
		return queue.Stats().Dead, nil, nil
	}
	for _, id := range ids {
		letter, err := queue.Dead(id, 1)
		switch {
		case err != nil:
			return 0, nil, err
		case len(letter) > 0 && letter[0].Seq == id:
			found++
		default:
			missing = append(missing, id)
		}
	}
	return found, missing, nil
}
