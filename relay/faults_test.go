package relay

import (
	"errors"
	"fmt"
	"maps"
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
