package relay

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// faulty checks that a file has exactly these faults: line, key and text of each in one line, without the file's name.
func faulty(t *testing.T, file string, want ...string) {
	t.Helper()
	_, err := LoadBytes("f", []byte(file))
	var faults Faults
	if err != nil && !errors.As(err, &faults) {
		t.Fatalf("%v is not of type Faults", err)
	}
	got := make([]string, len(faults))
	for i, f := range faults {
		got[i] = strings.TrimPrefix(f.String(), "f:")
	}
	if g, w := strings.Join(got, "\n  "), strings.Join(want, "\n  "); g != w {
		t.Errorf("%s\ngot\n  %s\nwant\n  %s", file, g, w)
	}
}

func TestIntakeFaults(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		faulty(t, "[intake]\n"+line, want...)
	}
	const listen = ` is not an address to listen on; write host and port like "127.0.0.1:8484", or ":8484" for all interfaces`
	f(`listen = "8484"`, `2: intake.listen: "8484"`+listen)
	f(`listen = ""`, `2: intake.listen: ""`+listen)
	f(`listen = "localhost:99999"`, `2: intake.listen: "localhost:99999"`+listen)
	f(`listen = "localhost:http"`, `2: intake.listen: "localhost:http"`+listen)
	f(`listen = "http://localhost:1"`, `2: intake.listen: "http://localhost:1"`+listen)
	f(`listen = 8484`, `2: intake.listen: must be a text in quotes, not a number`)
	f(`lisen = ":1"`, `2: intake.lisen: unknown key; did you mean "listen"?`)
	f(`port = 1`, `2: intake.port: unknown key; known are listen, body_max, tls_cert, tls_key, cors_origins, trusted_proxies, dedupe_window`)
	f(`body_max = "4M"`, `2: intake.body_max: "4M" is not a size; write it like "512KiB", "64MiB" or "20GiB"`)
	f(`body_max = 4194304`, `2: intake.body_max: must be a size in quotes such as "64MiB", not a number`)
	f(`body_max = "1B"`, `2: intake.body_max: 1B is out of range; it must be from 1KiB to 1GiB`)
	f(`body_max = 4MiB`, `2: intake.body_max: not valid TOML: strings must be quoted`)
	f(`tls_key = "k.pem"`, `2: intake.tls_key: is of no use without tls_cert; name the certificate's file too`)
	f(`tls_cert = "c.pem"`, `2: intake.tls_cert: is of no use without tls_key; name the key's file too`)
	f("tls_cert = 'c.pem'\ntls_key = 'k.pem'", `2: intake.tls_cert: cannot be used with tls_key: open c.pem: no such file or directory`)
	f(`cors_origins = "*"`, `2: intake.cors_origins: must be a list of texts such as ["a", "b"], not a text`)
	f(`cors_origins = ["https://a.example", "b.example", "https://c.example/"]`,
		`2: intake.cors_origins[1]: "b.example" is not an origin; write it like "https://example.com", or "*" for any`,
		`2: intake.cors_origins[2]: "https://c.example/" is not an origin; write it like "https://example.com", or "*" for any`)
	f(`trusted_proxies = ["10.0.0.0/33"]`,
		`2: intake.trusted_proxies[0]: "10.0.0.0/33" is not an address or a network; write it like "10.0.0.7" or "10.0.0.0/8"`)
	f(`trusted_proxies = ["proxy", 7]`,
		`2: intake.trusted_proxies[1]: must be a text in quotes, not a number`,
		`2: intake.trusted_proxies[0]: "proxy" is not an address or a network; write it like "10.0.0.7" or "10.0.0.0/8"`)
	f(`dedupe_window = "-1h"`, `2: intake.dedupe_window: -1h is out of range; it must be 0s or more`)
	f(`dedupe_window = "1d"`, `2: intake.dedupe_window: "1d" is not a duration; write it like "500ms", "30s", "5m" or "24h"`)
	f(`dedupe_window = 24`, `2: intake.dedupe_window: must be a duration in quotes such as "30s", not a number`)
}

