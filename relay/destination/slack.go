package destination

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"edgerelay/relay/format"
)

// slack posts messages to a channel through an Incoming Webhook, whose URL is its key (seed 001 has Slack among the
// integrations; the rules are those of Slack's page on Incoming Webhooks). Slack knows no repeats: a message whose answer
// is lost may be in the channel twice, which is better than not at all.
var slack = Type{
	Name: "slack", Title: "Slack",
	Address:       `the Incoming Webhook's URL, like "https://hooks.slack.com/services/T…/B…/…"`,
	AddressSecret: true,
	Settings: []Setting{
		{Name: "digest", Text: `how long events are gathered for one message, such as "60s"; "0s": every event has its own`, Default: "0s"},
	},
	Plan: planSlack,
}

// Slack takes 50 blocks a message; 20 events have 41 with their header. All texts of a message together may have some
// 13 000 characters, found out by its users. A message a second is what it asks for, and short bursts are fine.
const (
	slackCount     = 20
	slackBytes     = 12_500
	slackRate      = 1
	slackBurst     = 3
	slackDigestMax = time.Hour
)

func planSlack(s *Settings, fault func(field, text string, args ...any)) *Plan {
	p := &Plan{
		URL:    endpoint("", s, fault),
		Header: []Header{{"Content-Type", "application/json; charset=utf-8"}},
		Body:   Body{Open: format.SlackOpen, Between: ",", Close: format.SlackClose, Item: format.Slack, Finish: format.SlackFinish},
		Judge:  judgeSlack,
		Rate:   slackRate, Burst: slackBurst,
	}
	checkSlackAddress(p.URL, fault)
	digest, err := time.ParseDuration(s.Of("digest"))
	switch {
	case err != nil || digest < 0 || digest > slackDigestMax:
		fault("settings.digest", `%q is no duration from "0s" to "1h"; write it like "60s"`, s.Of("digest"))
	case digest > 0:
		p.Batch = Batch{Count: slackCount, Bytes: slackBytes, Age: digest}
	}
	return p
}

// checkSlackAddress finds addresses of Slack's that take no messages of this kind. Any other host may be a proxy, or a
// chat server that takes Slack's messages, as Mattermost does. The address itself stands in no text: it is a key.
func checkSlackAddress(u *url.URL, fault func(field, text string, args ...any)) {
	host := strings.ToLower(u.Hostname())
	if !strings.HasSuffix(host, ".slack.com") && !strings.HasSuffix(host, ".slack-gov.com") {
		return
	}
	switch {
	case strings.HasPrefix(u.Path, "/triggers/"), strings.HasPrefix(u.Path, "/workflows/"):
		fault("url", "starts a workflow of Slack's, which takes no messages; add an Incoming Webhook to your Slack app and copy its URL")
	case !strings.HasPrefix(u.Path, "/services/"):
		fault("url", `is no Incoming Webhook's URL; copy the one that begins with "https://hooks.slack.com/services/"`)
	case u.Scheme != "https":
		fault("url", "is plain http; Slack takes https only")
	}
}

// slackReplies are the strings that Slack answers with (its page on Incoming Webhooks, and its change of their errors of
// 2016-05-17), and what they mean. The string decides: which status comes along differs by what is told about it. Off is
// what somebody can mend in Slack without a new URL, and events wait for that. Gone is a URL that works never again.
var slackReplies = map[string]struct {
	outcome Outcome
	text    string
}{
	"no_service":                        {Gone, "the Incoming Webhook was removed or its app uninstalled; make a new one and set url"},
	"no_service_id":                     {Gone, "the Incoming Webhook was removed or its app uninstalled; make a new one and set url"},
	"no_active_hooks":                   {Gone, "the Incoming Webhook was turned off; make a new one and set url"},
	"no_team":                           {Gone, "the workspace is no more; make an Incoming Webhook in another and set url"},
	"invalid_token":                     {Gone, "the URL is not right or was revoked; copy it once more and set url"},
	"channel_not_found":                 {Gone, "the channel is no more; make an Incoming Webhook for another and set url"},
	"user_not_found":                    {Gone, "the person it posts to is no more; make an Incoming Webhook for a channel and set url"},
	"team_disabled":                     {Off, "the workspace is disabled"},
	"channel_is_archived":               {Off, "the channel is archived; unarchive it, or make an Incoming Webhook for another and set url"},
	"action_prohibited":                 {Off, "an administrator of the workspace has forbidden it"},
	"posting_to_general_channel_denied": {Off, "an administrator has forbidden to post to #general"},

	"invalid_payload":       {Split, ""},
	"invalid_blocks":        {Split, ""},
	"invalid_blocks_format": {Split, ""},
	"no_text":               {Split, ""},
	"too_many_attachments":  {Split, ""},
	"msg_too_long":          {Split, ""},
	"msg_blocks_too_long":   {Split, ""},

	"missing_text_or_fallback_or_attachments": {Split, ""},

	"rollup_error": {Retry, ""},
	"rate_limited": {Retry, ""},
}

// judgeSlack goes by the string in the answer, and by the status where that says nothing. A reason has no other part of the
// answer: a proxy's page may have the secret URL in it.
func judgeSlack(a *Answer) Verdict {
	said := bytes.TrimSpace(a.Body)
	if a.fine() && (string(said) == "ok" || len(said) == 0) {
		return Verdict{Outcome: Delivered, Status: a.Status}
	}
	word := slackWord(said)
	reply, known := slackReplies[word]
	switch {
	case known && a.Status != 429 && a.Status < 500:
		v := Verdict{Outcome: reply.outcome, Status: a.Status, Reason: because(a.Status, word)}
		if reply.text != "" {
			v.Reason = because(a.Status, word+", "+reply.text)
		}
		switch {
		case v.Outcome == Retry:
			v.After = RetryAfter(a.Header("Retry-After"), a.Now)
		case v.Outcome == Split && a.Count <= 1:
			v.Outcome = Final
		}
		return v
	case a.fine(): // some other server's page
		return Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, `the answer is not Slack's "ok"; is url right?`)}
	}
	v := JudgeStatus(a)
	if word != "" && v.Outcome != Off {
		v.Reason = because(a.Status, word)
	}
	return v
}

// slackWord is the string that an answer consists of or begins with, or has as its error; "" when it is none of Slack's
// make: small letters with underscores between, which no part of a hook's URL is.
func slackWord(said []byte) string {
	if len(said) > 0 && said[0] == '{' {
		var reply struct{ Error string }
		if json.Unmarshal(said, &reply) != nil {
			return ""
		}
		said = []byte(reply.Error)
	}
	end := 0
	for end < len(said) && (said[end] == '_' || 'a' <= said[end] && said[end] <= 'z') {
		end++
	}
	if end > 60 || end < len(said) && said[end] != ':' && said[end] > ' ' || bytes.IndexByte(said[:end], '_') <= 0 {
		return ""
	}
	return string(said[:end])
}
