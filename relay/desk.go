package relay

import (
	"time"

	"edgerelay/relay/deliver"
	"edgerelay/relay/desk"
)

// openDesk makes what the console and the admin API work on.
func (r *Relay) openDesk() {
	r.desk = desk.New(desk.Options{Hooks: r.hooks, Pulses: r.pulses, Logger: r.logger})
}

// pulses are the senders of the moment.
func (r *Relay) pulses() []desk.Pulse {
	senders := r.fleet.Senders()
	all := make([]desk.Pulse, len(senders))
	for i, s := range senders {
		all[i] = pulse(s)
	}
	return all
}

func pulse(s *deliver.Sender) desk.Pulse {
	q, state, counts := s.Queue().Stats(), s.State(), s.Counts()
	p := desk.Pulse{Queue: s.Hook().Queue, State: state.Name, Reason: state.Reason, Lanes: state.Lanes,
		Backlog: q.Backlog, InFlight: q.Flight, Parked: q.Parked, Dead: q.Dead, Trimmed: q.Trimmed, Counts: desk.Counts(counts)}
	if p.State == "idle" && p.Parked > 0 {
		p.State = "retrying"
	}
	if q.Oldest > 0 {
		p.Oldest = time.UnixMilli(q.Oldest)
	}
	return p
}
