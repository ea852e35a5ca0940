package relay

import (
	"errors"
	"fmt"
	"net/url"

	"edgerelay/relay/hook"
	"edgerelay/relay/upstream"
)

// appUpstream is what belongs to an app with an upstream: the queue and the sender of what goes there in time, and who
// asks for what needs an answer.
type appUpstream struct {
	hook *hook.Webhook
	live *upstream.Live // nil: the app has no upstream any more, what waits for it is on hold
}

// planUpstreams makes those of a configuration, by app. Nothing is sent yet. Who asks already, goes on to.
func (r *Relay) planUpstreams(c *Config) (map[string]appUpstream, error) {
	plan := map[string]appUpstream{}
	for _, a := range c.Apps {
		if a.Upstream == "" {
			continue
		}
		target, err := url.Parse(a.Upstream)
		if err != nil {
			return nil, fmt.Errorf("app %q: read upstream: %w", a.Name, err)
		}
		u := appUpstream{hook: hook.Upstream(a.Name, target, r.via, c.Delivery.InFlight, c.Delivery.Timeout, c.Log.Retain)}
		if u.hook.Queue, err = r.hooks.Number(u.hook.Name); err != nil {
			return nil, err
		}
		if now := r.upstreams[a.Name]; now.live != nil && now.hook.URL == u.hook.URL {
			u.live = now.live
		} else {
			u.live = upstream.NewLive(upstream.LiveOptions{Name: u.hook.Name, URL: target, Via: r.via, Metrics: r.asked, Logger: r.logger})
		}
		plan[a.Name] = u
	}
	return plan, nil
}

// startUpstreams starts their senders.
func (r *Relay) startUpstreams() error {
	for _, u := range r.upstreams {
		if err := r.fleet.Start(u.hook); err != nil {
			return err
		}
	}
	return nil
}

// seatUpstreams has senders go by a plan. An upstream that the plan leaves out keeps what waits for it, on hold.
func (r *Relay) seatUpstreams(plan map[string]appUpstream) (faults error) {
	for _, u := range plan {
		if r.fleet.Sender(u.hook.Name) != nil {
			faults = errors.Join(faults, r.fleet.Replace(u.hook.Name, u.hook, ""))
		} else {
			faults = errors.Join(faults, r.fleet.Start(u.hook))
		}
	}
	for app, u := range r.upstreams {
		if _, stays := plan[app]; !stays {
			held := *u.hook
			held.Enabled = false
			faults = errors.Join(faults, r.fleet.Replace(held.Name, &held, ""))
			plan[app] = appUpstream{hook: &held}
		}
	}
	return faults
}

// endUpstreams tells those who wait for an upstream that there is nothing.
func (r *Relay) endUpstreams() {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	r.keepUpstreams(nil)
}

// keepUpstreams makes a plan that is in force the Relay's own, and ends who asks no more.
func (r *Relay) keepUpstreams(plan map[string]appUpstream) {
	for app, u := range r.upstreams {
		if u.live != nil && u.live != plan[app].live {
			u.live.Close()
		}
	}
	r.upstreams = plan
}
