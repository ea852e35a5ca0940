package format

import (
	"bytes"
	"slices"
	"strconv"

	"edgerelay/relay/event"
)

// SlackOpen and SlackClose stand around the items of a message of Slack's Block Kit, SlackFinish before SlackClose. Links are
// not unfolded: Slack would have to read pages for people who are signed in.
const (
	SlackOpen  = `{"blocks":[`
	SlackClose = `,"unfurl_links":false,"unfurl_media":false}`
)

// SlackFinish ends the array of blocks and gives the message its text, which notifications show: the sentence of its only
// event, else how many of which kinds there are, which then stands above the blocks as well.
func SlackFinish(body []byte, items int) []byte {
	if items == 1 {
		return appendFirstSentence(append(body, `],"text":"`...))
	}
	tally := appendTally(nil, body, items)
	header := append([]byte(`{"type":"header","text":{"type":"plain_text","text":"`), tally...)
	body = slices.Insert(body, len(SlackOpen), append(header, `"}},`...)...)
	body = append(body, `],"text":"`...)
	body = append(body, tally...)
	return append(body, '"')
}

// appendFirstSentence copies the first line of the first event, and a quote behind it. Nothing in the texts of blocks can be
// taken for what stands between them, for quotes in texts are escaped.
func appendFirstSentence(body []byte) []byte {
	if at := bytes.Index(body, []byte(slackText)); at >= 0 {
		line := body[at+len(slackText):]
		end := len(line)
		for i := 0; i < len(line); i++ {
			if line[i] == '\\' && i+1 < len(line) && line[i+1] != 'n' {
				i++
			} else if line[i] == '\\' || line[i] == '"' {
				end = i
				break
			}
		}
		body = append(body, line[:end]...)
	}
	return append(body, '"')
}

// tallyMax bounds a tally: a header holds 150 characters.
const tallyMax = 140

// appendTally is "5 events: 3 × Feature clicked, 2 × Page loaded", the most frequent kinds first.
func appendTally(dst, body []byte, items int) []byte {
	var count [256]int
	for {
		at := bytes.Index(body, []byte(slackBegin))
		if at < 0 {
			break
		}
		body = body[at+len(slackBegin):]
		name, _, _ := bytes.Cut(body[:min(len(body), 64)], []byte("#"))
		if k, ok := event.KindOf(string(name)); ok {
			count[k]++
		}
	}
	kinds := slices.DeleteFunc(event.Kinds(), func(k event.Kind) bool { return count[k] == 0 })
	slices.SortStableFunc(kinds, func(a, b event.Kind) int { return count[b] - count[a] })
	dst = strconv.AppendInt(dst, int64(items), 10)
	dst = append(dst, " events"...)
	next := ": "
	for _, k := range kinds {
		before := len(dst)
		dst = strconv.AppendInt(append(dst, next...), int64(count[k]), 10)
		dst = appendKindName(append(dst, " × "...), k)
		if len(dst) > tallyMax {
			return append(dst[:before], ", …"...)
		}
		next = ", "
	}
	return dst
}
