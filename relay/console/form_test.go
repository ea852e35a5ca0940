package console

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/desk"
)

// TestMakeByForm: a webhook comes into being by a form, without any script.
func TestMakeByForm(t *testing.T) {
	p := mustPlant(t, noToken)
	mustShow(t, p.shown("/webhooks/new"), "New webhook", `name="name"`, `<option value="url" selected>URL</option>`, `name="secret" type="password" value=""`,
		`value="pageLoaded"`, `name="ids.page"`, `value="userDeleted"`, `<option value="web">`, "Create webhook")
	to, _ := p.form(303, "/webhooks", "name", "crm", "type", "url", "url", p.receiver.URL, "secret", "hush-hush", "event", "pageLoaded", "event", "guideDisplayed",
		"event", "guideCompleted", "ids.guide", "g1, g2*", "ids.page", "", "app", "web", "rate", "2.5", "retries", "0", "headers", "X-Team: one\r\nAuthorization: Bearer abc",
		"signature", "pendo", "signature", "standard", "owner", "ada@example.com", "format", "pendo", "order", "visitor", "enabled", "on")
	if to != "/webhook/crm" {
		t.Errorf("led to %s", to)
	}
	var w desk.Webhook
	p.call(200, "GET", "/api/webhooks/crm", "", &w)
	for name, want := range map[string]string{"url": p.receiver.URL, "secret": "••••", "events": "[pageLoaded guideDisplayed:g1,g2* guideCompleted:g1,g2*]", "app": "web", "rate": "2.5",
		"retries": "0", "timeout": "5s", "headers": "map[Authorization:•••• X-Team:one]", "signature": "[pendo standard]", "owner": "ada@example.com", "order": "visitor", "enabled": "true"} {
		if got := fmt.Sprint(w.Settings[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestEditByForm: a form that is sent as it came changes nothing, and what it changes is all that is changed.
func TestEditByForm(t *testing.T) {
	p := mustPlant(t, noToken)
	made := p.create(`{"name":"crm","url":"$URL","secret":"hush-hush","events":["page.viewed"],"headers":{"X-Token":"t1"}}`)
	text := p.shown("/webhook/crm/edit")
	mustShow(t, text, "Edit crm", `value="`+strings.ReplaceAll(made.ETag, `"`, "&#34;")+`"`, `value="`+p.receiver.URL+`"`, "•••• is set", `value="pageLoaded" checked`, "X-Token: ••••", "Save changes")
	mustLack(t, text, "hush-hush", "t1<")
	same := []string{"etag", made.ETag, "name", "crm", "type", "url", "url", p.receiver.URL, "event", "pageLoaded", "headers", "X-Token: ••••", "format", "pendo", "order", "none",
		"in_flight", "4", "timeout", "5s", "retries", "3", "signature", "pendo", "allow_private", "on", "allow_http", "on"}
	p.form(303, "/webhook/crm/edit", same...)
	var w desk.Webhook
	p.call(200, "GET", "/api/webhooks/crm", "", &w)
	if fmt.Sprint(w.Settings) != fmt.Sprint(made.Settings) {
		t.Errorf("a form that changed nothing made %v of %v", w.Settings, made.Settings)
	}
	changed := append([]string{}, same...)
	changed[1], changed[3] = w.ETag, "sales"
	if to, _ := p.form(303, "/webhook/crm/edit", append(changed, "clear.secret", "on", "event", "pollSubmitted")...); to != "/webhook/sales" {
		t.Errorf("led to %s", to)
	}
	p.call(200, "GET", "/api/webhooks/sales", "", &w)
	if w.Settings["secret"] != "" || fmt.Sprint(w.Settings["events"]) != "[pageLoaded pollSubmitted]" || fmt.Sprint(w.Settings["headers"]) != "map[X-Token:••••]" {
		t.Errorf("edited to %v", w.Settings)
	}
	same[3] = "sales"
	_, text = p.form(422, "/webhook/sales/edit", same...)
	mustShow(t, text, "was changed meanwhile")
}

// TestFaultsInForm: what is wrong stands beside its field, with what was typed, but for secrets.
func TestFaultsInForm(t *testing.T) {
	p := mustPlant(t, noToken)
	_, text := p.form(422, "/webhooks", "name", `"><script>alert(1)</script>`, "type", "url", "url", "ftp://x", "secret", "hush-hush", "more", "nosuch", "headers", "Bad name: 1")
	mustShow(t, text, "Nothing was saved", `value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`, `value="ftp://x"`, "is not an http or https URL", "type it again", "nosuch",
		"<details class=\"card sheet\" open>", "Bad name: ")
	mustLack(t, text, "hush-hush", "<script>alert")
	_, text = p.form(422, "/webhooks", "name", "crm", "type", "url", "url", "https://example.com/", "timeout", "soon", "rate", "fast")
	mustShow(t, text, `value="fast"`, "must be a number", `value="soon"`, "must be a duration")
	_, text = p.form(422, "/webhooks", "name", "of the file", "type", "url", "url", "https://example.com/")
	mustShow(t, text, `value="of the file"`, "there is a webhook &#34;of the file&#34; already")
	if n := len(p.desk.List()); n != 1 {
		t.Errorf("%d webhooks", n)
	}
}

// TestFileIsReadOnly: the form of a webhook in the file is there to be read.
func TestFileIsReadOnly(t *testing.T) {
	p := mustPlant(t, noToken)
	text := p.shown("/webhook/of%20the%20file/edit")
	mustShow(t, text, "Settings of of the file", "This webhook is in the config file", `<fieldset class="all" disabled>`, "https://example.com/fixed", `formaction="/webhook/of%20the%20file/test"`)
	mustLack(t, text, "file-secret-value", "Save changes")
	_, text = p.form(422, "/webhook/of%20the%20file/edit", "name", "other", "type", "url", "url", "https://example.com/")
	mustShow(t, text, "config file")
}

// TestTryByForm: what stands in a form is tried out before it is saved.
func TestTryByForm(t *testing.T) {
	p := mustPlant(t, noToken)
	p.receiver.answer(503)
	fields := []string{"name", "crm", "type", "url", "url", p.receiver.URL + "/in", "secret", "hush-hush", "event", "pageLoaded", "sample", "pollSubmitted"}
	_, text := p.form(200, "/webhooks/test", fields...)
	mustShow(t, text, `value="crm"`, ">503</span> it would be tried again", "POST /in HTTP/1.1", "X-Pendo-Signature: sha256=", "&#34;event&#34;: &#34;pollSubmitted&#34;", "reply 1 to /in")
	mustLack(t, text, "hush-hush")
	if got := p.receiver.received(); len(got) != 1 || !strings.Contains(got[0], `"pollSubmitted"`) {
		t.Errorf("received %q", got)
	}
	_, text = p.form(200, "/webhooks/test", "name", "crm", "type", "url", "url", "nowhere")
	mustShow(t, text, "Nothing was sent", "is not an http or https URL")
	if len(p.desk.List()) != 1 {
		t.Error("something was kept")
	}
}

// TestTypesInForm: the form shows what the chosen type takes, and nothing else.
func TestTypesInForm(t *testing.T) {
	p := mustPlant(t, noToken)
	text := p.shown("/webhooks/new?type=s3")
	mustShow(t, text, `<option value="s3" selected>S3</option>`, `formaction="/webhooks/fields"`, `name="settings.bucket" type="text" value=""`, "The bucket&#39;s name", `name="settings.secret_key" type="password" value=""`,
		`<select id="f-settings.compression" name="settings.compression"><option value="" selected>gzip (default)</option><option value="zstd">zstd</option>`, `name="batch_age"`)
	mustLack(t, text, `name="format"`, `name="signature"`, `name="secret"`, `name="write_key"`, `value="file"`)
	text = p.shown("/webhooks/new?type=segment")
	mustShow(t, text, "Source&#39;s write key", `name="write_key" type="password"`, `<select id="f-region" name="region"><option value="" selected>us (default)</option><option value="eu">eu</option>`)
	text = p.shown("/webhooks/new?type=nosuch")
	mustShow(t, text, `<option value="url" selected>`, `name="secret"`, `name="format"`)
	mustLack(t, text, `name="batch_age"`)
	text = p.shown("/webhooks/new?type=snowflake")
	mustShow(t, text, `<textarea id="f-settings.private_key" name="settings.private_key" class="secret"`)
	_, text = p.form(200, "/webhooks/fields", "name", "CRM", "type", "hubspot", "event", "pageLoaded", "url", "")
	mustShow(t, text, `value="CRM"`, "Private app&#39;s token", `name="settings.hub_id"`, `value="pageLoaded" checked`)
	mustLack(t, text, "is missing")
	if n := len(p.desk.List()); n != 1 {
		t.Errorf("%d webhooks", n)
	}
}

// TestMakeTypeByForm: a webhook of a type with settings of its own is made, changed, and made another type.
func TestMakeTypeByForm(t *testing.T) {
	p := mustPlant(t, noToken)
	_, text := p.form(422, "/webhooks", "name", "bucket", "type", "s3", "settings.bucket", "No Bucket", "settings.access_key", "AK", "settings.secret_key", "s3cret-key", "event", "pageLoaded")
	mustShow(t, text, `name="settings.bucket" type="text" value="No Bucket" placeholder="" autocomplete="off" spellcheck="false" required aria-invalid="true"`, "is no bucket&#39;s name", "type it again")
	mustLack(t, text, "s3cret-key")
	p.form(303, "/webhooks", "name", "bucket", "type", "s3", "settings.bucket", "events", "settings.access_key", "AK", "settings.secret_key", "s3cret-key", "settings.compression", "zstd",
		"batch_events", "100", "batch_bytes", "1MiB", "batch_age", "5s", "event", "pageLoaded", "url", "")
	settings := func(name string) desk.Webhook {
		t.Helper()
		var w desk.Webhook
		p.call(200, "GET", "/api/webhooks/"+name, "", &w)
		return w
	}
	w := settings("bucket")
	if fmt.Sprint(w.Settings["settings"]) != "map[access_key:AK bucket:events compression:zstd secret_key:••••]" || w.Place != "s3://events" ||
		fmt.Sprintf("%v %v %v", w.Settings["batch_events"], w.Settings["batch_bytes"], w.Settings["batch_age"]) != "100 1MiB 5s" {
		t.Errorf("made %v, to %s", w.Settings, w.Place)
	}
	mustShow(t, p.shown("/webhook/bucket"), ">S3</span>", "s3://events", "<dt>Compression</dt><dd>zstd</dd>", "at most 100 events, at most 1MiB, gathered for 5s")
	mustLack(t, p.shown("/webhook/bucket"), "s3cret-key", "<dt>Signed</dt>", "<dt>Format</dt>")
	mustShow(t, p.shown("/webhooks?q=s3"), "S3 · s3://events")

	text = p.shown("/webhook/bucket/edit")
	mustShow(t, text, `name="settings.bucket" type="text" value="events"`, "•••• is set", `<option value="zstd" selected>`, `value="1MiB"`)
	mustLack(t, text, "s3cret-key")
	same := []string{"etag", w.ETag, "name", "bucket", "type", "s3", "event", "pageLoaded", "order", "none", "in_flight", "4", "timeout", "5s", "retries", "3", "allow_private", "on", "allow_http", "on",
		"settings.access_key", "AK", "settings.bucket", "events", "batch_events", "100", "batch_bytes", "1MiB", "batch_age", "5s"}
	p.form(303, "/webhook/bucket/edit", append(same, "settings.prefix", "a")...)
	if w = settings("bucket"); fmt.Sprint(w.Settings["settings"]) != "map[access_key:AK bucket:events prefix:a secret_key:••••]" || w.Place != "s3://events/a" {
		t.Errorf("changed to %v, %s", w.Settings, w.Place)
	}
	_, text = p.form(422, "/webhook/bucket/edit", "etag", w.ETag, "name", "bucket", "type", "segment", "event", "pageLoaded", "in_flight", "4", "timeout", "5s", "retries", "3")
	mustShow(t, text, `name="write_key"`, "is missing; a webhook of type segment needs")
	p.form(303, "/webhook/bucket/edit", "etag", w.ETag, "name", "cdp", "type", "segment", "write_key", "one-write-key", "region", "eu", "event", "pageLoaded", "in_flight", "4", "timeout", "5s", "retries", "3")
	if w = settings("cdp"); fmt.Sprint(w.Settings["settings"]) != "map[]" || w.Settings["write_key"] != "••••" || w.Settings["region"] != "eu" {
		t.Errorf("made another type: %v", w.Settings)
	}
	p.form(303, "/webhook/cdp/edit", "etag", w.ETag, "name", "cdp", "type", "url", "url", p.receiver.URL, "event", "pageLoaded", "in_flight", "4", "timeout", "5s", "retries", "3", "allow_private", "on", "allow_http", "on")
	if w = settings("cdp"); w.Settings["write_key"] != "" || w.Settings["region"] != "" || w.Settings["format"] != "pendo" {
		t.Errorf("made a URL again: %v", w.Settings)
	}
}

// TestSecretURLInForm: a URL that is a key is shown as its host, and stays when it is not touched.
func TestSecretURLInForm(t *testing.T) {
	p := mustPlant(t, noToken)
	const secret = "/services/T1/B2/s3cretpart"
	w := p.create(`{"name":"chat","type":"slack","url":"$URL` + secret + `","events":["*"]}`)
	shown := p.receiver.URL + "/••••"
	for _, path := range []string{"/webhook/chat", "/webhook/chat/edit", "/webhooks"} {
		mustLack(t, p.shown(path), "s3cretpart")
	}
	mustShow(t, p.shown("/webhook/chat/edit"), `value="`+shown+`"`)
	_, text := p.form(200, "/webhook/chat/test")
	mustLack(t, text, "s3cretpart")
	same := []string{"etag", w.ETag, "name", "chat", "type", "slack", "everything", "on", "in_flight", "4", "timeout", "5s", "retries", "3", "settings.digest", "60s", "allow_private", "on", "allow_http", "on"}
	p.form(303, "/webhook/chat/edit", append(same, "url", shown)...)
	if _, text = p.form(200, "/webhook/chat/test"); !strings.Contains(text, "reply 2 to •") {
		t.Errorf("the URL has changed: %s", text)
	}
	same[1] = ""
	_, text = p.form(422, "/webhook/chat/edit", append(same, "url", p.receiver.URL+"/services/T/B/typed", "rate", "x")...)
	mustShow(t, text, `value="`+shown+`"`, "type it again")
	mustLack(t, text, "/T/B/typed")
}