func TestConsoleFaults(t *testing.T) {
	f := func(file string, want ...string) {
		t.Helper()
		faulty(t, file, want...)
	}
	const token = ` can be reached from other machines; set a token, or listen on 127.0.0.1`
	f("[console]\nlisten = ':8485'", `1: console.token: is missing, but :8485`+token)
	f("[console]\ntoken = ''\nlisten = '0.0.0.0:8485'", `2: console.token: is missing, but 0.0.0.0:8485`+token)
	f("[console]\nlisten = 'relay.example.com:8485'", `1: console.token: is missing, but relay.example.com:8485`+token)
	f("[console]\nlisten = ':8485'\ntoken = 'x'")
	f("[console]\nread_token = 'look'", `2: console.read_token: is of no use without a token, since everybody may do everything; set that too`)
	f("[console]\ntoken = 'look'\nread_token = 'look'", `3: console.read_token: is the token itself; give each its own`)
	const carry = `console.token: has a character that a header cannot carry; use letters, digits and signs of ASCII, without spaces`
	f("[console]\ntoken = 'pass word'", "2: "+carry)
	f("[console]\nlisten = ':8485'\ntoken = 'schlüssel'", "3: "+carry)
	f("[console]\ntoken = \"t0ken\\n\"", "2: "+carry)
	f("[console]\ntoken = '!#$%&()*+,-./:;<=>?@[]^_`{|}~'")
	f("[console]\nlisten = 'localhost:8485'")
	f("[console]\nlisten = '127.0.0.2:8485'")
	f("[console]\nlisten = ':8485'\ntoken = '${EDGERELAY_NO_SUCH}'",
		`3: console.token: the environment variable EDGERELAY_NO_SUCH is not set; set it before the start or write the value here`)
	f("[console]\nlisten = '127.0.0.1:8484'", `2: console.listen: is the intake's listener too; give each its own port`)
	f("[console]\nlisten = '127.0.0.1:0'\n[intake]\nlisten = '127.0.0.1:0'")
}

func TestLogFaults(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		faulty(t, "[log]\n"+line, want...)
	}
	f(`dir = ""`, `2: log.dir: is empty; name the folder that keeps the events`)
	f(`sync = "never"`, `2: log.sync: "never" is not a duration or "always"; write it like "500ms", "30s", "5m" or "24h"`)
	f(`sync = true`, `2: log.sync: must be a duration in quotes such as "30s" or "always", not true or false`)
	f(`sync = "1us"`, `2: log.sync: 1us is out of range; it must be from 1ms to 1m or "always"`)
	f(`sync = 0`, `2: log.sync: 0 is out of range; it must be from 1ms to 1m or "always"`)
	f(`retain = "0s"`, `2: log.retain: 0s is out of range; it must be 1s or more`)
	f(`size_max = "100KiB"`, `2: log.size_max: 100KiB is out of range; it must be 1MiB or more`)
	f(`memory = -1`, `2: log.memory: must be a size in quotes such as "64MiB", not a number`)
	f(`compression = "gzip"`, `2: log.compression: unknown value "gzip"; known are none, s2, zstd`)
	f(`compression = "ztsd"`, `2: log.compression: unknown value "ztsd"; did you mean "zstd"?`)
}

