package hook

import (
	"fmt"
	"reflect"
	"testing"
)

// TestMasks: a mask stands for the value that is kept, and is refused where there is none.
func TestMasks(t *testing.T) {
	kept := Document{}.Merge(parse(t, `{"secret":"s3cret","headers":{"Authorization":"Bearer a","X-Team":"one"}}`))
	f := func(d Document, patch, secret, authorization string, want ...string) {
		t.Helper()
		spec, faults := d.Merge(parse(t, patch)).Apply(Spec{})
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Field)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: faults %v, want those of %v", patch, faults, want)
		}
		if want == nil && (spec.Secret != secret || spec.Headers["Authorization"] != authorization) {
			t.Errorf("%s: secret %q, Authorization %q", patch, spec.Secret, spec.Headers["Authorization"])
		}
	}
	f(kept, `{"secret":"••••","headers":{"Authorization":"••••","X-B":"2"}}`, "s3cret", "Bearer a")
	f(kept, `{"secret":"new"}`, "new", "Bearer a")
	f(kept, `{"secret":null,"headers":null}`, "", "")
	f(kept, `{"secret_previous":"••••"}`, "", "", "secret_previous")
	f(kept, `{"headers":{"authorization":"••••"}}`, "", "", "headers.authorization")
	f(Document{}, `{"secret":"••••","headers":{"Authorization":"••••"}}`, "", "", "secret", "headers.Authorization")
}

// TestMaskAddress: a URL that is a key goes in and never comes out, and what is shown in its place can be sent back.
func TestMaskAddress(t *testing.T) {
	const slack = "https://hooks.slack.com/services/T1/B2/c3?x=y"
	f := func(kind, url, want string) {
		t.Helper()
		spec := Spec{Type: kind, URL: url}
		if got := spec.View()["url"]; got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
	}
	f("slack", slack, "https://hooks.slack.com/••••")
	f("zapier", "https://hooks.zapier.com/hooks/catch/1/x/", "https://hooks.zapier.com/••••")
	f("slack", "https://proxy.example.com?key=1", "https://proxy.example.com/••••")
	f("slack", "https://proxy.example.com/", "https://proxy.example.com/")
	f("slack", "", "")
	f("url", "https://example.com/in?token=1", "https://example.com/in?token=••••")

	kept := Document{}.Merge(parse(t, `{"type":"slack","url":"`+slack+`"}`))
	if spec, faults := kept.Merge(parse(t, `{"url":"https://hooks.slack.com/••••","rate":2}`)).Apply(Spec{}); len(faults) > 0 || spec.URL != slack || spec.Rate != 2 {
		t.Errorf("%+v, %v", spec, faults)
	}
	if _, faults := (Document{}).Merge(parse(t, `{"type":"slack","url":"https://hooks.slack.com/••••"}`)).Apply(Spec{}); len(faults) != 1 || faults[0].Field != "url" {
		t.Errorf("a mask that stands for nothing: %v", faults)
	}
}

func parse(t *testing.T, text string) Document {
	t.Helper()
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestMergeSettings: settings change member by member, masked ones stay, and all of them go with their type.
func TestMergeSettings(t *testing.T) {
	kept := Document{}.Merge(parse(t, `{"type":"s3","settings":{"bucket":"b","access_key":"a","secret_key":"s3cret"},"region":"x","write_key":"w"}`))
	f := func(patch, settings, region string, want ...string) {
		t.Helper()
		spec, faults := kept.Merge(parse(t, patch)).Apply(Spec{})
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Field)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: faults %v, want those of %v", patch, faults, want)
		}
		if shown := fmt.Sprint(spec.Settings); want == nil && (shown != settings || spec.Region != region) {
			t.Errorf("%s: settings %s, region %q", patch, shown, spec.Region)
		}
	}
	f(`{"settings":{"bucket":"c"}}`, "map[access_key:a bucket:c secret_key:s3cret]", "x")
	f(`{"settings":{"secret_key":"••••","prefix":"p"},"write_key":"••••"}`, "map[access_key:a bucket:b prefix:p secret_key:s3cret]", "x")
	f(`{"settings":{"access_key":null,"secret_key":null}}`, "map[bucket:b]", "x", "settings.access_key")
	f(`{"settings":null}`, "map[]", "x", "settings.access_key")
	f(`{"type":"s3"}`, "map[access_key:a bucket:b secret_key:s3cret]", "x")
	f(`{"type":"sftp","settings":{"host":"h"}}`, "map[host:h]", "")
	f(`{"type":"sftp","settings":{"host":"h","secret_key":"••••"},"write_key":"••••"}`, "", "", "write_key", "settings.secret_key")
	f(`{"settings":{"prefix":"••••"}}`, "", "", "settings.prefix")
	f(`{"settings":7}`, "", "", "settings", "settings.access_key")
}

