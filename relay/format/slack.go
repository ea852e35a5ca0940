package format

import (
	"encoding/hex"
	"strconv"
	"time"

	"edgerelay/relay/event"
)

// Slack is an event as people read it, in the blocks of Slack's Block Kit: a section that says who did what, with an NPS
// score's reason or a feedback quoted and up to ten properties or answers as its fields, and below it, small, the app, the
// time in the reader's own zone and a link to the page. It is two blocks without the brackets of their array; Slack takes
// 50 blocks a message. SlackFinish makes a message's array whole.
//
//	{"type":"section","block_id":"npsSubmitted#<uniqueId>","text":{"type":"mrkdwn","text":":star-struck: *Ann* …"},"fields":[…]},
//	{"type":"context","elements":[…]}
func Slack(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, slackBegin...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, '#')
	dst = hex.AppendEncode(dst, e.UniqueID[:])
	dst = append(dst, slackText...)
	dst = appendSentence(dst, e, n)
	dst = append(dst, slackVerbatim...)
	dst = appendSlackFields(dst, e)
	dst = append(dst, `},{"type":"context","elements":[{"type":"mrkdwn","text":"`...)
	dst = appendWhere(dst, e)
	return append(dst, slackVerbatim+`]}`...)
}

// What blocks are made of. verbatim keeps Slack from looking for names and addresses in what is not ours.
const (
	slackBegin    = `{"type":"section","block_id":"`
	slackText     = `","text":{"type":"mrkdwn","text":"`
	slackVerbatim = `","verbatim":true}`
)

// How many bytes of a text are shown. Slack takes 3000 characters a section, 2000 a field, and of all blocks together some
// 13 000, which is written nowhere.
const (
	slackName  = 150  // somebody's or something's
	slackQuote = 1800 // what somebody wrote
	slackKey   = 80
	slackValue = 240
)

// appendSentence says who did what.
func appendSentence(dst []byte, e *event.Event, n event.Note) []byte {
	p := &phrases[e.Kind]
	rating, reason := npsOf(e)
	dst = append(dst, ':')
	dst = append(dst, faceOf(p, rating)...)
	dst = append(dst, ": "...)
	switch p.who {
	case byVisitor:
		dst = appendWho(dst, e)
	case byAccount:
		dst = appendBold(append(dst, "Account "...), e.Account)
	case byObject:
		dst = append(append(dst, p.title...), ' ')
		dst = appendBold(dst, event.Lookup(e.Properties, "name"))
	}
	dst = append(dst, ' ')
	dst = appendDeed(dst, e, n, p, rating)
	if len(reason) > len(`""`) {
		dst = append(dst, `\n> `...)
		dst = appendMrkdwn(dst, reason, slackQuote, `\n> `)
	}
	return dst
}

// appendWho is the visitor and, behind it, the account.
func appendWho(dst []byte, e *event.Event) []byte {
	dst = appendBold(dst, e.Visitor)
	if len(e.Account) > len(`""`) {
		dst = append(dst, " ("...)
		dst = appendMrkdwn(dst, e.Account, slackName, " ")
		dst = append(dst, ')')
	}
	return dst
}

// appendBold is a name in bold, or what stands for one that is not known.
func appendBold(dst, name []byte) []byte {
	if len(name) <= len(`""`) {
		return append(dst, "(unknown)"...)
	}
	dst = append(dst, '*')
	dst = appendMrkdwn(dst, name, slackName, " ")
	return append(dst, '*')
}

// appendDeed is what was done, and the name of what it was done to.
func appendDeed(dst []byte, e *event.Event, n event.Note, p *phrase, rating []byte) []byte {
	if len(rating) > 0 {
		dst = append(dst, "gave *"...)
		dst = appendMrkdwn(dst, rating, slackName, " ")
		dst = append(dst, "* of 10"...)
		if guide := guideName(e); len(guide) > 0 {
			dst = appendBold(append(dst, " in "...), guide)
		}
		return dst
	}
	start := len(dst)
	dst = append(append(dst, p.does...), " *"...)
	named := len(dst)
	dst = appendObject(dst, e, n)
	if len(dst) > named && p.does != "" {
		return append(dst, '*')
	}
	return append(dst[:start], p.alone...)
}

// appendObject is the name of what something was done to, else its IDs; nothing when there are none. A page has its title.
func appendObject(dst []byte, e *event.Event, n event.Note) []byte {
	name := guideName(e)
	switch {
	case name != nil:
	case e.Kind == event.PageLoaded && says(e.Properties) != nil:
		name = says(event.Lookup(e.Properties, "title"))
	default:
		name = present(e.Name)
	}
	if name != nil {
		return appendMrkdwn(dst, name, slackName, " ")
	}
	shown := 0
	for i, id := range e.IDs {
		if !n.Has(i) || shown == 3 {
			continue
		}
		if shown++; shown > 1 {
			dst = append(dst, ", "...)
		}
		dst = appendMrkdwn(dst, id, slackName, " ")
	}
	return dst
}

// guideName is the guide's name, else its ID; nil when there is neither.
func guideName(e *event.Event) []byte {
	for _, name := range [...][]byte{e.Guide.Name, e.Guide.ID} {
		if len(name) > len(`""`) {
			return name
		}
	}
	return nil
}

// npsOf are the score and the words that came with it, of the kinds that have them.
func npsOf(e *event.Event) (rating, reason []byte) {
	switch e.Kind {
	case event.NPSSubmitted:
		rating, reason = event.Lookup(e.Guide.NPS, "rating"), event.Lookup(e.Guide.NPS, "reason")
	case event.UserpilotNPSScore, event.UserpilotNPSFeedback:
		rating, reason = event.Lookup(e.Properties, "score"), event.Lookup(e.Properties, "feedback")
	}
	if string(rating) == "null" || string(rating) == `""` {
		rating = nil
	}
	if string(reason) == "null" {
		reason = nil
	}
	return rating, reason
}

// faceOf is how a promoter, a passive and a detractor look, else the phrase's own.
func faceOf(p *phrase, rating []byte) string {
	text, plain := event.PlainText(rating)
	if len(rating) == 0 || !plain {
		return p.face
	}
	switch string(text) {
	case "9", "10":
		return "star-struck"
	case "7", "8":
		return "slightly_smiling_face"
	case "0", "1", "2", "3", "4", "5", "6":
		return "disappointed"
	}
	return p.face
}

// appendWhere is the app, the time and the page.
func appendWhere(dst []byte, e *event.Event) []byte {
	if len(e.AppName) > 0 {
		dst = appendMrkdwn(dst, e.AppName, slackName, " ")
		dst = append(dst, " · "...)
	}
	dst = append(dst, "<!date^"...)
	at := time.UnixMilli(e.Time).UTC()
	dst = strconv.AppendInt(dst, at.Unix(), 10)
	dst = append(dst, "^{date_short_pretty} {time_secs}|"...)
	dst = at.AppendFormat(dst, "2006-01-02 15:04:05 UTC>")
	if len(e.URL) > len(`""`) {
		dst = append(dst, " · "...)
		dst = appendLink(dst, e.URL)
	}
	return dst
}
