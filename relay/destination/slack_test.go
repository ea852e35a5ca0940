package destination

import (
	"strings"
	"testing"
	"time"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

const (
	slackPath = "/services/T0001/B0002/abcDEF123"
	slackHook = "https://hooks.slack.com" + slackPath
)

func TestSlackPlan(t *testing.T) {
	p := planOf(t, "slack", Settings{URL: slackHook})
	holdPlan(t, p, slackHook, "Content-Type: application/json; charset=utf-8")
	if p.Batch != (Batch{}) || p.Rate != 1 || p.Burst != 3 {
		t.Errorf("%+v", p)
	}
	p = planOf(t, "slack", Settings{URL: "http://127.0.0.1:9/x", More: map[string]string{"digest": "1m30s"}})
	if p.Batch != (Batch{Count: 20, Bytes: 12_500, Age: 90 * time.Second}) {
		t.Errorf("%+v", p.Batch)
	}
	if !slack.AddressSecret {
		t.Error("the URL is no secret")
	}
}

func TestSlackFaults(t *testing.T) {
	f := func(url, digest string, want ...string) {
		t.Helper()
		holdFaults(t, "slack", Settings{URL: url, More: map[string]string{"digest": digest}}, want...)
	}
	f("", "", "url: is missing")
	f("https://hooks.slack-gov.com/services/T/B/x", "")
	f("https://mattermost.example.com/hooks/abc", "")
	f("https://app.slack.com/client/T1/C1", "", "url: is no Incoming Webhook's URL")
	f("https://hooks.slack.com/triggers/T/1/x", "", "url: starts a workflow")
	f("https://hooks.slack.com/workflows/T/1/x", "", "url: starts a workflow")
	f("http://hooks.slack.com/services/T/B/x", "", "url: is plain http")
	f(slackHook, "ten", `settings.digest: "ten" is no duration`)
	f(slackHook, "-1s", "settings.digest: ")
	f(slackHook, "61m", "settings.digest: ")
	f(slackHook, "1h")
	holdFaults(t, "slack", Settings{URL: slackHook, WriteKey: "k", AccessToken: "t", Region: "eu", More: map[string]string{"channel": "x"}},
		"write_key: is of no use", "access_token: is of no use", "region: is of no use", "settings.channel: is no setting")
}

func TestSlackJudge(t *testing.T) {
	f := func(count, status int, body, want string) {
		t.Helper()
		holdVerdict(t, judgeSlack, reply{status: status, count: count, body: body}, want)
	}
	f(1, 200, "ok", "delivered")
	f(20, 200, "ok\n", "delivered")
	f(1, 204, "", "delivered")
	f(1, 200, "<html>Sign in</html>", `retry | 200 OK: the answer is not Slack's "ok"; is url right?`)

	removed := ", the Incoming Webhook was removed or its app uninstalled; make a new one and set url"
	f(1, 200, "no_service", "gone | 200 OK: no_service"+removed)
	f(1, 404, "no_service", "gone | 404 Not Found: no_service"+removed)
	f(1, 404, "no_service_id\n", "gone | 404 Not Found: no_service_id"+removed)
	f(1, 404, "no_active_hooks", "gone | 404 Not Found: no_active_hooks, the Incoming Webhook was turned off; make a new one and set url")
	f(1, 404, "no_team", "gone | 404 Not Found: no_team, the workspace is no more; make an Incoming Webhook in another and set url")
	f(1, 403, "invalid_token", "gone | 403 Forbidden: invalid_token, the URL is not right or was revoked; copy it once more and set url")
	f(1, 404, "channel_not_found", "gone | 404 Not Found: channel_not_found, the channel is no more; make an Incoming Webhook for another and set url")
	f(1, 400, "user_not_found", "gone | 400 Bad Request: user_not_found, the person it posts to is no more; make an Incoming Webhook for a channel and set url")
	f(1, 410, "channel_is_archived", "off | 410 Gone: channel_is_archived, the channel is archived; unarchive it, or make an Incoming Webhook for another and set url")
	f(1, 403, "team_disabled", "off | 403 Forbidden: team_disabled, the workspace is disabled")
	f(1, 403, "action_prohibited", "off | 403 Forbidden: action_prohibited, an administrator of the workspace has forbidden it")
	f(1, 403, "posting_to_general_channel_denied", "off | 403 Forbidden: posting_to_general_channel_denied, an administrator has forbidden to post to #general")

	f(1, 400, "invalid_payload", "final | 400 Bad Request: invalid_payload")
	f(2, 400, "invalid_payload", "split | 400 Bad Request: invalid_payload")
	f(2, 400, "invalid_blocks", "split | 400 Bad Request: invalid_blocks")
	f(1, 400, "no_text", "final | 400 Bad Request: no_text")
	f(2, 400, "missing_text_or_fallback_or_attachments", "split | 400 Bad Request: missing_text_or_fallback_or_attachments")
	f(1, 400, "too_many_attachments", "final | 400 Bad Request: too_many_attachments")
	f(5, 400, `{"ok":false,"error":"msg_blocks_too_long"}`, "split | 400 Bad Request: msg_blocks_too_long")

	f(1, 500, "rollup_error", "retry | 500 Internal Server Error: rollup_error")
	f(1, 400, "rollup_error", "retry | 400 Bad Request: rollup_error")
	f(1, 503, "no_service", "retry | 503 Service Unavailable: no_service")
	f(1, 404, slackPath+" is not here", "final | 404 Not Found")
	f(1, 403, "<html>", "off | 403 Forbidden: the destination refuses the webhook's key")
	f(1, 418, "some_new_error", "final | 418 I'm a teapot: some_new_error")
	f(1, 302, "", "final | 302 Found")
	holdVerdict(t, judgeSlack, reply{429, 1, "rate_limited", []string{"Retry-After", "30"}}, "retry after 30s | 429 Too Many Requests: rate_limited")
	holdVerdict(t, judgeSlack, reply{429, 1, `{"ok":false,"count_hour_ago":400,"count_minute_ago":100,"count_second_ago":5}`, []string{"Retry-After", "30"}},
		"retry after 30s | 429 Too Many Requests")
	holdVerdict(t, judgeSlack, reply{429, 1, `{"retry_after":1,"ok":false,"error":"rate_limited"}`, []string{"Retry-After", "1"}},
		"retry after 1s | 429 Too Many Requests: rate_limited")
}

// TestSlackKeepsItsAddressSecret: whatever an answer says, no part of the address comes out as a reason.
func TestSlackKeepsItsAddressSecret(t *testing.T) {
	for _, status := range []int{200, 302, 400, 403, 404, 410, 429, 500} {
		for _, body := range []string{slackHook, slackPath, `{"error":"T0001"}`, `{"error":"abcDEF123"}`, "abcDEF123"} {
			v := judgeSlack(reply{status: status, count: 1, body: body}.answer())
			if strings.Contains(v.Reason, "T0001") || strings.Contains(v.Reason, "abc") {
				t.Errorf("%d %s: %q", status, body, v.Reason)
			}
		}
	}
}

func TestSlackTakesMessages(t *testing.T) {
	for _, digest := range []string{"0s", "60s"} {
		holdKinds(t, "slack", Settings{URL: slackHook, More: map[string]string{"digest": digest}}, fake.NewSlack(slackPath))
	}
}

// TestSlackEscapes: whatever somebody writes, Slack shows it as it is, and nobody is called by it.
func TestSlackEscapes(t *testing.T) {
	vendor := fake.NewSlack(slackPath)
	var events []event.Event
	for _, k := range []event.Kind{event.TrackEventReceived, event.PageLoaded, event.PollSubmitted, event.NPSSubmitted, event.FlowSeen} {
		events = append(events, hostileEvents(k)...)
	}
	for i := range events {
		events[i].UniqueID = event.UniqueID([]byte("hostile"), []byte{byte(i), byte(i >> 8)})
	}
	for _, digest := range []string{"0s", "60s"} {
		d := drive(t, planOf(t, "slack", Settings{URL: slackHook, More: map[string]string{"digest": digest}}), vendor, events)
		if d.delivered != len(events) || len(vendor.Broken()) > 0 {
			t.Errorf("%+v, %q", d, vendor.Broken())
		}
	}
}

// TestSlackAfterFailures: what was not taken at first is taken when it is sent again, once.
func TestSlackAfterFailures(t *testing.T) {
	vendor := fake.NewSlack(slackPath)
	vendor.Play(fake.Answer(429, "rate_limited", "Retry-After", "7"), fake.Answer(400, "invalid_blocks"), fake.Fine,
		fake.Answer(500, "rollup_error"), fake.HangUp, fake.Answer(200, "<html>"))
	p := planOf(t, "slack", Settings{URL: slackHook, More: map[string]string{"digest": "60s"}})
	d := drive(t, p, vendor, people(50))
	holdOnce(t, vendor.Taken(), 50)
	if d.delivered != 50 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
}

// TestSlackHasNoMemory: a message whose answer is lost is in the channel twice.
func TestSlackHasNoMemory(t *testing.T) {
	vendor := fake.NewSlack(slackPath)
	vendor.Play(fake.TakeAndHangUp)
	drive(t, planOf(t, "slack", Settings{URL: slackHook}), vendor, people(1))
	for id, times := range vendor.Taken() {
		if times != 2 {
			t.Errorf("%s was taken %d times", id, times)
		}
	}
}

func TestSlackHookIsGone(t *testing.T) {
	vendor := fake.NewSlack(slackPath + "4")
	d := drive(t, planOf(t, "slack", Settings{URL: slackHook}), vendor, []event.Event{event.Sample(event.NPSSubmitted)})
	if !strings.HasPrefix(d.off, "404 Not Found: no_service") || len(vendor.Taken()) > 0 {
		t.Errorf("%+v", d)
	}
}

func FuzzJudgeSlack(f *testing.F) {
	fuzzReplies(f, judgeSlack, "no_service", "invalid_blocks", `{"error":"rollup_error"}`, "rate_limited", "_", "a_: b")
}
