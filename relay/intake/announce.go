package intake

import (
	"fmt"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// announcements is the endpoint of events that no request told.
var announcements = &endpoint{name: "announcement", dialect: dialectAdmin}

// Announce makes durable what administrators did at this relay: the state that stage puts into the batch, and the events,
// in one commit, so that after a crash both are there or neither. The AppName of an event says whose it is; without one each
// app gets its own. They go to the webhooks of the moment, as if they had come to /data/admin.
//
// The UniqueID of each event says which change it tells of; each app's event gets one of its own from it. On an error
// nothing was kept.
func (s *Server) Announce(events []event.Event, stage func(b *wal.Batch)) error {
	r := s.acquire(nil)
	defer s.release(r)
	r.end = announcements
	r.view.Within(nil)
	var told []*app
	for _, e := range events {
		apps, err := s.announcers(string(e.AppName))
		if err != nil {
			return fmt.Errorf("announce a change: %w", err)
		}
		for _, r.app = range apps {
			r.announce(e)
		}
		told = append(told, apps...)
	}
	if err := r.view.Err(); err != nil {
		return fmt.Errorf("announce a change: %w", err)
	}
	stage(&r.batch)
	if err := s.opt.Log.Submit(&r.batch); err != nil {
		return err
	}
	if _, err := r.batch.Wait(); err != nil {
		return err
	}
	for _, a := range told {
		a.accepted[dialectAdmin].Inc()
	}
	r.count()
	return nil
}

// announce puts the app's own copy of an event into the batch.
func (r *request) announce(e event.Event) {
	e.UniqueID = event.UniqueID(r.app.nameBytes, identityAnnouncement, kindNames[e.Kind], e.UniqueID[:])
	r.emit(&e)
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
