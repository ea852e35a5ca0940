package relay

import (
	"os"
	"strconv"
	"time"

	"edgerelay/relay/deliver"
	"edgerelay/relay/hook"
	"edgerelay/relay/mail"
	"edgerelay/relay/registry"
	"edgerelay/wal"
)

// openRegistry joins the file's webhooks with those that are kept in the data folder.
func (r *Relay) openRegistry() error {
	vault, err := registry.OpenVault(r.config.Log.Dir, os.LookupEnv)
	if err != nil {
		return err
	}
	r.hooks, err = registry.Open(registry.Options{State: r.log, Vault: vault, Fleet: seats{r.fleet, r.log},
		Journal: logbook{r.journal}, Disabled: r.tellOff, Recovered: r.tellOn, Logger: r.logger})
	if err != nil {
		return err
	}
	return r.hooks.Load(r.config.rules(false), r.config.Webhooks)
}

// queueName is what the log calls a queue: its webhook.
func (r *Relay) queueName(queue uint32) string {
	if fleet := r.named.Load(); fleet != nil {
		for _, s := range fleet.Senders() {
			if s.Hook().Queue == queue {
				return s.Hook().Name
			}
		}
	}
	return strconv.FormatUint(uint64(queue), 10)
}

// tellStranded warns of files that were collected for a webhook which ships none any more.
func (r *Relay) tellStranded() {
	left, err := r.fleet.Stranded(r.hooks.Set().All())
	if err != nil {
		r.logger.Warn("what was collected for webhooks that are no longer configured is not known", "error", err)
	}
	if len(left) > 0 {
		r.logger.Warn("files were collected for webhooks that are no longer configured, or are of another type now; nobody ships them",
			"folders", left, "next", "configure these webhooks again under the same names, or remove the folders")
	}
}

// tellOff tells a webhook's owner that it was turned off.
func (r *Relay) tellOff(w *hook.Webhook, reason string) {
	r.mailer.TurnedOff(mail.News{To: w.Owner, Webhook: w.Name, Reason: reason, At: time.Now(), Probing: w.Probe})
}

// tellOn tells a webhook's owner that it works again.
func (r *Relay) tellOn(w *hook.Webhook, reason string) {
	r.mailer.WorksAgain(mail.News{To: w.Owner, Webhook: w.Name, Reason: reason, At: time.Now()})
}

// rules are what webhooks are checked by; renew says that all senders must be made anew.
func (c *Config) rules(renew bool) registry.Rules {
	apps := map[string]bool{}
	for _, a := range c.Apps {
		apps[a.Name] = true
	}
	return registry.Rules{Renew: renew, Inherited: c.Delivery.spec(), Known: func(app string) bool { return apps[app] }}
}

// seats are the senders as the registry knows them, whose queues are the log's.
type seats struct {
	*deliver.Fleet
	log *wal.Log
}

// Remove ends a webhook's sender and drops its queue.
func (s seats) Remove(name string) error {
	q, err := s.Fleet.Remove(name)
	if err != nil {
		return err
	}
	return s.log.Drop(q.(*wal.Queue)) // newFleet opens no others
}

// Drop drops a queue that no sender has, and what was collected from it.
func (s seats) Drop(queue uint32) error {
	s.Fleet.Drop(queue)
	if q := s.log.Find(queue); q != nil {
		return s.log.Drop(q)
	}
	return nil
}

// Skip gives up on what waits for a webhook.
func (s seats) Skip(name string) (int64, error) {
	sender := s.Sender(name)
	if sender == nil {
		return 0, nil
	}
	return sender.Queue().(*wal.Queue).Skip()
}

// Waits says whether anything waits for a webhook.
func (s seats) Waits(name string) bool {
	sender := s.Sender(name)
	if sender == nil {
		return false
	}
	q := sender.Queue().Stats()
	return q.Backlog+q.Parked+int64(q.Flight) > 0 || q.Stale // a queue that is busy for that long holds something
}

var _ registry.Fleet = seats{}