// TestSecretURL: a URL that is a key is shown as its host, is kept when that comes back, and stays with its type.
func TestSecretURL(t *testing.T) {
	const secret = "https://hooks.slack.com/services/T/B/abc"
	kept := Document{}.Merge(parse(t, `{"type":"slack","url":"`+secret+`"}`))
	f := func(patch, url string, want ...string) {
		t.Helper()
		spec, faults := kept.Merge(parse(t, patch)).Apply(Spec{})
		if len(faults) != len(want) || len(want) > 0 && faults[0].Field != want[0] {
			t.Fatalf("%s: faults %v, want those of %v", patch, faults, want)
		}
		if want == nil && spec.URL != url {
			t.Errorf("%s: url %q, want %q", patch, spec.URL, url)
		}
	}
	spec, _ := kept.Apply(Spec{})
	if shown := spec.View()["url"]; shown != "https://hooks.slack.com/••••" {
		t.Errorf("it is shown as %s", shown)
	}
	f(`{"url":"https://hooks.slack.com/••••"}`, secret)
	f(`{"url":"https://hooks.slack.com/services/x"}`, "https://hooks.slack.com/services/x")
	f(`{"url":"https://other.example/••••"}`, "", "url")
	f(`{"type":"url"}`, "")
	f(`{"type":"url","url":"https://hooks.slack.com/••••"}`, "")
	f(`{"type":"url","url":"https://example.com/"}`, "https://example.com/")
	f(`{"type":"zapier"}`, secret)
}

// TestLocal: what reaches this machine's files is made in the config file.
func TestLocal(t *testing.T) {
	_, faults := parse(t, `{"type":"file","settings":{"path":"/etc"}}`).Apply(Spec{})
	if len(faults) != 1 || faults[0].Field != "type" {
		t.Errorf("faults %v", faults)
	}
	_, faults = parse(t, `{"type":"s3","settings":{"bucket":"b"}}`).Apply(Spec{}) // by the machine's own credentials
	if len(faults) != 1 || faults[0].Field != "settings.access_key" {
		t.Errorf("faults %v", faults)
	}
	for _, offered := range AllChoices().Types {
		if offered.Local {
			t.Errorf("%s is offered", offered.Name)
		}
	}
}

// TestKeysStayWithTheirHost: a URL that changes its host takes no key along that its editor does not know.
func TestKeysStayWithTheirHost(t *testing.T) {
	f := func(kept, patch string, want ...string) {
		t.Helper()
		spec, faults := parse(t, kept).Merge(parse(t, patch)).Apply(Spec{})
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Field)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: faults %v, want those of %v in %+v", patch, faults, want, spec)
		}
	}
	const product = `{"type":"amplitude","write_key":"k"}`
	f(product, `{"url":"https://evil.example/"}`, "write_key")
	f(product, `{"url":"https://evil.example/","write_key":"••••"}`, "write_key")
	f(product, `{"url":"https://proxy.example/","write_key":"k"}`)
	f(product, `{"url":null}`)
	f(product, `{"rate":1}`)
	const hook = `{"url":"https://a.example/x","secret":"s","headers":{"Authorization":"Bearer x","X-Team":"t"}}`
	f(hook, `{"url":"https://a.example/y?z=1"}`)
	f(hook, `{"url":"https://A.example"}`)
	f(hook, `{"url":"https://b.example/x"}`, "headers.Authorization")
	f(hook, `{"url":"http://a.example/x"}`, "headers.Authorization")
	f(hook, `{"url":"https://a.example:8443/x"}`, "headers.Authorization")
	f(hook, `{"url":"https://b.example/x","headers":{"Authorization":"••••"}}`, "headers.Authorization")
	f(hook, `{"url":"https://b.example/x","headers":{"Authorization":"Bearer y"}}`)
	f(hook, `{"url":"https://b.example/x","headers":null}`)
	f(`{"type":"s3","settings":{"bucket":"b","access_key":"a","secret_key":"s"}}`, `{"url":"https://evil.example"}`, "settings.secret_key")
}

// TestDocumentFaultsAtOnce: what is wrong with a document's names and types hides nothing of the rest, and what only
// follows from it is not told.
func TestDocumentFaultsAtOnce(t *testing.T) {
	f := func(document string, want ...string) {
		t.Helper()
		w, faults := parse(t, document).Compile(goodSpec(), anyApp)
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Field)
		}
		if !reflect.DeepEqual(got, want) || (w == nil) != (len(want) > 0) {
			t.Errorf("%s: faults %v, want those of %v", document, faults, want)
		}
	}
	f(`{"rate":5}`)
	f(`{"rat":5,"owner":"x","events":["nope"]}`, "rat", "owner", "events[0]")
	f(`{"events":7,"enabled":true,"order":"sideways"}`, "events", "order")
	f(`{"type":"segment","region":"mars","batch_events":100000,"nope":1}`, "nope", "write_key", "region", "batch_events")
	f(`{"type":7,"write_key":"k","owner":"x"}`, "type", "owner")
	f(`{"type":"segmnt","write_key":"k","url":"ftp://x"}`, "url", "type")
	f(`{"secret":"••••","rate":-1}`, "secret", "rate")
	f(`{"type":"custom","url":"https://example.com/{{ properties.x.y + 1 }}","body":"{\"a\": {{ url + 1 }}}","owner":"x","events":["pageLoaded"]}`, "owner", "url", "body")
}
