package intake

import (
	"edgerelay/relay/event"
	"edgerelay/wal"
)

// commit makes the request's items durable: it settles what they say about people, asks who wants each event, and
// returns when all of it is on disk. On an error nothing was kept.
func (r *request) commit() error {
	r.batch.Reset()
	defer r.feed.Done(false) // unless submit said otherwise
	news, err := r.screen()
	if err != nil {
		return err
	}
	if news {
		if err := r.commitNews(); err != nil {
			return err
		}
	} else if err := r.commitKnown(); err != nil {
		return err
	}
	r.count()
	return nil
}

// commitKnown is the usual case: nobody new and no new metadata, so people stay as they are.
func (r *request) commitKnown() error {
	r.view.Within(nil)
	if err := r.resolve(); err != nil {
		return err
	}
	for i := range r.items {
		switch it := &r.items[i]; {
		case it.dropped:
		case it.traits != nil:
			r.server.opt.Log.Remember(event.Identity(it.event.UniqueID)) // nothing to tell, now or when it comes again
		case it.event.Kind != 0:
			r.emit(&it.event)
		}
	}
	if err := r.addRequest(); err != nil {
		return err
	}
	if err := r.view.Err(); err != nil {
		return err
	}
	if r.batch.Empty() {
		return nil
	}
	if err := r.submit(); err != nil {
		return err
	}
	return r.wait()
}

// submit hands the batch to the log. With it, what the detector was told is true.
func (r *request) submit() error {
	err := r.server.opt.Log.Submit(&r.batch)
	r.feed.Done(err == nil)
	return err
}

// wait returns when the submitted batch is on disk.
func (r *request) wait() error {
	done, err := r.batch.Wait()
	if err != nil {
		return err
	}
	if r.onward.place > 0 {
		r.lessRequest(&done)
	}
	r.stored = done.Stored
	r.app.accepted[r.end.dialect].Add(float64(done.Stored))
	if done.Duplicates > 0 {
		r.server.metrics.duplicates.Add(float64(done.Duplicates))
	}
	return nil
}

// emit completes an event, decides who gets it, and puts it into the batch.
func (r *request) emit(e *event.Event) {
	a := r.app
	e.AppName = a.nameBytes
	if e.App == nil {
		e.App = a.object
	}
	if e.Subscription == nil {
		e.Subscription = a.subscription
	}
	e.Received = r.now.UnixMilli()
	e.Trace = r.trace
	r.record = e.AppendRecord(r.record[:0])
	r.receivers, r.notes = r.server.opt.Selector.Receivers(r.receivers[:0], r.notes[:0], e, a.name, r.view)
	r.matched += len(r.receivers)
	r.batch.Add(wal.Record{
		Body:      r.record,
		Receivers: r.receivers,
		Order:     event.OrderKey(a.nameBytes, e.Visitor),
		Identity:  event.Identity(e.UniqueID),
	})
}

// count adds what happened to the counters, once it has happened: a request that is refused will come again.
func (r *request) count() {
	m := r.server.metrics
	m.matched.Add(float64(r.matched))
	if r.excluded > 0 {
		m.excluded.Add(float64(r.excluded))
	}
	if r.omitted {
		for why, n := range r.leftOut {
			m.leftOut[why].Add(float64(n))
		}
	}
}
