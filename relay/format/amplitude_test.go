package format

import (
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func FuzzAmplitude(f *testing.F) { fuzz(f, Amplitude) }

// TestAmplitudeUser: user_id is for visitors who are known, device_id for all others.
func TestAmplitudeUser(t *testing.T) {
	f := func(visitor, account, want string) {
		t.Helper()
		e := event.Event{Kind: event.PageLoaded, AppName: []byte("shop"), Visitor: []byte(visitor), Account: []byte(account)}
		got := string(Amplitude(nil, &e, event.Note{}))
		if want = `{"event_type":"Page Loaded",` + want + `,"time":0,`; !strings.HasPrefix(got, want) {
			t.Errorf("visitor %s, account %s: %s, want %s", visitor, account, got, want)
		}
	}
	f(`"u1"`, `"acme"`, `"user_id":"u1"`)
	f(`"_PENDO_T_abc"`, `"acme"`, `"device_id":"_PENDO_T_abc"`)
	f(`""`, `"acme"`, `"device_id":"acme"`)
	f(`"Undefined"`, `"null"`, `"device_id":"shop"`)
	f(``, ``, `"device_id":"shop"`)
	f(`"a\"null"`, ``, `"user_id":"a\"null"`)
	f(`"LMY47D"`, ``, `"device_id":"shop"`)
}

// TestAmplitudeWithout: an app whose name names nobody is none to put an event down to.
func TestAmplitudeWithout(t *testing.T) {
	for _, app := range []string{"", " ", "unknown", "0"} {
		got := string(Amplitude(nil, &event.Event{Kind: event.PageLoaded, AppName: []byte(app), IP: []byte(`""`)}, event.Note{}))
		if !strings.Contains(got, `"device_id":"edgerelay"`) || strings.Contains(got, `"ip"`) {
			t.Errorf("app %q: %s", app, got)
		}
	}
}

// TestAmplitudeReserved: what Amplitude would refuse, or take for a call that sets properties, is an event like others.
func TestAmplitudeReserved(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		e := event.Event{Kind: event.TrackEventReceived, Name: []byte(name), Time: 9e12, Received: 1626804144000}
		if got := string(Amplitude(nil, &e, event.Note{})); !strings.HasPrefix(got, `{"event_type":`+want+`,"device_id":"edgerelay","time":1626804144000,`) {
			t.Errorf("%s becomes %s, want type %s", name, got, want)
		}
	}
	f(`"$identify"`, `"event $identify"`)
	f(`"[Amplitude] Revenue"`, `"event [Amplitude] Revenue"`)
	f(`"[Amplitude] Page Viewed"`, `"[Amplitude] Page Viewed"`)
	f(`"$pageview"`, `"$pageview"`)
}

// TestAmplitudeProperties: a property of the event's own stays in the place of what would be added under its name.
func TestAmplitudeProperties(t *testing.T) {
	f := func(e event.Event, want string) {
		t.Helper()
		if got := string(Amplitude(nil, &e, event.Note{All: true})); !strings.Contains(got, `"event_properties":`+want) {
			t.Errorf("%s, want %s in it", got, want)
		}
	}
	f(event.Event{}, `{}`)
	f(event.Event{Properties: []byte(`{}`), URL: []byte(`"u"`)}, `{"url":"u"}`)
	f(event.Event{Properties: []byte(`{"1":2,"url":"own","ids":null}`), URL: []byte(`"u"`), IDs: [][]byte{[]byte(`"p"`)}, AppName: []byte(`a"b`)},
		`{"1":2,"url":"own","ids":null,"app":"a\"b"}`)
	f(event.Event{IDs: [][]byte{[]byte(`"p"`), []byte(`"q"`)}}, `{"ids":["p","q"]}`)
	f(event.Event{IDs: [][]byte{[]byte(`"g"`)}, Guide: event.Guide{ID: []byte(`"g"`), NPS: []byte(`{"reason":"r"}`)}}, `{"guideId":"g","npsReason":"r"}`)
}

