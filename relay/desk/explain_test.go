package desk

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// TestExplain: for each webhook whether it gets an event, why, and what of it.
func TestExplain(t *testing.T) {
	g := newRig(t, func(o *Options) {
		o.Excluded = func(app string, e *event.Event) (string, error) {
			if string(e.Visitor) == `"robot"` {
				return "the visitor is excluded", nil
			}
			return "", nil
		}
	})
	g.create("zeta", `"events":["*"],"enabled":true`)
	g.create("crm", `"events":["featureClicked:abc,x*"],"enabled":true,"app":"web"`)
	g.create("alpha", `"events":["pageLoaded"],"enabled":true`)
	g.create("off", `"events":["*"]`)
	g.beat("zeta", Pulse{State: "disabled", Reason: "503 again and again"})
	g.watch.forget()

	x, err := g.Explain([]byte(`{"event":"featureClicked","app":"web","properties":{"ids":["abc","other","xyz"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if x.Event != "featureClicked" || x.App != "web" || fmt.Sprint(x.IDs) != "[abc other xyz]" || x.Receivers != 2 || x.Excluded != "" {
		t.Errorf("explained %+v", x)
	}
	f := func(i int, name string, receives bool, ids, state, why string) {
		t.Helper()
		r := x.Webhooks[i]
		if r.Webhook != name || r.Receives != receives || fmt.Sprint(r.IDs) != ids || r.State != state || !strings.Contains(r.Why, why) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	f(0, "crm", true, "[abc xyz]", "idle", "featureClicked:abc,x*")
	f(1, "zeta", true, "[abc other xyz]", "disabled", "held in the log")
	f(2, "alpha", false, "[]", "idle", "does not select featureClicked")
	f(3, "off", false, "[]", "idle", "is off")

	x, err = g.Explain([]byte(`{"event":"featureClicked","app":"web","visitorId":"robot","ids":["abc"]}`))
	if err != nil || x.Receivers != 0 || x.Excluded != "the visitor is excluded" || x.Webhooks[1].Receives || !strings.Contains(x.Webhooks[1].Why, "but the visitor is excluded") {
		t.Errorf("excluded: %+v, %v", x, err)
	}
	x, err = g.Explain([]byte(`{"event":"featureClicked","app":"wbe","ids":["abc"]}`))
	if err != nil || x.Receivers != 0 || !strings.Contains(x.Excluded, `did you mean "web"`) {
		t.Errorf("of an app that is none: %+v, %v", x, err)
	}
	if x, err = g.Explain([]byte(`{"event":"featureClicked","ids":["abc"]}`)); err != nil || x.App != "" || x.Receivers != 1 {
		t.Errorf("of no app: %+v, %v", x, err)
	}
	g.apps = g.apps[:1]
	if x, err = g.Explain([]byte(`{"event":"featureClicked","ids":["abc"]}`)); err != nil || x.App != "web" || x.Receivers != 2 {
		t.Errorf("of the only app: %+v, %v", x, err)
	}
	_, err = g.Explain([]byte(`{"event":"nothing"}`))
	refused(t, err, Invalid, "event")
}

func TestApps(t *testing.T) {
	g := newRig(t, nil)
	apps := g.Apps()
	if len(apps) != 2 || fmt.Sprint(apps[0].Keys) != "[a-lo•••• ••••]" || apps[1].Keys == nil {
		t.Errorf("apps %+v", apps)
	}
	if g.apps[0].Keys[0] != "a-long-api-key-of-web" {
		t.Error("the apps' own keys were masked")
	}
}
