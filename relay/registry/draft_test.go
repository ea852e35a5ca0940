package registry

import (
	"testing"

	"edgerelay/relay/hook"
)

// TestDraft: a draft is checked and compiled like a webhook, and leaves no trace.
func TestDraft(t *testing.T) {
	g := newRig(t)
	w, err := g.Draft("", g.doc(`{"url":"https://example.com/new","secret":"s3cret-of-new","enabled":true}`))
	if err != nil || w.Target.String() != "https://example.com/new" || w.Secret != "s3cret-of-new" || w.Enabled || w.Name != "draft" {
		t.Errorf("a new one: %+v, %v", w, err)
	}
	_, err = g.Draft("", g.doc(`{"name":"new","url":"ftp://example.com"}`))
	g.refused(err, Invalid, "url")
	if n := len(g.List()); n != 0 {
		t.Errorf("%d webhooks were made", n)
	}

	made := g.create(crm)
	w, err = g.Draft("crm", g.doc(`{"name":"sales","url":"https://example.com/other"}`))
	if err != nil || w.Name != "sales" || w.Target.Path != "/other" || w.Secret != "s3cret-of-crm" || len(w.Header) != 2 {
		t.Errorf("of one that there is: %+v, %v", w, err)
	}
	if now, err := g.Get("crm"); err != nil || now.Version != made.Version || now.Compiled().Target.Path != "/hook" {
		t.Errorf("it was changed: %+v, %v", now, err)
	}
	_, err = g.Draft("nobody", hook.Document{})
	g.refused(err, NotFound, "")
}