func TestDeliveryFaults(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		faulty(t, "[delivery]\n"+line, want...)
	}
	f(`timeout = "6m"`, `2: delivery.timeout: 6m is out of range; it must be from 1ms to 5m`)
	f(`timeout = "0s"`, `2: delivery.timeout: 0s is out of range; it must be from 1ms to 5m`)
	f(`retries = -1`, `2: delivery.retries: -1 is out of range; it must be from 0 to 1000`)
	f(`retries = "5"`, `2: delivery.retries: must be a whole number, without quotes, not a text`)
	f(`backoff = "10m"`, `1: delivery.backoff_max: 5m is shorter than backoff, 10m; make it at least as long`)
	f("backoff = '2s'\nbackoff_max = '1s'", `3: delivery.backoff_max: 1s is shorter than backoff, 2s; make it at least as long`)
	f(`in_flight = 0`, `2: delivery.in_flight: 0 is out of range; it must be from 1 to 1024`)
	f(`schedule = ["5s", "-5m", 30]`, `2: delivery.schedule[1]: -5m is out of range; it must be from 0s to 168h`,
		`2: delivery.schedule[2]: must be a duration in quotes such as "30s", not a number`)
	f(`disable_after = 50`, `2: delivery.disable_after: must be a table, not a number`)
	f(`disable_after = { failures = -1, within = "15", x = 1 }`, `2: delivery.disable_after.failures: -1 is out of range; it must be from 0 to 2147483647`,
		`2: delivery.disable_after.within: "15" is not a duration; write it like "500ms", "30s", "5m" or "24h"`,
		`2: delivery.disable_after.x: unknown key; known are failures, within`)
	f(`allow_http = "yes"`, `2: delivery.allow_http: must be true or false, without quotes, not a text`)
	f(`log_successes = 1.5`, `2: delivery.log_successes: 1.5 is out of range; it must be from 0 to 1`)
	f(`log_successes = "1%"`, `2: delivery.log_successes: must be a number, without quotes, not a text`)
	f(`log_size = "1KiB"`, `2: delivery.log_size: 1KiB is out of range; it must be 1MiB or more`)
	f(`user_agent = "a\nb"`, `2: delivery.user_agent: must be one line of plain ASCII text; leave it out for "edgerelay/0.1.0"`)
	f(`user_agent = ""`, `2: delivery.user_agent: must be one line of plain ASCII text; leave it out for "edgerelay/0.1.0"`)
}

func TestTelemetryFaults(t *testing.T) {
	f := func(lines string, want ...string) {
		t.Helper()
		faulty(t, "[telemetry]\n"+lines, want...)
	}
	f("otlp = 'localhost:4318'", `2: telemetry.otlp: "localhost:4318" is no URL of a collector; write it like "http://127.0.0.1:4318"`)
	f("otlp = 'https://a:b@otlp.example.com'", `2: telemetry.otlp: holds a user or password; put them into headers, as Authorization`)
	f("sample = 1.5", `2: telemetry.sample: 1.5 is out of range; it must be from 0 to 1`)
	f("headers = { A = 'x' }", `1: telemetry.otlp: is missing beside headers; set it like "http://127.0.0.1:4318", or leave headers out`)
	f("otlp = 'http://a:1'\nheaders = { 'a b' = 'x' }", `3: telemetry.headers.a b: is not a name that a header can have; use letters, digits and -`)
	f("otlp = 'http://a:1'\nheaders = { A = \"x\\ny\" }", `3: telemetry.headers.A: has a line break or control character in its value; leave it out`)
}

func TestSMTPFaults(t *testing.T) {
	f := func(lines string, want ...string) {
		t.Helper()
		faulty(t, "[smtp]\n"+lines, want...)
	}
	f("server = 'mail.example.com'\nfrom = 'a@example.com'", `2: smtp.server: "mail.example.com" is not a host and port; write it like "mail.example.com:587"`)
	f("server = 'mail.example.com:587'", `1: smtp.from: must be the sender's mail address, like "edgerelay@example.com"`)
	f("server = 'mail.example.com:587'\nfrom = 'relay'", `3: smtp.from: must be the sender's mail address, like "edgerelay@example.com"`)
	const missing = `1: smtp.server: is missing; set it like "mail.example.com:587", or leave all of smtp empty for no mail`
	const sender = `smtp.from: must be the sender's mail address, like "edgerelay@example.com"`
	f("password = 'x'", missing, "1: "+sender, `1: smtp.username: is missing beside password; set both or neither`)
	f("from = 'relay'", missing, "2: "+sender)
	f("from = 'a@example.com'", missing)
	f("server = ''\nfrom = ''\nusername = ''\npassword = ''")
	const unset = `the environment variable UNSET_HERE is not set; set it before the start or write the value here`
	f("server = '${UNSET_HERE}'\nfrom = 'relay'\npassword = 'x'\nusername = '${UNSET_HERE}'", "2: smtp.server: "+unset, "3: "+sender, "5: smtp.username: "+unset)
	f("server = 'm:25'\nfrom = '${UNSET_HERE}'\npassword = '${UNSET_HERE}'", "1: smtp.username: is missing beside password; set both or neither", "3: smtp.from: "+unset, "4: smtp.password: "+unset)
	f("server = 'm:25'\nfrom = 'a@b.example'\npassword = 'x'", `1: smtp.username: is missing beside password; set both or neither`)
	f("tls = 'ssl'", `2: smtp.tls: unknown value "ssl"; known are starttls, tls, none`)
	f("tls = true", `2: smtp.tls: must be a text in quotes, not true or false`)
}

