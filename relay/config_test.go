package relay

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/hook"

	"github.com/pelletier/go-toml/v2"
)

// shipped is the config file of the repository.
func shipped(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../config.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// uncommented is the file with all that is switched off in it switched on.
func uncommented(file string) string {
	return strings.ReplaceAll(file, "\n#:", "\n")
}

func load(t *testing.T, file string) *Config {
	t.Helper()
	c, err := LoadBytes("config.toml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestShippedConfig(t *testing.T) {
	c := load(t, shipped(t))
	if got, want := c.Summary(), "1 app, 1 webhook"; got != want {
		t.Errorf("summary is %q, want %q", got, want)
	}
	app, w := c.Apps[0], c.Webhooks[0]
	if app.Name != "demo" || app.Key != "demo-key" || len(app.IntegrationKeys) != 1 {
		t.Errorf("app is %+v", app)
	}
	if w.Name != "inspector" || w.Target.String() != "http://127.0.0.1:8485/inspect" || !w.Enabled || w.Secret == "" || len(w.Selections[0].Kinds) < 60 {
		t.Errorf("webhook is %+v", w)
	}
}

// TestShippedConfigShowsTheDefaults holds every value of the shipped file against what a file without it gives.
func TestShippedConfigShowsTheDefaults(t *testing.T) {
	c := load(t, shipped(t))
	least := load(t, `
		[[app]]
		name = "demo"
		key = "demo-key"
		integration_keys = ["demo-integration-key"]
		[[webhook]]
		name = "inspector"
		url = "http://127.0.0.1:8485/inspect"
		secret = "demo-secret"
		enabled = true
		events = ["*"]
		allow_private = true`)
	f := func(what string, got, want any) {
		t.Helper()
		if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w { // %v makes no difference of nil and empty
			t.Errorf("%s\nof the file %s\nby default  %s", what, g, w)
		}
	}
	f("intake", c.Intake, least.Intake)
	f("console", c.Console, least.Console)
	f("log", c.Log, least.Log)
	f("delivery", c.Delivery, least.Delivery)
	f("smtp", c.SMTP, least.SMTP)
	f("app", c.Apps, least.Apps)
	f("webhook", c.Webhooks[0].Spec, least.Webhooks[0].Spec)
	f("webhook, all switched on", load(t, uncommented(shipped(t))).Webhooks[0].Spec, least.Webhooks[0].Spec)
}

// TestShippedConfigHasEveryKey compares the file, with all that is switched off in it switched on, with the fields of
// Config. That no key is in the file alone is held by loading it, which refuses unknown keys.
func TestShippedConfigHasEveryKey(t *testing.T) {
	file := uncommented(shipped(t))
	c := load(t, file)
	if len(c.Pages) != 1 || len(c.Features) != 1 || len(c.Tracks) != 1 || len(c.Guides) != 1 {
		t.Errorf("not every table is in the file: %+v", c)
	}
	var tables map[string]any
	if err := toml.Unmarshal([]byte(file), &tables); err != nil {
		t.Fatal(err)
	}
	keys := wantKeys(t, reflect.TypeFor[Config](), tables, "")
	if keys < 85 {
		t.Errorf("only %d keys were compared", keys)
	}
}

// wantKeys checks that values has a key for each tagged field, and returns how many there are.
func wantKeys(t *testing.T, of reflect.Type, values map[string]any, path string) (keys int) {
	for i := range of.NumField() {
		field := of.Field(i)
		key, tagged := field.Tag.Lookup("toml")
		if !field.IsExported() {
			continue
		}
		if !tagged {
			t.Errorf("%s.%s has no tag", of, field.Name)
			continue
		}
		value, found := values[key]
		if !found {
			t.Errorf("%s%s is not in the file", path, key)
			continue
		}
		keys++
		inner := field.Type
		if inner == reflect.TypeFor[[]*hook.Webhook]() {
			inner = reflect.TypeFor[[]hook.Spec]()
		}
		if inner.Kind() == reflect.Slice {
			if list, ok := value.([]any); ok && len(list) > 0 {
				inner, value = inner.Elem(), list[0]
			}
		}
		if table, ok := value.(map[string]any); ok && inner.Kind() == reflect.Struct {
			keys += wantKeys(t, inner, table, path+key+".")
		}
	}
	return keys
}

// TestShippedConfigExplainsEveryKey holds that each key's line ends in a comment and is no wider than a screen.
func TestShippedConfigExplainsEveryKey(t *testing.T) {
	for i, line := range strings.Split(uncommented(shipped(t)), "\n") {
		if _, _, isKey := strings.Cut(line, " = "); isKey && line[0] != '#' && !strings.Contains(line, " # ") {
			t.Errorf("line %d has no comment: %s", i+1, line)
		}
		if len(line) > 120 {
			t.Errorf("line %d is %d characters wide: %s", i+1, len(line), line)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	c := load(t, "")
	if got, want := c.Summary(), "0 apps, 0 webhooks"; got != want {
		t.Errorf("summary is %q, want %q", got, want)
	}
	if !reflect.DeepEqual(c, defaults()) {
		t.Errorf("got %+v", c)
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	f := func(named, wantName, want string) {
		t.Helper()
		c, name, err := Find(named, []byte("[intake]\nlisten = '127.0.0.1:1'"))
		got := fmt.Sprint(err)
		if err == nil {
			got = c.Intake.Listen
		}
		if got != want || name != wantName {
			t.Errorf("Find(%q) = %s, %s; want %s, %s", named, got, name, want, wantName)
		}
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f("", "config.toml (built in)", "127.0.0.1:1")
	f("config.toml", "config.toml",
		"config.toml: there is no such file; name an existing one with --config, or leave --config out for the built-in one")
	write("config.toml", "[intake]\nlisten = '127.0.0.1:2'")
	f("", "config.toml", "127.0.0.1:2")
	write("other.toml", "[intake]\nlisten = '127.0.0.1:3'")
	f("other.toml", "other.toml", "127.0.0.1:3")
	f(filepath.Join("no", "such.toml"), "no/such.toml",
		"no/such.toml: there is no such file; name an existing one with --config, or leave --config out for the built-in one")
	f(".", ".", ".: read .: is a directory; make it a file that this user may read")
}

func TestVersion(t *testing.T) {
	if got := BuildVersion(); !strings.HasPrefix(got, "edgerelay "+Version+", commit ") || !strings.Contains(got, ", go1.") {
		t.Errorf("BuildVersion() = %q", got)
	}
}

func TestValues(t *testing.T) {
	t.Setenv("CRM_HOST", "crm.example.com")
	t.Setenv("CRM_SECRET", "hunter2")
	c := load(t, `
		[intake]
		listen = ":8484"
		body_max = "1MiB"
		cors_origins = ["https://example.com", "http://localhost:3000"]
		trusted_proxies = ["10.0.0.7", "fd00::/8", "192.168.1.77/16"]
		dedupe_window = 0
		[console]
		listen = "[::1]:0"
		[log]
		sync = "10ms"
		compression = "zstd"
		[delivery]
		timeout = "5m"
		schedule = ["5s", "5m", "30m", "2h"]
		disable_after = { failures = 0 }
		log_successes = 1
		log_size = "2GiB"
		allow_http = true
		[smtp]
		server = "mail.example.com:587"
		from = "edgerelay@example.com"
		[[app]]
		name = "shop"
		key = "k1"
		extra_keys = ["k2"]
		integration_keys = ["k4"]
		id = -323232
		subscription = { id = 4802463602049999 }
		upstream = "http://upstream.example.com/pendo/"
		segment_track = false
		exclude = { visitors = ["test-*", "*@example.com"] }
		[[app]]
		name = "größe"
		integration_keys = ["k3"]
		[[webhook]]
		name = "crm"
		url = "https://${CRM_HOST}/hook"
		secret = "${CRM_SECRET}"
		signature = "standard"
		app = "shop"
		events = ["page.viewed", "guide*:a,b"]
		rate = 0.5
		headers = { Authorization = "Bearer ${CRM_SECRET}", "X.Y" = "z" }
		[[webhook]]
		name = "plain"
		url = "http://example.com"
		retries = 0
		[[webhook]]
		name = "both"
		url = "https://example.com"
		retries = 3
		schedule = ["1s"]
		[[page]]
		id = "p"
		[[feature]]
		app = "shop"
		id = "f"
		page = "p"
		[[guide]]
		id = "g"
		created_at = "2026-01-31T15:04:05+01:00"`)
	f := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	f("body_max", c.Intake.BodyMax, int64(1<<20))
	f("trusted_proxies", fmt.Sprint(c.Intake.TrustedProxies), "[10.0.0.7/32 fd00::/8 192.168.0.0/16]")
	f("dedupe_window", c.Intake.DedupeWindow, time.Duration(0))
	f("sync", c.Log.Sync, 10*time.Millisecond)
	f("compression", c.Log.Compression, "zstd")
	f("failures", c.Delivery.DisableAfter, DisableAfter{0, 15 * time.Minute})
	f("log_successes", c.Delivery.LogSuccesses, 1.0)
	f("log_size", c.Delivery.LogSize, int64(2<<30))
	f("summary", c.Summary(), "2 apps, 3 webhooks (0 enabled)")

	shop, other := c.Apps[0], c.Apps[1]
	f("id", shop.ID, "-323232")
	f("subscription", shop.Subscription, Subscription{"4802463602049999", "shop"})
	f("upstream", shop.Upstream, "http://upstream.example.com/pendo")
	f("segment_track", shop.SegmentTrack, false)
	f("exclude", shop.Exclude.Visitors, []string{"test-*", "*@example.com"})
	f("default id", other.ID, `"größe"`)
	f("default subscription", other.Subscription, Subscription{`"größe"`, "größe"})
	f("default platform", other.Platform, "web")
	f("default segment_track", other.SegmentTrack, true)

	crm, plain, both := c.Webhooks[0], c.Webhooks[1], c.Webhooks[2]
	f("url", crm.Target.String(), "https://crm.example.com/hook")
	f("secret", crm.Secret, "hunter2")
	f("signature", crm.Signature, []string{"standard"})
	f("headers", crm.Header, []hook.Header{{Name: "Authorization", Value: "Bearer hunter2"}, {Name: "X.Y", Value: "z"}})
	f("burst", crm.Burst, 1)
	f("inherited schedule", crm.Schedule, c.Delivery.Schedule)
	f("inherited timeout", crm.Timeout, 5*time.Minute)
	f("inherited allow_http", plain.AllowHTTP, true)
	f("schedule where retries are set", plain.Schedule, []time.Duration(nil))
	f("retries", plain.Retries, 0)
	f("schedule where both are set", both.Schedule, []time.Duration{time.Second})
	f("created_at", c.Guides[0].CreatedAt.UTC(), time.Date(2026, 1, 31, 14, 4, 5, 0, time.UTC))
	f("kind", c.Guides[0].Kind, "guide")
}
