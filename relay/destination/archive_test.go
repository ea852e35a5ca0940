package destination

import (
	"slices"
	"strings"
	"testing"
)

// made makes the plan of a type by its name.
func made(t *testing.T, name, url string, settings map[string]string) (*Plan, []Fault) {
	t.Helper()
	kind, ok := ByName(name)
	if !ok {
		t.Fatalf("there is no type %q", name)
	}
	return kind.Make(Settings{Webhook: "product", URL: url, More: settings})
}

// with is settings with more of them.
func with(settings map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for name, value := range settings {
		all[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func TestS3Plan(t *testing.T) {
	bucket := map[string]string{"bucket": "my.events-1"}
	f := func(url string, settings map[string]string, want string) {
		t.Helper()
		plan, faults := made(t, "s3", url, settings)
		if len(faults) > 0 {
			t.Fatalf("%v: %v", settings, faults)
		}
		if got := plan.URL.String(); got != want || !plan.Carrier || !plan.Archive || plan.Batch.Count < 2 || plan.Batch.Age == 0 {
			t.Errorf("%v: %s, want %s; %+v", settings, got, want, plan)
		}
	}
	f("", bucket, "https://s3.us-east-1.amazonaws.com")
	f("", with(bucket, "region", "eu-central-1"), "https://s3.eu-central-1.amazonaws.com")
	f("http://minio.local:9000", with(bucket, "access_key", "a", "secret_key", "b"), "http://minio.local:9000")
	f("https://minio.local/", bucket, "https://minio.local")
}

func TestArchiveBody(t *testing.T) {
	f := func(settings map[string]string, open, between, end, form string) {
		t.Helper()
		plan, faults := made(t, "s3", "", with(settings, "bucket", "events"))
		if len(faults) > 0 {
			t.Fatalf("%v: %v", settings, faults)
		}
		if b := plan.Body; b.Open != open || b.Between != between || b.Close != end || b.Item == nil || plan.Settings.Of("format") != form {
			t.Errorf("%v: %q %q %q, format %q", settings, b.Open, b.Between, b.Close, plan.Settings.Of("format"))
		}
	}
	f(nil, "", "\n", "\n", "ndjson")
	f(map[string]string{"format": "ndjson"}, "", "\n", "\n", "ndjson")
	f(map[string]string{"format": "csv", "columns": "time,Who=visitorId"}, "time,Who\r\n", "\r\n", "\r\n", "csv")
}

func TestArchiveFaults(t *testing.T) {
	refused := func(kind, url string, settings map[string]string, field, part string) {
		t.Helper()
		_, faults := made(t, kind, url, settings)
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Field == field && strings.Contains(f.Text, part) }) {
			t.Errorf("%s %v: %v, want %s: %s", kind, settings, faults, field, part)
		}
	}
	bucket := map[string]string{"bucket": "events"}
	refused("s3", "", nil, "settings.bucket", "is missing")
	for _, name := range []string{"UP", "a", "a..b", "-ab", "10.0.0.1", "a/b", "a_b"} {
		refused("s3", "", map[string]string{"bucket": name}, "settings.bucket", "is no bucket's name")
	}
	refused("s3", "", with(bucket, "region", "eu/x"), "settings.region", "is no region")
	refused("s3", "", with(bucket, "access_key", "a"), "settings.secret_key", "goes with access_key")
	refused("s3", "", with(bucket, "secret_key", "a"), "settings.secret_key", "goes with access_key")
	refused("s3", "", with(bucket, "access_key", "a b", "secret_key", "c"), "settings.access_key", "has a space")
	refused("s3", "https://x.example/bucket", bucket, "url", "without a path")
	for _, prefix := range []string{"a//b", "../x", "a/./b", "/", "//", "a\\b", "a\x00"} {
		refused("s3", "", with(bucket, "prefix", prefix), "settings.prefix", "")
	}
	refused("s3", "", with(bucket, "prefix", strings.Repeat("x", 501)), "settings.prefix", "is 501 bytes long")
	refused("s3", "", with(bucket, "format", "csv", "columns", "time,visitor"), "settings.columns", `"visitor" is no column`)
	refused("s3", "", with(bucket, "format", "xml"), "settings.format", "use one of ndjson, csv")
	refused("s3", "", with(bucket, "compression", "brotli"), "settings.compression", "use one of")
}

// hostKey is a public key, whose private half was thrown away.
const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq4gmN3pyHx3UOpzzmNlbHyXnfRNjcVMBU3RtLmWAhR"

func TestSFTPPlan(t *testing.T) {
	good := map[string]string{"host": "files.example.com", "user": "relay", "password": "p", "host_key": hostKey}
	if plan, faults := made(t, "sftp", "", good); len(faults) > 0 || !plan.Carrier || !plan.Archive || plan.URL.String() != "sftp://files.example.com:22/" {
		t.Fatalf("%v, %+v", faults, plan)
	}
	f := func(url, field, part string, more ...string) {
		t.Helper()
		_, faults := made(t, "sftp", url, with(good, more...))
		if len(faults) != 1 || faults[0].Field != field || !strings.Contains(faults[0].Text, part) {
			t.Errorf("%v: %v, want %s: %s", more, faults, field, part)
		}
	}
	f("https://files.example.com", "url", "set settings.host")
	f("", "settings.host", "is not a host", "host", "sftp://files.example.com")
	f("", "settings.host", "is not a host", "host", "relay@files.example.com")
	f("", "settings.host", "is not a host", "host", "files.example.com:0")
	f("", "settings.password", "set one of them", "password", "")
	f("", "settings.private_key", "is no private key", "private_key", "x")
	f("", "settings.host_key", "is missing", "host_key", "")
	f("", "settings.host_key", "run ssh-keyscan", "host_key", "any")
	f("", "settings.host_key", "run ssh-keyscan", "host_key", "SHA256:short")
	f("", "settings.host_key", "holds no key", "host_key", "# nothing\n")
	f("", "settings.host_key", "marked @revoked", "host_key", hostKey+"\n@revoked files.example.com "+hostKey)
	f("", "settings.host_key", "marked @revoked", "host_key", "@revoked "+hostKey)
	f("", "settings.host_key", "or @cert-authority", "host_key", "@cert-authority *.example.com "+hostKey)
	f("", "settings.path", `without ".."`, "path", "/a/../b")
}

func TestSSHAddress(t *testing.T) {
	f := func(host, want string) {
		t.Helper()
		if got, err := SSHAddress(host); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", host, got, err, want)
		}
	}
	f("files.example.com", "files.example.com:22")
	f("files.example.com:2222", "files.example.com:2222")
	f("192.0.2.1", "192.0.2.1:22")
	f("2001:db8::1", "[2001:db8::1]:22")
	f("[2001:db8::1]", "[2001:db8::1]:22")
	f("[2001:db8::1]:23", "[2001:db8::1]:23")
	f("", "")
	f(":22", "")
	f("a:b:c", "")
	f("a:70000", "")
}