func TestAppFaults(t *testing.T) {
	f := func(lines string, want ...string) {
		t.Helper()
		faulty(t, "[[app]]\n"+lines, want...)
	}
	const key = `must be letters, digits and signs such as "-" and "_", without spaces and without any of / ? # % : " \`
	f("key = 'k'", `1: app[0]: name: is missing; give the app a name of its own`)
	f("name = 7\nkey = 'k'", `2: app[0]: name: must be a text in quotes, not a number`)
	f("name = 'a'", `1: app "a": key: is missing, so nobody could send; set key to the SDK's API key, or integration_keys for servers alone`)
	f("name = 'a'\nkey = 'k'\n[[app]]\nname = 'a'\nkey = 'l'", `5: app "a": name: "a" is the name of an earlier app; give each its own`)
	f("name = 'a'\nkey = 'k'\n[[app]]\nname = 'b'\nkey = 'k'", `6: app "b": key: is a key of the app "a" already; give each app keys of its own`)
	f("name = 'a'\nkey = 'k'\nextra_keys = ['l', 'k']", `4: app "a": extra_keys[1]: is a key of the app "a" already; give each app keys of its own`)
	f("name = 'a'\nkey = 'k'\nextra_keys = ['l']\nintegration_keys = ['m', 'l']\n[[app]]\nname = 'b'\nkey = 'm'",
		`5: app "a": integration_keys[0]: is a key of the SDKs of the app "b", which every browser knows; give servers another one`,
		`5: app "a": integration_keys[1]: is a key of the SDKs of the app "a", which every browser knows; give servers another one`)
	f("name = 'a'\nkey = 'k/l'\nextra_keys = ['']\nintegration_keys = ['ä']", `3: app "a": key: `+key, `4: app "a": extra_keys[0]: `+key,
		`5: app "a": integration_keys[0]: `+key)
	f("name = 'a'\nkey = 'k'\nid = 1.5", `4: app "a": id: must be a whole number or a text in quotes, not a number with a fraction`)
	f("name = 'a'\nkey = 'k'\nid = ''", `4: app "a": id: is empty; set a number or a text, or leave it out`)
	f("name = 'a'\nkey = 'k'\nplatform = ''", `4: app "a": platform: is empty; leave it out for "web"`)
	f("name = 'a'\nkey = 'k'\nsubscription = 'x'", `4: app "a": subscription: must be a table, not a text`)
	f("name = 'a'\nkey = 'k'\n[app.subscription]\nid = []\nnam = ''", `5: app "a": subscription.id: must be a whole number or a text in quotes, not a list`,
		`6: app "a": subscription.nam: unknown key; did you mean "name"?`)
	f("name = 'a'\nkey = 'k'\nexclude = { visitors = [''], accounts = 'x' }",
		`4: app "a": exclude.visitors[0]: is empty; write something or leave the entry out`,
		`4: app "a": exclude.accounts: must be a list of texts such as ["a", "b"], not a text`)
	const upstream = `4: app "a": upstream: is not an http or https URL without user, query and fragment; write it like "https://data.pendo.io"`
	f("name = 'a'\nkey = 'k'\nupstream = 'data.pendo.io'", upstream)
	f("name = 'a'\nkey = 'k'\nupstream = 'https://u:p@data.pendo.io'", upstream)
	f("name = 'a'\nkey = 'k'\nupstream = 'http://data.pendo.io'", `4: app "a": upstream: is plain http; use https, or set allow_http = true in [delivery]`)
	f("name = 'a'\nkey = 'k'\nwebhook_secret_previous = 'x'",
		`4: app "a": webhook_secret_previous: is of no use without webhook_secret; set that to the new one`)
	f("name = 'a'\nkey = 'k'\nsegment_track = 'no'", `4: app "a": segment_track: must be true or false, without quotes, not a text`)
	faulty(t, "[app]\nname = 'a'\nkey = 'k'", `1: app: is a list of tables; write [[app]]`)
}

