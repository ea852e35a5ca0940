package relay

import (
	"fmt"
	"net/url"
	"strings"

	"edgerelay/relay/event"
	"edgerelay/relay/strict"
)

// appNames says which apps there are. When an app's own name could not be read, any name may be that one.
type appNames struct {
	names   map[string]bool
	unknown bool
}

func (a *appNames) has(name string) bool {
	return a.unknown || a.names[name]
}

// check notes an app that does not exist, where a key names one.
func (a *appNames) check(t *strict.Table, app string) {
	if app != "" && !a.has(app) {
		t.Fault("app", "there is no app %q; name a configured one, or leave app out for all", app)
	}
}

// readApps reads the apps and returns their names.
func (c *Config) readApps(root *strict.Table) *appNames {
	apps := &appNames{names: map[string]bool{}}
	keys, integrationKeys := map[string]string{}, map[string]string{}
	var tables []*strict.Table
	for _, t := range root.Tables("app", "name") {
		app := App{Platform: "web", SegmentTrack: true}
		app.read(t, c.Delivery.AllowHTTP)
		switch {
		case app.Name == "":
			t.Fault("name", "is missing; give the app a name of its own")
			apps.unknown = true
		case apps.names[app.Name]:
			t.Fault("name", "%q is the name of an earlier app; give each its own", app.Name)
		}
		apps.names[app.Name] = true
		app.checkKeys(t, keys, integrationKeys)
		c.Apps = append(c.Apps, app)
		tables = append(tables, t)
	}
	for i, t := range tables {
		c.Apps[i].checkSecrecy(t, keys)
	}
	return apps
}

func (a *App) read(t *strict.Table, allowHTTP bool) {
	t.Text("name", &a.Name)
	t.Text("key", &a.Key)
	t.Texts("extra_keys", &a.ExtraKeys)
	t.Texts("integration_keys", &a.IntegrationKeys)
	a.ID = jsonString(a.Name)
	readID(t, &a.ID)
	t.Text("platform", &a.Platform)
	if a.Platform == "" {
		t.Fault("platform", `is empty; leave it out for "web"`)
	}
	a.Subscription = Subscription{ID: a.ID, Name: a.Name}
	subscription := t.Table("subscription")
	readID(subscription, &a.Subscription.ID)
	subscription.Text("name", &a.Subscription.Name)
	t.Bool("segment_track", &a.SegmentTrack)
	t.Text("upstream", &a.Upstream)
	a.checkUpstream(t, allowHTTP)
	exclude := t.Table("exclude")
	readFilled(exclude, "visitors", &a.Exclude.Visitors)
	readFilled(exclude, "accounts", &a.Exclude.Accounts)
	t.Text("webhook_secret", &a.WebhookSecret)
	t.Text("webhook_secret_previous", &a.WebhookSecretPrevious)
	if a.WebhookSecretPrevious != "" && a.WebhookSecret == "" {
		t.Fault("webhook_secret_previous", "is of no use without webhook_secret; set that to the new one")
	}
	t.Text("signing_key", &a.SigningKey)
}

// readID takes a number or a text, and keeps it as the JSON that payloads show.
func readID(t *strict.Table, dst *string) {
	text, number, ok := t.Scalar("id")
	switch {
	case !ok:
	case number:
		*dst = text
	case text == "":
		t.Fault("id", "is empty; set a number or a text, or leave it out")
	default:
		*dst = jsonString(text)
	}
}

func jsonString(text string) string {
	return string(event.AppendString(nil, []byte(text)))
}

// checkKeys checks an app's keys and that no other key of the same sort equals one of them. No fault shows a key.
func (a *App) checkKeys(t *strict.Table, keys, integrationKeys map[string]string) {
	if a.Key == "" && len(a.ExtraKeys) == 0 && len(a.IntegrationKeys) == 0 {
		t.Fault("key", "is missing, so nobody could send; set key to the SDK's API key, or integration_keys for servers alone")
	}
	if a.Key != "" {
		a.checkKey(t, "key", a.Key, keys)
	}
	for i, key := range a.ExtraKeys {
		a.checkKey(t, fmt.Sprintf("extra_keys[%d]", i), key, keys)
	}
	for i, key := range a.IntegrationKeys {
		a.checkKey(t, fmt.Sprintf("integration_keys[%d]", i), key, integrationKeys)
	}
}

// checkSecrecy notes a key of servers that some app's SDKs have too: by it, whoever looks into a page's traffic could read
// and set what is known of people.
func (a *App) checkSecrecy(t *strict.Table, keys map[string]string) {
	for i, key := range a.IntegrationKeys {
		if owner, found := keys[key]; found {
			t.Fault(fmt.Sprintf("integration_keys[%d]", i), "is a key of the SDKs of the app %q, which every browser knows; give servers another one", owner)
		}
	}
}

// checkKey checks one key. Keys stand in paths of URLs, in headers and in front of the colon of Basic authorization.
func (a *App) checkKey(t *strict.Table, place, key string, taken map[string]string) {
	bad := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/?#%:"\`, r) }
	if key == "" || strings.ContainsFunc(key, bad) {
		t.Fault(place, `must be letters, digits and signs such as "-" and "_", without spaces and without any of / ? # %% : " \`)
		return
	}
	if owner, found := taken[key]; found {
		t.Fault(place, "is a key of the app %q already; give each app keys of its own", owner)
		return
	}
	taken[key] = a.Name
}

func (a *App) checkUpstream(t *strict.Table, allowHTTP bool) {
	if a.Upstream == "" {
		return
	}
	u, err := url.Parse(a.Upstream)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		t.Fault("upstream", `is not an http or https URL without user, query and fragment; write it like "https://data.pendo.io"`)
		return
	}
	if u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()) {
		t.Fault("upstream", "is plain http; use https, or set allow_http = true in [delivery]")
	}
	a.Upstream = strings.TrimRight(a.Upstream, "/")
}