// TestAmplitudeProfiles: metadata without somebody to have it is an event like others.
func TestAmplitudeProfiles(t *testing.T) {
	f := func(k event.Kind, visitor, account, properties, want string) {
		t.Helper()
		e := event.Event{Kind: k, Visitor: []byte(visitor), Account: []byte(account), Properties: []byte(properties)}
		if got := string(Amplitude(nil, &e, event.Note{})); !strings.HasPrefix(got, `{"event_type":"`+want+`"`) {
			t.Errorf("%s is %s, want type %s", k, got, want)
		}
	}
	f(event.VisitorMetadataUpdated, `"u"`, ``, `{"a":1}`, "$identify")
	f(event.VisitorMetadataUpdated, `"_PENDO_T_1"`, ``, `{"a":1}`, "$identify")
	f(event.VisitorMetadataUpdated, `""`, `"acme"`, `{"a":1}`, "Visitor Metadata Updated")
	f(event.VisitorMetadataUpdated, `"u"`, ``, ``, "Visitor Metadata Updated")
	f(event.AccountMetadataUpdated, `"u"`, `"acme"`, `{"a":1}`, "$groupidentify")
	f(event.AccountMetadataUpdated, `"u"`, ``, `{"a":1}`, "Account Metadata Updated")
}

// TestAmplitudeTraits: a changed field is a property by its own name, as whoever identified the visitor called it.
func TestAmplitudeTraits(t *testing.T) {
	f := func(properties, want string) {
		t.Helper()
		e := event.Event{Kind: event.VisitorMetadataUpdated, Visitor: []byte(`"u"`), Properties: []byte(properties)}
		if got := string(Amplitude(nil, &e, event.Note{})); !strings.Contains(got, `"user_properties":{"$set":`+want+`}`) {
			t.Errorf("%s becomes %s, want %s set", properties, got, want)
		}
		e.Kind, e.Account = event.AccountMetadataUpdated, []byte(`"acme"`)
		if got := string(Amplitude(nil, &e, event.Note{})); !strings.Contains(got, `"group_properties":{"$set":`+want+`}`) {
			t.Errorf("%s becomes %s, want %s set", properties, got, want)
		}
	}
	f(`{"metadata":{"segmentio":{"plan":"pro","seats":null}},"previous":{"segmentio":{"plan":"trial"}}}`, `{"plan":"pro","seats":null}`)
	f(`{"agent":{"role":"admin"}}`, `{"role":"admin"}`)
	f(`{"agent":{"a":1},"custom":{"a":2}}`, `{"agent":{"a":1},"custom":{"a":2}}`)
	f(`{"metadata":{"agent":{"a":1},"custom":{"a":2}},"previous":{}}`, `{"agent":{"a":1},"custom":{"a":2}}`)
	f(`{"metadata":7,"previous":1}`, `{"metadata":7,"previous":1}`)
	f(`{"plan":"pro"}`, `{"plan":"pro"}`)
	f(`{}`, `{}`)
}

// TestAmplitudeDevice: platform and browser are where Amplitude's own tag has them.
func TestAmplitudeDevice(t *testing.T) {
	f := func(app, agent, want string) {
		t.Helper()
		e := event.Event{Kind: event.PageLoaded, App: []byte(app), UserAgent: []byte(agent)}
		if got := string(Amplitude(nil, &e, event.Note{})); !strings.HasSuffix(got, `}`+want+`}`) {
			t.Errorf("app %s, agent %s: %s, want %s at its end", app, agent, got, want)
		}
	}
	f(``, ``, ``)
	f(`{"platform":"web"}`, `"Mozilla/5.0 Firefox/128.0"`, `,"platform":"Web","os_name":"Firefox","os_version":"128"`)
	f(`{"platform":"ios"}`, `"curl/8"`, `,"platform":"ios"`)
	f(`{"platform":""}`, `"Chrome/"`, `,"os_name":"Chrome"`)
	f(`{"platform":7}`, `"Chrome/91"`, `,"os_name":"Chrome","os_version":"91"`)
}