func TestParseHostKeys(t *testing.T) {
	f := func(text string, keys, fingerprints int) {
		t.Helper()
		h, err := ParseHostKeys(text)
		if err != nil || len(h.Keys) != keys || len(h.Fingerprints) != fingerprints {
			t.Errorf("%q: %+v, %v", text, h, err)
		}
	}
	f(hostKey, 1, 0)
	f(hostKey+" comment\n\n# x\n"+hostKey, 2, 0)
	f("files.example.com "+hostKey, 1, 0)
	f("[files.example.com]:2222,[192.0.2.1]:2222 "+hostKey+"\nSHA256:"+strings.Repeat("A", 43), 1, 1)
	f("256 SHA256:"+strings.Repeat("A", 43)+" root@files (ED25519)\n3072 SHA256:"+strings.Repeat("B", 43)+" no comment (RSA)", 0, 2)
}

func TestFilePlan(t *testing.T) {
	f := func(path string, ok bool) {
		t.Helper()
		plan, faults := made(t, "file", "", map[string]string{"path": path})
		if (len(faults) == 0) != ok || ok && (plan.URL.Scheme != "file" || plan.URL.Path == "") {
			t.Errorf("%q: %v", path, faults)
		}
	}
	f("", true)
	f("/var/lib/archive", true)
	f("/var/lib/archive/", true)
	f("archive", false)
	f("../archive", false)
	f("/var/../etc", false)
	f("/var//lib", false)
}

func TestArchiveSecrets(t *testing.T) {
	for name, want := range map[string]bool{"secret_key": true, "password": true, "private_key": true, "host_key": false, "access_key": false, "bucket": false} {
		if SecretSetting(name) != want {
			t.Errorf("%s: secret is %v", name, !want)
		}
	}
}

func TestExportPlan(t *testing.T) {
	bucket := map[string]string{"bucket": "events"}
	for _, every := range []string{"daily", "weekly", "monthly"} {
		plan, faults := made(t, "s3", "", with(bucket, "every", every))
		if len(faults) > 0 || plan.Settings.Of("format") != "csv" || plan.Settings.Of("at") != "02:00" || plan.Body.Open != "" {
			t.Errorf("%s: %v, %+v", every, faults, plan)
		}
	}
	plan, faults := made(t, "mail", "", map[string]string{"to": "a@example.com"})
	if len(faults) > 0 || plan.Settings.Of("every") != "daily" || plan.Settings.Of("format") != "csv" || plan.Settings.Of("compression") != "none" ||
		plan.Body.Open != "" || !plan.Carrier || !plan.Archive || plan.URL.String() != "mailto:///" {
		t.Errorf("%v, %+v", faults, plan)
	}
	refused := func(kind, url string, settings map[string]string, field, part string) {
		t.Helper()
		_, faults := made(t, kind, url, settings)
		if len(faults) != 1 || faults[0].Field != field || !strings.Contains(faults[0].Text, part) {
			t.Errorf("%s %v: %v, want %s: %s", kind, settings, faults, field, part)
		}
	}
	refused("s3", "", with(bucket, "every", "hourly"), "settings.every", "use one of daily, weekly, monthly")
	refused("s3", "", with(bucket, "every", "daily", "at", "25:00"), "settings.at", "is no time of day")
	refused("mail", "", nil, "settings.to", "is missing")
	refused("mail", "", map[string]string{"to": "somebody"}, "settings.to", "is not a mail address")
	refused("mail", "", map[string]string{"to": "a@example.com,"}, "settings.to", "is not a mail address")
	refused("mail", "", map[string]string{"to": "A <a@example.com>"}, "settings.to", "is not a mail address")
	refused("mail", "", map[string]string{"to": strings.Repeat("a@example.com,", 20) + "a@example.com"}, "settings.to", "more than 20")
	refused("mail", "https://x.example", map[string]string{"to": "a@example.com"}, "url", "set settings.to")
	refused("mail", "", map[string]string{"to": "a@example.com", "columns": "x"}, "settings.columns", "is no column")
}
