package intake

import (
	"fmt"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// announcements is the endpoint of events that no request told.
var announcements = &endpoint{name: "announcement", dialect: dialectAdmin}

// Announce makes durable what administrators did at this relay: the state that stage puts into the batch, and the events,
// in one commit, so that after a crash both are there or neither. The events are the app's, or, when app is "", each app's
// own. They go to the webhooks of the moment, as if they had come to /data/admin.
//
// The UniqueID of each event says which change it tells of; each app's event gets one of its own from it. On an error
// nothing was kept.
func (s *Server) Announce(app string, events []event.Event, stage func(b *wal.Batch)) error {
	apps, err := s.announcers(app)
	if err != nil {
		return fmt.Errorf("announce a change: %w", err)
	}
	r := s.acquire(nil)
	defer s.release(r)
	r.end = announcements
	for _, a := range apps {
		r.app = a
		for _, e := range events {
			e.UniqueID = event.UniqueID(a.nameBytes, identityAnnouncement, kindNames[e.Kind], e.UniqueID[:])
			r.emit(&e)
		}
	}
	stage(&r.batch)
	if err := s.opt.Log.Submit(&r.batch); err != nil {
		return err
	}
	if _, err := r.batch.Wait(); err != nil {
		return err
	}
	for _, a := range apps {
		a.accepted[dialectAdmin].Add(float64(len(events)))
	}
	r.count()
	return nil
}

// announcers are the apps of a name, all for "". One that is configured no more has its name, and what the configuration
// leaves out stands for the rest.
func (s *Server) announcers(name string) ([]*app, error) {
	all := s.apps.Load().all
	if name == "" {
		return all, nil
	}
	for i, a := range all {
		if a.name == name {
			return all[i : i+1], nil
		}
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	id := string(text(name))
	gone, err := s.newApp(&App{Name: name, ID: id, Platform: "web", SubscriptionID: id, SubscriptionName: name})
	return []*app{gone}, err
}
