package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"edgerelay/relay/deliver"
)

// Reread reads the configuration again from where it came.
func (c *Config) Reread() (*Config, error) {
	if c.source == nil {
		return nil, errors.New("read the config again: it did not come from a file")
	}
	return c.source()
}

// Reload puts the config file, as it is now, in force, all of it or nothing, and returns what changed. Settings that a
// running relay cannot change are in the list too, and wait for the next start. An error of type Faults says what is wrong
// with the file.
func (r *Relay) Reload(context.Context) ([]Change, error) {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	next, err := r.config.Reread()
	if err != nil {
		return nil, err
	}
	changes := r.difference(r.config, next)
	if err := r.apply(next); err != nil {
		return nil, fmt.Errorf("reload: nothing was changed: %w", err)
	}
	r.logger.Info("the config file was loaded again", "changes", len(changes))
	for _, c := range changes {
		r.logger.Info("reloaded", "change", c.String())
	}
	return changes, nil
}

// Compare says what a reload would change if the config file held this text. Of the relay's environment, the text may name
// what the config in force names: else whoever may ask could read all of it.
func (r *Relay) Compare(name string, text []byte) ([]Change, error) {
	now := r.settings()
	next, err := loadBytes(name, text, func(variable string) (string, bool) {
		if !slices.Contains(now.variables, variable) {
			return "", false
		}
		return os.LookupEnv(variable)
	})
	if err != nil {
		return nil, err
	}
	changes := r.difference(now, next)
	for i := range changes {
		changes[i].From, changes[i].To = cover(changes[i].From, now.variables), cover(changes[i].To, now.variables)
	}
	return changes, nil
}

// cover puts the name of a variable in place of its value, which may be a secret, also where the text did not treat it as
// one.
func cover(text string, variables []string) string {
	for _, v := range variables {
		if value := os.Getenv(v); value != "" {
			text = strings.ReplaceAll(text, value, "${"+v+"}")
		}
	}
	return text
}

// difference is what changes in the running relay, in which now is in force, by next. What only a start can change is
// held against the configuration of the last start, as a reload does not put it in force.
func (r *Relay) difference(now, next *Config) []Change {
	changes := slices.DeleteFunc(Difference(now, next), func(c Change) bool { return !c.Live })
	for _, c := range Difference(r.begun, next) {
		if !c.Live {
			changes = append(changes, c)
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return changes
}

// apply puts a configuration in force. What can be refused comes first, and is made undone when a later step fails.
func (r *Relay) apply(next *Config) error {
	upstreams, err := r.planUpstreams(next)
	if err != nil {
		return err
	}
	apps, err := next.intakeApps(upstreams)
	if err != nil {
		return err
	}
	if next.Intake.TLSCert != "" {
		if err := r.intake.LoadCertificate(next.Intake.TLSCert, next.Intake.TLSKey); err != nil {
			return err
		}
	}
	renew := r.config.Delivery.differs(&next.Delivery)
	r.fleet.Configure(next.Delivery.apply)
	if err := r.hooks.Load(next.rules(renew), next.Webhooks); err != nil {
		r.fleet.Configure(r.config.Delivery.apply)
		return err
	}
	if err := errors.Join(r.tags.Load(next.tags()), r.seatUpstreams(upstreams), r.intake.SetApps(apps)); err != nil {
		r.fleet.Configure(r.config.Delivery.apply)
		return errors.Join(err, r.hooks.Load(r.config.rules(renew), r.config.Webhooks), r.tags.Load(r.config.tags()), r.seatUpstreams(r.upstreams))
	}
	r.keepUpstreams(upstreams)
	r.journal.Configure(next.Delivery.LogSuccesses, next.Delivery.LogSize)
	r.config = next
	r.tellStranded()
	return nil
}

// apply sets how senders go about their deliveries.
func (c *Delivery) apply(o *deliver.Options) {
	o.Backoff, o.BackoffMax, o.UserAgent = c.Backoff, c.BackoffMax, c.UserAgent
	o.DisableFailures, o.DisableWithin = c.DisableAfter.Failures, c.DisableAfter.Within
}

// differs says whether senders must go about their deliveries in another way.
func (c *Delivery) differs(other *Delivery) bool {
	return c.Backoff != other.Backoff || c.BackoffMax != other.BackoffMax || c.UserAgent != other.UserAgent ||
		c.DisableAfter != other.DisableAfter
}