func TestWebhookFaults(t *testing.T) {
	f := func(lines string, want ...string) {
		t.Helper()
		faulty(t, "[[webhook]]\n"+lines, want...)
	}
	f("url = 'https://a.example'", `1: webhook[0]: name: is missing; give the webhook a name of its own`)
	f("name = 'a'", `1: webhook "a": url: is missing; set the address that deliveries are posted to, such as "https://example.com/hook"`)
	f("name = 'a'\nurl = 'https://a.example'\n[[webhook]]\nname = 'a'\nurl = 'https://a.example'",
		`5: webhook "a": name: "a" is the name of an earlier webhook; give each its own`)
	const export = "name = 'a'\ntype = 'mail'\nsettings = { to = 'a@example.com' }\nevents = ['*']\n"
	f(export+"enabled = true", `3: webhook "a": type: "mail" needs a mail server; set [smtp] server and from`)
	f(export)
	f("name = 'a'\nurl = 'a.example'", `3: webhook "a": url: is not an http or https URL; write it like "https://example.com/hook"`)
	f("name = 'a'\nurl = 'http://a.example'", `3: webhook "a": url: is plain http; use https, or set allow_http = true in the config file when everybody on the way may read it`)
	f("name = 'a'\nurl = 'http://a.example'\nallow_http = true")
	f("name = 'a'\nurl = 'https://10.0.0.1'", `3: webhook "a": url: leads to the private address 10.0.0.1; set allow_private = true in the config file when that is meant`)
	f("name = 'a'\nurl = 'http://127.0.0.1:1'\nallow_private = true")
	f("name = 'a'\nurl = 5\nevents = ['x*']", `3: webhook "a": url: must be a text in quotes, not a number`,
		`4: webhook "a": events[0]: "x*" fits no event; names are those of Pendo, such as "pageLoaded", "featureClicked", "trackEventReceived", or "*" for all`)
	f("name = 'a'\nurl = 'https://${EDGERELAY_NO_SUCH}/'",
		`3: webhook "a": url: the environment variable EDGERELAY_NO_SUCH is not set; set it before the start or write the value here`)
	f("name = 'a'\ntype = 'urrl'\nwrite_key = 'k'", `3: webhook "a": type: unknown type "urrl"; did you mean "url"?`)
	const url = "name = 'a'\nurl = 'https://a.example'\n"
	f(url+"enabled = true", `1: webhook "a": events: is empty, so nothing would be sent; add events such as ["pageLoaded"] or ["*"], or set enabled = false`)
	f(url+"events = [\n'pageLoaded',\n'pageLoadd',\n'feature.*:a*b',\n]", `6: webhook "a": events[1]: unknown event "pageLoadd"; did you mean "pageLoaded"?`,
		`7: webhook "a": events[2]: ID "a*b" has a * before its end; a * stands for the rest of the text and ends it`)
	f(url+"events = 'pageLoaded'", `4: webhook "a": events: must be a list of texts such as ["a", "b"], not a text`)
	f(url+"app = 'shop'", `4: webhook "a": app: there is no app "shop"; name a configured one, or leave app out for all`)
	f(url+"properties = ['1','2','3','4','5','6','7','8','9','10','11']", `4: webhook "a": properties: names 11 fields; at most 10 are sent`)
	f(url+"format = 'pendodotted'", `4: webhook "a": format: unknown format "pendodotted"; did you mean "pendo-dotted"?`)
	f(url+"signature = ['pendo']", `4: webhook "a": signature: needs a secret to sign with; set secret, or leave signature out`)
	f(url+"secret = 'x'\nsignature = ['pend']", `5: webhook "a": signature[0]: unknown signature "pend"; did you mean "pendo"?`)
	f(url+"secret = 'x'\nsignature = 'none'", `5: webhook "a": signature[0]: unknown signature "none"; known are pendo, pendo-bare, standard, github, userpilot`)
	f(url+"order = 'account'", `4: webhook "a": order: unknown order "account"; known are none, visitor`)
	f(url+"rate = -1", `4: webhook "a": rate: -1 is out of range; it must be 0 or more`)
	f(url+"burst = 5", `4: webhook "a": burst: is of no use without a rate; set rate too, or leave burst out`)
	f(url+"rate = 'fast'\nburst = 5", `4: webhook "a": rate: must be a number, without quotes, not a text`)
	f(url+"in_flight = 5000", `4: webhook "a": in_flight: 5000 is out of range; it must be from 1 to 1024`)
	f(url+"timeout = '10m'", `4: webhook "a": timeout: 10m is out of range; it must be from 1ms to 5m`)
	f(url+"retries = -1", `4: webhook "a": retries: -1 is out of range; it must be from 0 to 1000`)
	f(url+"owner = 'me'", `4: webhook "a": owner: "me" is not a mail address; write it like "name@example.com"`)
	f(url+"headers = { 'X-A' = 'x', 'Host' = 'y' }", `4: webhook "a": headers.Host: is set by the relay itself; leave it out`)
	f(url+"[webhook.headers]\nX-A = 'x'\nX-B = 7", `6: webhook "a": headers.X-B: must be a text in quotes, not a number`)
	f(url+"evnts = ['*']\nseceret = 'x'", `4: webhook "a": evnts: unknown key; did you mean "events"?`, `5: webhook "a": seceret: unknown key; did you mean "secret"?`)
	f(url+"url = 'https://b.example'", `4: webhook "a": url: stands in line 3 already; keep one of the two`)
	// An app whose name cannot be read may be the one that is meant.
	f(url+"app = 'shop'\n[[app]]\nname = 1\nkey = 'k'", `6: app[0]: name: must be a text in quotes, not a number`)
}

