package desk

import (
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
)

// TestTryDraft: what is not kept yet is sent an event all the same.
func TestTryDraft(t *testing.T) {
	g := newRig(t, nil)
	g.reply = Attempt{Outcome: "delivered", Status: 204, Request: []byte(sent)}
	doc := func(text string) hook.Document {
		t.Helper()
		d, err := hook.ParseDocument([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	trial, err := g.TryDraft(t.Context(), "", doc(`{"name":"crm","url":"https://example.com/in","events":["guideDisplayed"]}`), nil)
	if err != nil || trial.Webhook != "crm" || trial.Status != 204 || g.tried[0].Kind != event.GuideDisplayed {
		t.Errorf("%+v, %v", trial, err)
	}
	_, err = g.TryDraft(t.Context(), "", doc(`{"name":"crm","url":"nowhere"}`), nil)
	refused(t, err, Invalid, "url")
	g.create("crm", `"events":["pageLoaded"]`)
	if trial, err = g.TryDraft(t.Context(), "crm", doc(`{"url":"https://example.com/other"}`), []byte(`{"event":"pollSubmitted"}`)); err != nil ||
		trial.Request.URL != "https://example.com/other" || trial.Event != "pollSubmitted" {
		t.Errorf("%+v, %v", trial, err)
	}
	if len(g.List()) != 1 || g.List()[0].Version != 1 {
		t.Errorf("kept: %+v", g.List())
	}
}
