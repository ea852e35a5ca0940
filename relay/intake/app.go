package intake

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

// App is who may send: keys, and the names that payloads carry.
type App struct {
	Name            string   // unique
	Keys            []string // SDK keys: the app's key and its extra ones
	IntegrationKeys []string // of servers, in the header x-pendo-integration-key

	ID               string // JSON: a number or a string
	Platform         string
	SubscriptionID   string // JSON: a number or a string
	SubscriptionName string

	SegmentTrack bool               // false leaves Segment's track calls out
	Exclude      *people.Exclusions // nil: nobody
	SigningKey   string             // of the Pendo agent's tokens; "": they are not looked at

	// WebhookSecrets are of the Pendo or Userpilot webhooks that lead here: the current one and, during a rotation, the
	// one before. None: signatures are not looked at.
	WebhookSecrets []string

	// Upstream is the queue of what goes on to the app's upstream as it came; 0: it has none. Live then answers what the
	// relay cannot answer itself; nil: nobody does.
	Upstream uint32
	Live     Live
}

// apps is who a key stands for. It is immutable.
type apps struct {
	all              []*app // in the order of the configuration
	byKey            map[string]*app
	byIntegrationKey map[string]*app
}

// app is an App in the form in which events need it.
type app struct {
	name         string
	nameBytes    []byte
	object       []byte // {"id","name","platform"}
	subscription []byte // {"id","name"}
	segmentTrack bool
	exclude      *people.Exclusions
	catalog      catalog.View
	signingKey   []byte         // nil: tokens are not looked at
	secrets      []string       // none: signatures are not looked at
	upstream     []wal.Receiver // nil: there is none
	live         Live           // nil: there is none
	accepted     [dialects]prometheus.Counter
	forwarded    prometheus.Counter
}

// SetApps replaces all apps, for the requests that come from now on. On an error the ones before stay.
func (s *Server) SetApps(list []App) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	next := &apps{nil, map[string]*app{}, map[string]*app{}}
	var faults []error
	names := map[string]bool{}
	for i := range list {
		a, err := s.newApp(&list[i])
		if names[list[i].Name] {
			err = errors.Join(err, errors.New("its name is taken"))
		}
		names[list[i].Name] = true
		next.all = append(next.all, a)
		err = errors.Join(err, assign(next.byKey, a, list[i].Keys), assign(next.byIntegrationKey, a, list[i].IntegrationKeys))
		if err != nil {
			faults = append(faults, fmt.Errorf("app %q: %w", list[i].Name, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("set apps: %w", err)
	}
	s.apps.Store(next)
	return nil
}

// SetCatalog replaces what events touch, for the requests that come from now on. One that is under way goes on with what it
// began with.
func (s *Server) SetCatalog(c *catalog.Catalog) {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.catalog = c
	s.apps.Store(s.apps.Load().on(c))
}

// on is the same apps with another catalog.
func (a *apps) on(c *catalog.Catalog) *apps {
	next := &apps{nil, make(map[string]*app, len(a.byKey)), make(map[string]*app, len(a.byIntegrationKey))}
	moved := make(map[*app]*app, len(a.all))
	for _, old := range a.all {
		renewed := *old
		renewed.catalog = c.App(old.name)
		moved[old] = &renewed
		next.all = append(next.all, &renewed)
	}
	for key, old := range a.byKey {
		next.byKey[key] = moved[old]
	}
	for key, old := range a.byIntegrationKey {
		next.byIntegrationKey[key] = moved[old]
	}
	return next
}

// assign gives keys to an app. No error shows a key.
func assign(table map[string]*app, a *app, keys []string) error {
	for _, key := range keys {
		switch other := table[key]; {
		case key == "":
			return errors.New("a key is empty")
		case other != nil && other != a:
			return fmt.Errorf("a key is the app %q's already", other.name)
		}
		table[key] = a
	}
	return nil
}

func (s *Server) newApp(o *App) (*app, error) {
	a := &app{name: o.Name, nameBytes: []byte(o.Name), segmentTrack: o.SegmentTrack, exclude: o.Exclude, catalog: s.catalog.App(o.Name)}
	if a.exclude == nil {
		a.exclude = new(people.Exclusions)
	}
	id, err := scalar(o.ID)
	if err != nil {
		return a, fmt.Errorf("its id %w", err)
	}
	subscriptionID, err := scalar(o.SubscriptionID)
	if err != nil {
		return a, fmt.Errorf("its subscription's id %w", err)
	}
	a.object = fmt.Appendf(nil, `{"id":%s,"name":%s,"platform":%s}`, id, text(o.Name), text(o.Platform))
	a.subscription = fmt.Appendf(nil, `{"id":%s,"name":%s}`, subscriptionID, text(o.SubscriptionName))
	a.secrets = slices.DeleteFunc(slices.Clone(o.WebhookSecrets), func(s string) bool { return s == "" })
	if o.SigningKey != "" {
		a.signingKey = []byte(o.SigningKey)
	}
	if o.Upstream != 0 {
		a.upstream, a.live = []wal.Receiver{{Queue: o.Upstream}}, o.Live
	}
	a.forwarded = s.metrics.forwarded.WithLabelValues(o.Name)
	for d := range a.accepted {
		a.accepted[d] = s.metrics.accepted.WithLabelValues(o.Name, dialect(d).String())
	}
	return a, nil
}

// text is s as a JSON string.
func text(s string) []byte { return event.AppendString(nil, s) }

// scalar is a JSON number or string in stable form.
func scalar(id string) ([]byte, error) {
	var s event.Stable
	stable, err := s.Append(nil, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	if stable[0] != '"' && stable[0] != '-' && !(stable[0] >= '0' && stable[0] <= '9') {
		return nil, errors.New("is neither a number nor a string")
	}
	return stable, nil
}