func TestCatalogFaults(t *testing.T) {
	const app = "[[app]]\nname = 'a'\nkey = 'k'\n" // three lines
	f := func(lines string, want ...string) {
		t.Helper()
		faulty(t, app+lines, want...)
	}
	f("[[page]]\napp = 'b'\nid = 'p'", `5: page "p": app: there is no app "b"; name a configured one, or leave app out for all`)
	f("[[page]]\nname = 'P'", `4: page[0]: id: is missing; set the ID that events and selections show`)
	f("[[page]]\nid = 'p'\n[[page]]\nid = 'p'", `7: page "p": id: "p" is the ID of an earlier page of this app; give each its own`)
	f("[[page]]\nid = 'p'\n[[page]]\napp = 'a'\nid = 'p'")
	f("[[page]]\nid = 'p'\nrules = ['//x', '']", `6: page "p": rules[1]: is empty; write something or leave the entry out`)
	f("[[feature]]\nid = 'f'\npage = 'p'", `6: feature "f": page: there is no page "p" of this app; add it as a [[page]], or leave page out for all pages`)
	f("[[page]]\nid = 'p'\nrules = ['/a', 'a']",
		`6: page "p": rules[1]: the rule starts with neither "//", "https://" nor "/"; write "//a" if it starts with a host, "/a" if with a path`)
	f("[[feature]]\nid = 'f'\nselectors = ['#a', 'a >']", `6: feature "f": selectors[1]: an element is missing, at the end`)
	f("[[feature]]\nid = 'f'\nselectors = '#x'", `6: feature "f": selectors: must be a list of texts such as ["a", "b"], not a text`)
	f("[[track]]\nid = 't'", `4: track "t": name: is missing; set the name of the track events that get this ID`)
	f("[[guide]]\nid = 'g'\nkind = 'survey'", `6: guide "g": kind: unknown value "survey"; known are guide, poll, nps`)
	f("[[guide]]\nid = 'g'\ncreated_at = 2026-01-31", `6: guide "g": created_at: must be a date with time and zone such as 2026-01-31T15:04:05Z, not a date without time zone`)
	f("[[guide]]\nid = 'g'\nsteps = [{ id = 's' }, { id = 's' }, {}, 'x']",
		`6: guide "g": steps[3]: must be a table, not a text`,
		`6: guide "g": steps "s": id: "s" is the ID of an earlier step; give each its own`,
		`6: guide "g": steps[2]: id: is missing; set the step's ID`)
}

