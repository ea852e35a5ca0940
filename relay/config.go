// Package relay is the program: it reads the configuration, starts the parts in order, joins them, and stops them.
//
// A Config is plain data, checked once by Load and read-only afterwards, so it is safe for concurrent use.
package relay

import (
	"fmt"
	"net/netip"
	"time"

	"edgerelay/relay/hook"
)

// Config is everything that the config file says, checked, with defaults in place of what it leaves out. The tags are the
// keys of the file. Durations are durations and sizes are bytes; the file's units end at Load. Read-only after Load.
type Config struct {
	Intake    Intake          `toml:"intake"`
	Console   Console         `toml:"console"`
	Log       Log             `toml:"log"`
	Delivery  Delivery        `toml:"delivery"`
	SMTP      SMTP            `toml:"smtp"`
	Telemetry Telemetry       `toml:"telemetry"`
	Apps      []App           `toml:"app"`
	Webhooks  []*hook.Webhook `toml:"webhook"` // in the file's order; their queue numbers are not set yet
	Pages     []Page          `toml:"page"`
	Features  []Feature       `toml:"feature"`
	Tracks    []Track         `toml:"track"`
	Guides    []Guide         `toml:"guide"`

	source    func() (*Config, error) // reads it again, see Reread
	variables []string                // of the environment that the file names
}

// Intake is the listener for SDKs and servers.
type Intake struct {
	Listen         string         `toml:"listen"`
	BodyMax        int64          `toml:"body_max"` // bytes, after decompression too
	TLSCert        string         `toml:"tls_cert"` // file; "" serves plain http
	TLSKey         string         `toml:"tls_key"`
	CORSOrigins    []string       `toml:"cors_origins"`    // scheme://host[:port], or "*" for any
	TrustedProxies []netip.Prefix `toml:"trusted_proxies"` // peers whose X-Forwarded-For is believed
	DedupeWindow   time.Duration  `toml:"dedupe_window"`   // 0 is off
}

// Console is the listener for operators.
type Console struct {
	Listen    string `toml:"listen"`
	Token     string `toml:"token"`      // "" asks nobody; allowed on loopback only
	ReadToken string `toml:"read_token"` // of those who may look and change nothing; "" = there are none
}

// Log is where events wait.
type Log struct {
	Dir         string        `toml:"dir"`  // relative to the working directory
	Sync        time.Duration `toml:"sync"` // 0 is "always": every group commit
	Retain      time.Duration `toml:"retain"`
	SizeMax     int64         `toml:"size_max"`
	Memory      int64         `toml:"memory"`
	Compression string        `toml:"compression"`
}

// Delivery is what holds for all webhooks, and the defaults of what each may set itself.
type Delivery struct {
	Timeout      time.Duration   `toml:"timeout"`
	Retries      int             `toml:"retries"`
	Backoff      time.Duration   `toml:"backoff"`
	BackoffMax   time.Duration   `toml:"backoff_max"`
	InFlight     int             `toml:"in_flight"`
	Schedule     []time.Duration `toml:"schedule"`
	DisableAfter DisableAfter    `toml:"disable_after"`
	AllowPrivate bool            `toml:"allow_private"`
	AllowHTTP    bool            `toml:"allow_http"`
	LogSuccesses float64         `toml:"log_successes"` // share of the successes in the attempt log, 0 to 1
	LogSize      int64           `toml:"log_size"`      // of the attempt log
	UserAgent    string          `toml:"user_agent"`
}

// DisableAfter turns a webhook off that keeps failing.
type DisableAfter struct {
	Failures int           `toml:"failures"` // 0 never turns one off
	Within   time.Duration `toml:"within"`
}

// SMTP is the mail server for messages to owners of webhooks; without a Server there are none.
type SMTP struct {
	Server   string `toml:"server"` // host:port
	From     string `toml:"from"`
	Username string `toml:"username"`
	Password string `toml:"password"`
	TLS      string `toml:"tls"` // starttls, tls or none
}

// Telemetry is where traces go; without an OTLP address nothing is traced.
type Telemetry struct {
	OTLP    string            `toml:"otlp"`    // URL of a collector that takes OTLP over HTTP
	Sample  float64           `toml:"sample"`  // share of the traces that begin at the relay, 0 to 1
	Headers map[string]string `toml:"headers"` // of the requests to the collector
}

// App is who may send.
type App struct {
	Name            string       `toml:"name"`
	Key             string       `toml:"key"`
	ExtraKeys       []string     `toml:"extra_keys"`
	IntegrationKeys []string     `toml:"integration_keys"`
	ID              string       `toml:"id"` // stable JSON: a number, or a string with its quotes
	Platform        string       `toml:"platform"`
	Subscription    Subscription `toml:"subscription"`
	SegmentTrack    bool         `toml:"segment_track"`
	Upstream        string       `toml:"upstream"` // URL without a slash at its end; "" forwards nothing
	Exclude         Exclude      `toml:"exclude"`

	WebhookSecret         string `toml:"webhook_secret"` // of the Pendo or Userpilot webhooks that this app takes in
	WebhookSecretPrevious string `toml:"webhook_secret_previous"`
	SigningKey            string `toml:"signing_key"` // of the agent's JWT mode
}

// Subscription is the account that payloads say an app belongs to.
type Subscription struct {
	ID   string `toml:"id"` // stable JSON, as App.ID
	Name string `toml:"name"`
}

// Exclude lists who yields no event. A '*' in an entry stands for any text.
type Exclude struct {
	Visitors []string `toml:"visitors"`
	Accounts []string `toml:"accounts"`
}

// Page is a named set of URLs. An empty App means every app, here and below.
type Page struct {
	App   string   `toml:"app"`
	ID    string   `toml:"id"`
	Name  string   `toml:"name"`
	Rules []string `toml:"rules"`
}

// Feature is a named set of elements, on one page or on all.
type Feature struct {
	App       string   `toml:"app"`
	ID        string   `toml:"id"`
	Name      string   `toml:"name"`
	Selectors []string `toml:"selectors"`
	Page      string   `toml:"page"` // the ID of a Page
}

// Track gives the track events of a name an ID.
type Track struct {
	App  string `toml:"app"`
	ID   string `toml:"id"`
	Name string `toml:"name"`
}

// Guide is a guide, a poll or an NPS survey.
type Guide struct {
	App       string    `toml:"app"`
	ID        string    `toml:"id"`
	Name      string    `toml:"name"`
	Kind      string    `toml:"kind"` // guide, poll or nps
	CreatedAt time.Time `toml:"created_at"`
	CreatedBy string    `toml:"created_by"`
	Steps     []Step    `toml:"steps"`
}

// Step is one step of a guide.
type Step struct {
	ID   string `toml:"id"`
	Type string `toml:"type"`
}

// Summary is one line on what the configuration holds.
func (c *Config) Summary() string {
	on := 0
	for _, w := range c.Webhooks {
		if w.Enabled {
			on++
		}
	}
	text := count(len(c.Apps), "app") + ", " + count(len(c.Webhooks), "webhook")
	if on < len(c.Webhooks) {
		text += fmt.Sprintf(" (%d enabled)", on)
	}
	return text
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
