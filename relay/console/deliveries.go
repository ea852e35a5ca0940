package console

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"edgerelay/relay/desk"
)

// missedEvery is how often who follows deliveries is told how many were too many to show.
const missedEvery = time.Second

// deliveries shows attempts as they are made, as server-sent events like those of follow: "delivery" with an attempt,
// "skipped" with how many there were too many to show, "end" before the connection is closed from here.
func (s *Server) deliveries(w http.ResponseWriter, r *http.Request) {
	q := newQuery(r)
	wanted := desk.DeliveryQuery{Webhook: q.text("webhook"), Event: q.text("event")}
	switch status := q.text("status"); status {
	case "", "failed":
		wanted.Failed = status == "failed"
	default:
		q.wrong("status", `must be "failed", or be left out`)
	}
	if !q.ok(w) {
		return
	}
	if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		fail(w, http.StatusNotAcceptable, "not_acceptable", "deliveries are shown as they come: send \"Accept: text/event-stream\"; past ones are in the webhooks' logs")
		return
	}
	follower, err := s.opts.Desk.FollowDeliveries(wanted)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer follower.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	out := &stream{w: w, control: http.NewResponseController(w)}
	out.write(": deliveries from now on\nretry: 2000\n\n")
	s.followDeliveries(r, out, follower)
}

func (s *Server) followDeliveries(r *http.Request, out *stream, follower *desk.DeliveryFollower) {
	heartbeat, missed := time.NewTicker(heartbeatEvery), time.NewTicker(missedEvery)
	defer heartbeat.Stop()
	defer missed.Stop()
	for out.err == nil {
		select {
		case d := <-follower.C:
			out.delivery(&d)
		case <-missed.C:
			if n := follower.Missed(); n > 0 {
				out.write(fmt.Sprintf("event: skipped\ndata: {\"deliveries\":%d}\n\n", n))
			}
		case <-heartbeat.C:
			out.write(": still here\n\n")
		case <-r.Context().Done():
			return
		case <-s.stop:
			out.end(nil)
			return
		}
	}
}

func (o *stream) delivery(d *desk.Delivery) {
	text, err := answers.Marshal(d)
	if err != nil {
		o.err = err
		return
	}
	o.write(fmt.Sprintf("event: delivery\ndata: %s\n\n", text))
}