// TestAllFaultsAtOnce holds that one broken file tells everything about itself, in the order of its lines.
func TestAllFaultsAtOnce(t *testing.T) {
	faulty(t, `
lsiten = 1
[intake]
listen = "nowhere"
body_max = 4MiB
[consol]
token = "x"
[delivery]
timeout = "1h"
[[app]]
name = "demo"
key = "${EDGERELAY_NO_SUCH}"
[[webhook]]
name = "crm"
url = "ftp://example.com"
app = "dmeo"
events = ["pageLoaded", "clicked*"]
[delivery]
retries = 5.0
`,
		`2: lsiten: unknown key; known are intake, console, log, delivery, smtp, telemetry, app, webhook, page, feature, track, guide`,
		`4: intake.listen: "nowhere" is not an address to listen on; write host and port like "127.0.0.1:8484", or ":8484" for all interfaces`,
		`5: intake.body_max: not valid TOML: strings must be quoted`,
		`6: consol: unknown key; did you mean "console"?`,
		`9: delivery.timeout: 1h is out of range; it must be from 1ms to 5m`,
		`12: app "demo": key: the environment variable EDGERELAY_NO_SUCH is not set; set it before the start or write the value here`,
		`15: webhook "crm": url: is not an http or https URL; write it like "https://example.com/hook"`,
		`16: webhook "crm": app: there is no app "dmeo"; name a configured one, or leave app out for all`,
		`17: webhook "crm": events[1]: "clicked*" fits no event; names are those of Pendo, such as "pageLoaded", "featureClicked", "trackEventReceived", or "*" for all`,
		`18: delivery: stands in line 8 already; put these keys there`,
		`19: delivery.retries: must be a whole number, without quotes, not a number with a fraction`)
}

// TestFaultsShowNoSecret holds that values of the environment stay out of messages.
func TestFaultsShowNoSecret(t *testing.T) {
	t.Setenv("SECRET", "hunter2/%")
	_, err := LoadBytes("f", []byte(`
		[console]
		listen = "0.0.0.0:1"
		token = "${SECRET}"
		[delivery]
		timeout = "${SECRET}"
		[[app]]
		name = "a"
		key = "${SECRET}"
		integration_keys = ["${SECRET}"]
		upstream = "${SECRET}"
		[[webhook]]
		name = "w"
		url = "https://example.com/${SECRET}"
		secret = "whsec_${SECRET}"
		signature = ["standard"]
		[[webhook]]
		name = "v"
		url = "${SECRET}"
		secret = ""
		write_key = "${SECRET}"
		headers = { Host = "${SECRET}" }`))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the faults are\n%v", err)
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, cert, key)
	lines := "[intake]\ntls_cert = '" + cert + "'\ntls_key = '" + key + "'"
	faulty(t, lines)
	if err := os.WriteFile(key, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	faulty(t, lines, `2: intake.tls_cert: cannot be used with tls_key: tls: failed to find any PEM data in key input`)
}

// FuzzLoad holds that no file makes Load panic, and that a fault always says something and where.
func FuzzLoad(f *testing.F) {
	data, err := os.ReadFile("../config.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add(uncommented(string(data)))
	f.Add("[[webhook]]\nname = 'a'\nurl = 'https://a'\nheaders.a.b = 1\nevents = [[], {}, 1, '*:*']\nschedule = [{}]\n[[app]]\n[app.exclude]")
	f.Add("app = [1, [], {}]\nwebhook = {}\n[intake.listen]\n[[log]]\n[[log]]")
	f.Fuzz(func(t *testing.T, file string) {
		c, err := LoadBytes("f", []byte(file))
		var faults Faults
		if (c == nil) != (err != nil) || err != nil && !errors.As(err, &faults) {
			t.Fatalf("%v, %v", c, err)
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Line > strings.Count(file, "\n")+1 || fault.Text == "" {
				t.Fatalf("%+v", fault)
			}
		}
	})
}
