// Package hook says what a webhook is: its settings and their rules, the selection of events that it wants, its number in
// the log, and, for all webhooks together, who receives an event and why.
//
// A Spec is what a user wrote. Compile checks it, reports every fault by its key, and makes the Webhook that the sender
// works with. A Set joins all webhooks with an index over their selections and answers, for each accepted event, which
// queues of the log get it. A Filter answers the same for one webhook, or any list of selections.
//
// It sends nothing, stores nothing but queue numbers (through State), and knows neither HTTP nor the config file.
// Webhooks and Sets are immutable once made and safe for concurrent use; a change makes a new Set, which its holder swaps
// behind an atomic pointer.
package hook

import (
	"net/url"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/mask"
	"edgerelay/relay/sign"
)

// Spec is a webhook as its user describes it. The tags are the names of its settings, in the config file and in faults.
type Spec struct {
	Name        string `toml:"name"`
	Type        string `toml:"type"`         // url, or a vendor; "" is url
	URL         string `toml:"url"`          // where deliveries are posted; on a vendor's type it overrides the vendor's endpoint
	WriteKey    string `toml:"write_key"`    // the key that events are written with, of types that have one
	AccessToken string `toml:"access_token"` // the token of an API, of types that have one
	Region      string `toml:"region"`       // types with regions

	Settings map[string]string `toml:"settings"` // what only this type takes
	Method   string            `toml:"method"`   // type custom
	Body     string            `toml:"body"`     // type custom

	Secret         string   `toml:"secret"`
	SecretPrevious string   `toml:"secret_previous"` // signs too, during a rotation
	Signature      []string `toml:"signature"`       // none named: pendo when there is a secret

	Enabled    bool     `toml:"enabled"`
	App        string   `toml:"app"`        // only events of this app; "" is all
	Events     []string `toml:"events"`     // see ParseSelection
	Properties []string `toml:"properties"` // visitor and company fields, format userpilot
	Drop       []string `toml:"drop"`       // names of properties that never leave; see package mask
	Hash       []string `toml:"hash"`       // of properties in whose place their digest goes out
	HashKey    string   `toml:"hash_key"`   // of the digests; "" is SHA-256 without a key
	Where      string   `toml:"where"`      // an expression that must be true of an event; see package expression
	Format     string   `toml:"format"`     // "" is pendo; of types that let one choose
	Order      string   `toml:"order"`      // none or visitor; "" is none

	Rate     float64 `toml:"rate"`      // deliveries a second, 0 is unlimited
	Burst    int     `toml:"burst"`     // deliveries at once after a pause; 0 is a second's worth
	InFlight int     `toml:"in_flight"` // requests at once

	BatchEvents int           `toml:"batch_events"` // events in a request of a type that batches; 0 is as many as the type likes
	BatchBytes  int64         `toml:"batch_bytes"`  // of such a request; 0 is the type's own limit
	BatchAge    time.Duration `toml:"batch_age"`    // how long its first event may wait for others; 0 is the type's own

	Timeout  time.Duration   `toml:"timeout"`
	Retries  int             `toml:"retries"`
	Schedule []time.Duration `toml:"schedule"` // waits between attempts; when there are any, they replace Retries and the back-off

	Probe        bool              `toml:"probe"` // once turned off by failures, it is tried now and then and turned on when that works
	Owner        string            `toml:"owner"` // mail address
	Headers      map[string]string `toml:"headers"`
	AllowPrivate bool              `toml:"allow_private"`
	AllowHTTP    bool              `toml:"allow_http"`
}

// Limits of a webhook's settings.
const (
	TimeoutMax    = 5 * time.Minute
	InFlightMax   = 1024               // each request in flight holds its buffers
	RetriesMax    = 1000               // at a back-off of 5 minutes, three and a half days
	ScheduleMax   = 100                // waits
	WaitMax       = 7 * 24 * time.Hour // one wait
	PropertiesMax = 10                 // seed 003
	EventsMax     = 1000               // entries, each of as many IDs as one likes; all are read at every change of any webhook
	HeadersMax    = 100                // about what receivers take
	BatchAgeMax   = time.Hour          // an event may wait that long for others
	nameMax       = 100                // bytes
)

// Webhook is a checked Spec with everything in it that can be worked out before the first event. Only Compile makes one.
// Nobody changes it after it became part of a Set.
type Webhook struct {
	Spec // with the defaults in place of what was left empty

	Queue      uint32            // its number in the log; the caller of Compile sets it (see Numbers)
	Plan       *destination.Plan // how its type is delivered to; nil for upstreams
	Target     *url.URL          // the Plan's URL
	Selections []Selection
	Condition  *Condition    // Spec.Where; nil: none
	Mask       *mask.Mask    // Spec.Drop and Spec.Hash; nil: none
	Schemes    []sign.Scheme // none: deliveries are not signed
	Header     []Header      // Spec.Headers, sorted by name
	properties *properties   // what Spec.Properties names; nil: nothing
	ByVisitor  bool          // Order is visitor: events of one visitor never overtake each other

	// Patience is not 0 for the upstream of an app alone (see Upstream): its records are requests, which go on as they
	// came, each until it is this old.
	Patience time.Duration
	Via      string // names this relay to the upstream, so that it knows what comes back
}

// Fault is one thing that is wrong with a Spec.
type Fault struct {
	Field string // the setting's name, with a place in it where there is one: "url", "events[0]", "headers.Accept"
	Text  string // what is wrong and the next step; it names no secret and of a URL no more than the host
}

// Error has the form "field: text".
func (f Fault) Error() string {
	return f.Field + ": " + f.Text
}

// Selects says whether the webhook's selections take events of this kind, with whatever IDs.
func (w *Webhook) Selects(k event.Kind) bool {
	for i := range w.Selections {
		if w.Selections[i].has(k) {
			return true
		}
	}
	return false
}
