package relay

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// broken are the keys of a webhook, each with a value that is wrong for every type or for those that have no use for it.
// None of them is wrong only beside another.
var broken = map[string]string{
	"name": `"a/b"`, "url": `"ftp://x"`, "write_key": `"a b"`, "access_token": `"a b"`, "region": `"nowhere"`, "settings.nope": `"1"`,
	"method": `"BREW"`, "body": `"{{"`, "secret": `"s3cret"`, "secret_previous": `"s3cret"`, "signature": `"nope"`, "enabled": `"yes"`,
	"app": `"nobody"`, "events": `["nope"]`, "where": `"("`, "drop": `[""]`, "hash": `["IP"]`, "properties": `["a", "a"]`, "format": `"nope"`,
	"order": `"sideways"`, "rate": `-1`, "burst": `-1`, "in_flight": `0`, "batch_events": `100000000`, "batch_bytes": `"1GiB"`,
	"batch_age": `"2h"`, "timeout": `"0s"`, "retries": `-1`, "schedule": `["-1s"]`, "probe": `true`, "owner": `"x"`,
	"headers": `{ "bad name" = "x" }`, "allow_private": `"yes"`, "allow_http": `"yes"`,
}

// TestFaultsHideNoOthers: of every type, any two keys that are wrong are both told, and so are the others with them.
func TestFaultsHideNoOthers(t *testing.T) {
	keys := slices.Sorted(maps.Keys(broken))
	for kind := range examples(t) {
		var file strings.Builder
		for i, a := range keys {
			write(&file, kind, fmt.Sprint(a), a)
			for _, b := range keys[i+1:] {
				write(&file, kind, a+" and "+b, a, b)
			}
		}
		write(&file, kind, "all", slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == "secret" })...)
		found := faultsByWebhook(t, file.String())
		// A key whose value is right for this type by itself has nothing to hide.
		wrong := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !found[key][key] })
		if len(wrong) < 25 {
			t.Errorf("%s: only %q are wrong", kind, wrong)
		}
		for i, a := range wrong {
			for _, b := range wrong[i+1:] {
				if both := found[a+" and "+b]; !both[a] || !both[b] {
					t.Errorf("%s: of %s and %s only %v are told", kind, a, b, slices.Sorted(maps.Keys(both)))
				}
			}
			if !found["all"][a] && a != "secret" { // beside which secret_previous is right where deliveries are signed
				t.Errorf("%s: where everything is wrong, %s is not told", kind, a)
			}
		}
	}
}

// write appends a webhook of a type with some keys broken. A comment says which, as its name may be among them.
func write(file *strings.Builder, kind, what string, keys ...string) {
	fmt.Fprintf(file, "[[webhook]] # %s\ntype = %q\n", what, kind)
	for _, key := range keys {
		fmt.Fprintf(file, "%s = %s\n", key, broken[key])
	}
}

// faultsByWebhook are the keys with faults of each webhook in a text, by the comment behind its header.
func faultsByWebhook(t *testing.T, text string) map[string]map[string]bool {
	t.Helper()
	var at []string // what each line belongs to
	what := ""
	for line := range strings.Lines(text) {
		if _, comment, header := strings.Cut(line, "[[webhook]] # "); header {
			what = strings.TrimSpace(comment)
		}
		at = append(at, what)
	}
	_, err := LoadBytes("f", []byte(text))
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	for _, f := range faults {
		if f.Line == 0 {
			t.Fatal(f)
		}
		what := at[f.Line-1]
		if found[what] == nil {
			found[what] = map[string]bool{}
		}
		_, key, _ := strings.Cut(f.Key, ": ")
		for name := range broken {
			if key == name || strings.HasPrefix(key, name+"[") || strings.HasPrefix(key, name+".") {
				found[what][name] = true
			}
		}
	}
	return found
}

// TestUnreadIsNotMissing: a text whose environment variable is not set is one fault. It is not told as well that the text
// were missing, or that another one is of no use without it.
func TestUnreadIsNotMissing(t *testing.T) {
	f := func(kind string, lines ...string) {
		t.Helper()
		file := fmt.Sprintf("[[webhook]]\nname = 'a'\nevents = ['*']\nenabled = true\ntype = '%s'\n%s", kind, strings.Join(lines, "\n"))
		at, key := 0, ""
		for i, line := range lines {
			if strings.Contains(line, "${UNSET_HERE}") {
				at, key = i+6, strings.Fields(line)[0]
			}
		}
		faulty(t, file, fmt.Sprintf("%d: webhook \"a\": %s: the environment variable UNSET_HERE is not set; set it before the start or write the value here", at, key))
	}
	const sftp = "settings.host = 'files.example.com'\nsettings.user = 'u'\nsettings.host_key = 'SHA256:0123456789012345678901234567890123456789012'"
	f("sftp", "settings.private_key = '${UNSET_HERE}'", sftp)
	f("sftp", "settings.password = '${UNSET_HERE}'", sftp)
	f("s3", "settings.region = 'eu-central-1'", "settings.bucket = 'archive'", "settings.access_key = '${UNSET_HERE}'", "settings.secret_key = 's'")
	f("mixpanel", "write_key = 'k'", "settings.project_id = '1'", "settings.service_account = '${UNSET_HERE}'", "settings.service_secret = 's'")
	f("zendesk", "url = '${UNSET_HERE}'", "access_token = 't'")
	f("ga4", "write_key = 'k'", "settings.measurement_id = '${UNSET_HERE}'")
	f("url", "secret = '${UNSET_HERE}'", "url = 'https://a.example'", "signature = ['standard']", "secret_previous = 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz'")
	f("url", "hash_key = '${UNSET_HERE}'", "url = 'https://a.example'", "hash = ['visitor_id']")

	faulty(t, "[smtp]\nserver = '${UNSET_HERE}'\nfrom = 'a@example.com'\n[[webhook]]\nname = 'a'\ntype = 'mail'\nevents = ['*']\nenabled = true\nsettings = { to = 'a@example.com', every = 'daily' }",
		`2: smtp.server: the environment variable UNSET_HERE is not set; set it before the start or write the value here`)
}

// TestEachTextUnread: of each documented webhook, any one text that cannot be read is one fault.
func TestEachTextUnread(t *testing.T) {
	texts := regexp.MustCompile(`"[^"\n]*"`)
	for kind, example := range examples(t) {
		known := documentedValues(t, example)
		lookup := func(name string) (string, bool) {
			value, _ := known(name)
			return value, name != "UNSET_HERE"
		}
		for _, at := range texts.FindAllStringIndex(example, -1) {
			text := example[:at[0]] + `"${UNSET_HERE}"` + example[at[1]:]
			var faults Faults
			if _, err := loadDocumented(text, lookup); !errors.As(err, &faults) {
				t.Fatalf("%s: %v\n%s", kind, err, text)
			}
			if line := 1 + strings.Count(example[:at[0]], "\n"); len(faults) != 1 || faults[0].Line != line {
				t.Errorf("%s: a text of line %d that cannot be read has the faults\n%v", kind, line, faults)
			}
		}
	}
}
