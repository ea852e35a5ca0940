package deliver

import (
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// vendorCase is one vendor: how a webhook of its type is set up, the server that stands for it, and how that knows an event.
type vendorCase struct {
	spec   hook.Spec // Name, URL and what all have is filled in
	server fake.Vendor
	// settings are those that only the server's address gives.
	settings func(url string) map[string]string
	path     string                      // of the URL, where that is the user's to say
	id       func(e *event.Event) string // by which the server books an event; nil: the uniqueId's 40 hex digits
	script   []fake.Step                 // what goes wrong besides what goes wrong everywhere
	// doubles says that the vendor cannot know a repeat: what it took without saying so comes once more.
	doubles bool
	// once says that the plan is Once: what was sent and not answered is a dead letter, and not sent again.
	once bool
	// patient says that a 429 means a longer pause than a test may last, whatever its Retry-After: none is played.
	patient bool
	// uncounted says that the server books requests and not events.
	uncounted bool
}

// vendorCases are all vendors that are delivered to by HTTP requests, the lanes' own and those of carriers, by the type and, behind a space, what
// is special.
func vendorCases() map[string]vendorCase {
	return map[string]vendorCase{
		"segment": {spec: hook.Spec{WriteKey: "key"}, server: fake.NewSegment("key")},

		"intercom":  {spec: hook.Spec{AccessToken: "token"}, server: fake.NewIntercom("token"), id: intercomKey},
		"userpilot": {spec: hook.Spec{AccessToken: "key"}, server: fake.NewUserpilot("key"), doubles: true},

		"amplitude": {spec: hook.Spec{WriteKey: "key"}, server: fake.NewAmplitude("key"), patient: true},
		"mixpanel":  {spec: hook.Spec{WriteKey: "key"}, server: fake.NewMixpanel("key"), id: mixpanelID},
		"ga4":       {spec: hook.Spec{WriteKey: "key", Settings: map[string]string{"measurement_id": "G-1"}}, server: fake.NewGA4("key"), once: true},
		"datadog":   {spec: hook.Spec{WriteKey: "key"}, server: fake.NewDatadog("key"), doubles: true},
		"splunk":    {spec: hook.Spec{AccessToken: "key"}, server: fake.NewSplunk("key"), doubles: true},

		"hubspot": {spec: hook.Spec{AccessToken: "token", Settings: map[string]string{"hub_id": "12345"}, BatchAge: 20 * time.Millisecond},
			server: fake.NewHubSpot("token", "12345"), id: hubSpotKey},
		"salesforce":              salesforceCase("Pendo_Event__e"),
		"salesforce with records": salesforceCase("Usage__c"),
		"zendesk": {spec: hook.Spec{AccessToken: "token", Settings: map[string]string{"subdomain": "acme", "email": "a@b.example"}},
			server: fake.NewZendesk("a@b.example", "token"), doubles: true},
		"zendesk that drops": {spec: hook.Spec{AccessToken: "token", Settings: map[string]string{"subdomain": "acme", "on_timeout": "drop"}},
			server: fake.NewZendesk("", "token"), once: true},
		"zendesk with a client": {spec: hook.Spec{AccessToken: "secret", Settings: map[string]string{"client_id": "relay"}},
			server: fake.NewZendeskClient("relay", "secret"), doubles: true, script: []fake.Step{fake.Answer(401, "{}")}},
		"jira": {spec: hook.Spec{AccessToken: "token", Settings: map[string]string{"site": "acme", "email": "a@b.example", "project": "OPS"}},
			server: fake.NewJira("a@b.example", "token", "OPS"), once: true},
		"jira that retries": {spec: hook.Spec{AccessToken: "token", Settings: map[string]string{"site": "acme", "project": "OPS", "on_timeout": "retry"}},
			server: fake.NewJira("", "token", "OPS"), doubles: true},
		"productboard": {spec: hook.Spec{AccessToken: "token"}, server: fake.NewProductboard("token"), once: true},

		"slack": {server: fake.NewSlack("/services/T/B/x"), path: "/services/T/B/x", doubles: true},
		"slack with digest": {spec: hook.Spec{Settings: map[string]string{"digest": "50ms"}}, server: fake.NewSlack("/services/T/B/x"),
			path: "/services/T/B/x", doubles: true},
		"zapier": {server: fake.NewZapier("/hooks/catch/1/x/"), path: "/hooks/catch/1/x/", doubles: true},

		"bigquery":  bigQueryCase(),
		"snowflake": snowflakeCase(),
	}
}

func bigQueryCase() vendorCase {
	server := fake.NewBigQuery(nil)
	return vendorCase{server: server, spec: hook.Spec{BatchAge: 50 * time.Millisecond}, settings: func(url string) map[string]string {
		return map[string]string{"credentials": server.Credentials(url), "dataset": "edge", "table": "events"}
	}, script: []fake.Step{fake.Answer(401, "{}"), fake.Answer(200, "<html>")}}
}

func snowflakeCase() vendorCase {
	server := fake.NewSnowflake(nil)
	return vendorCase{server: server, doubles: true, spec: hook.Spec{BatchAge: 50 * time.Millisecond, Settings: map[string]string{
		"account": "myorg-acme", "user": "edge_relay", "private_key": server.PrivateKey(), "database": "ANALYTICS", "table": "EVENTS",
	}}, script: []fake.Step{fake.Answer(401, "{}"), fake.Answer(200, "<html>"), fake.Answer(409, "{}")}}
}

// TestVendorsLoseAndDoubleNothing sends events of all kinds through log, lanes and a script of failures to each vendor, and
// counts what arrived.
func TestVendorsLoseAndDoubleNothing(t *testing.T) {
	for name, c := range vendorCases() {
		t.Run(name, func(t *testing.T) { testVendor(t, name, c) })
	}
}

func testVendor(t *testing.T, name string, c vendorCase) {
	server := httptest.NewServer(c.server)
	t.Cleanup(server.Close)
	c.spec.Type, _, _ = strings.Cut(name, " ")
	if c.settings != nil {
		c.spec.Settings = c.settings(server.URL)
	}
	w := vendorHook(t, c.spec, server.URL+c.path)
	g := newRig(t, server.URL, func(o *Options, of *hook.Webhook) {
		o.Backoff, o.BackoffMax = 5*time.Millisecond, 20*time.Millisecond
		*of = *w
	})
	script := []fake.Step{fake.Fine, fake.Answer(503, "busy"), fake.HangUp, fake.Fine, fake.Answer(500, "<html>oops</html>"), fake.Fine,
		fake.Answer(408, "")}
	if !c.patient {
		script = append(script, fake.Answer(429, "slow down", "Retry-After", "0"))
	}
	ambiguous := 2
	script = append(append(script, fake.TakeAndHangUp, fake.Fine, fake.TakeAndHangUp), c.script...)
	c.server.Play(script...)

	const rounds = 8
	sent := map[string]int{}
	for round := 0; round < rounds || round < 10*rounds && c.server.Requests() < len(script); round++ {
		for id, n := range sendKinds(t, g, w, c, round) {
			sent[id] += n
		}
		if round >= rounds-1 {
			g.drained(t) // large batches need more events for as many requests
		}
	}
	if broken := c.server.Broken(); len(broken) > 0 {
		t.Errorf("requests broke rules:\n%s", strings.Join(broken, "\n"))
	}
	letters := len(g.deadLetters(t))
	if c.once == (letters == 0) {
		t.Errorf("%d dead letters", letters)
	}
	if n := c.server.Requests(); n < len(script) {
		t.Errorf("%d requests came, and the script has %d steps", n, len(script))
	}
	if c.uncounted {
		return
	}
	compare(t, sent, c.server.Taken(), c, letters, ambiguous*max(w.Plan.Batch.Count, 1))
}

// TestUnknownContacts: users whom Intercom does not know, and visitors who are nobody, are dead letters; the others are
// delivered, and the webhook is well.
func TestUnknownContacts(t *testing.T) {
	vendor := fake.NewIntercom("token")
	vendor.Unknown = func(user string) bool { return strings.HasPrefix(user, "stranger") }
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	w := vendorHook(t, hook.Spec{Type: "intercom", AccessToken: "token"}, server.URL)
	g := newRig(t, server.URL, func(o *Options, of *hook.Webhook) {
		o.Backoff, o.BackoffMax, o.DisableFailures, o.DisableWithin = time.Millisecond, time.Millisecond, 10, time.Hour
		*of = *w
		of.Retries = 1
	})
	for i := range 100 {
		g.send(t, "stranger"+strconv.Itoa(i), "x")
		g.send(t, "_PENDO_T_"+strconv.Itoa(i), "x")
	}
	for i := range 10 {
		g.send(t, "friend"+strconv.Itoa(i), "x")
	}
	g.drained(t)
	if n := len(vendor.Taken()); n != 10 || vendor.Requests() != 210 || len(vendor.Broken()) > 0 {
		t.Errorf("%d events in %d requests, %q", n, vendor.Requests(), vendor.Broken())
	}
	if st := g.sender("crm").State(); st.Reason != "" {
		t.Errorf("the sender is %+v", st)
	}
	if letters := g.deadLetters(t); len(letters) != 200 {
		t.Errorf("%d dead letters, want 200", len(letters))
	}
}

// compare holds what was sent against what was taken.
func compare(t *testing.T, sent, taken map[string]int, c vendorCase, letters, spare int) {
	t.Helper()
	missing, doubled, strange := []string{}, 0, 0
	for id, n := range sent {
		switch got := taken[id]; {
		case got < n:
			missing = append(missing, id)
		case got > n:
			doubled += got - n
		}
	}
	for id := range taken {
		if sent[id] == 0 {
			strange++
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 && !c.once || c.once && len(missing) > letters {
		t.Errorf("%d of %d events are missing, the first is %s", len(missing), len(sent), missing[0])
	}
	if doubled > 0 && !c.doubles || doubled > spare {
		t.Errorf("%d events were taken twice", doubled)
	}
	if strange > 0 {
		t.Errorf("%d events were taken that nobody sent", strange)
	}
}

// vendorHook is a webhook of a vendor's type that leads to a server of the test's.
func vendorHook(t testing.TB, spec hook.Spec, url string) *hook.Webhook {
	t.Helper()
	spec.Name, spec.URL, spec.Enabled, spec.Events = "crm", url, true, []string{"*"}
	spec.InFlight, spec.Timeout, spec.Retries, spec.AllowPrivate, spec.AllowHTTP = 4, 5*time.Second, 50, true, true
	spec.Rate = 1e6 // the vendor's own pace would only make the test longer
	w, faults := hook.Compile(spec, func(string) bool { return true })
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	w.Queue = 1
	w.Plan.Batch.Age = min(w.Plan.Batch.Age, 5*time.Millisecond) // and so would the wait for others
	return w
}

// sendKinds appends an event of each kind that the webhook takes, and returns how often each is to be taken, by the name
// that the vendor has for it.
func sendKinds(t testing.TB, g *rig, w *hook.Webhook, c vendorCase, round int) map[string]int {
	t.Helper()
	ids := map[string]int{}
	var b wal.Batch
	for _, k := range event.Kinds() {
		if !w.Selects(k) {
			continue
		}
		e := event.Sample(k)
		// Vendors refuse what is old, and some take for one what has the same name and second.
		e.Time = (time.Now().Unix() - int64(10*round)) * 1000
		e.Received = e.Time // some take none that happened after it was told
		e.UniqueID = event.UniqueID([]byte(k.String()), fmt.Append(nil, round))
		b.Add(wal.Record{Body: e.AppendRecord(nil), Receivers: []wal.Receiver{{Queue: w.Queue}}})
		id := hex.EncodeToString(e.UniqueID[:])
		if c.id != nil {
			id = c.id(&e)
		}
		ids[id]++
	}
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
	return ids
}

// mixpanelID is what Mixpanel takes of a uniqueId.
func mixpanelID(e *event.Event) string { return hex.EncodeToString(e.UniqueID[:])[:36] }

// intercomKey is what Intercom knows an event by: user, name and second.
func intercomKey(e *event.Event) string {
	name := strings.TrimPrefix(e.Kind.Dotted(), "frustration.")
	if e.Kind == event.TrackEventReceived {
		name = string(event.AppendText(nil, e.Name))
	} else {
		name = strings.NewReplacer(".", "-", "_", "-").Replace(name)
	}
	return fake.NewIntercom("").Key(string(event.AppendText(nil, e.Visitor)), name, e.Time/1000)
}

// salesforceCase is a platform event, which knows no repeats, or an object whose field for the identity is unique. Its
// sessions are short.
func salesforceCase(object string) vendorCase {
	org := fake.NewSalesforce("id", "secret", object)
	org.Life, org.Unique, org.Locked = 5, object == "Usage__c", 3
	return vendorCase{server: org, doubles: !org.Unique, spec: hook.Spec{BatchAge: 50 * time.Millisecond,
		Settings: map[string]string{"client_id": "id", "client_secret": "secret", "object": object}}}
}

// hubSpotKey is what HubSpot knows an event by, a UUID made of its uniqueId.
func hubSpotKey(e *event.Event) string {
	id := e.UniqueID
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
