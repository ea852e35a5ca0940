package format

import (
	"strings"
	"unicode"

	"edgerelay/relay/event"
)

// Title is a kind's name for people: "Page Loaded", "NPS Submitted", "Flows Seen". It is "" for what is no kind.
func Title(k event.Kind) string { return titles[k] }

// titles are the canonical names taken apart into words.
var titles = func() (titles [256]string) {
	for _, k := range event.Kinds() {
		titles[k] = title(k.String())
	}
	return titles
}()

// title takes a name apart at dots, at underscores and where a capital follows a small letter.
func title(name string) string {
	if len(name) > len("nps") && strings.EqualFold(name[:len("nps")], "nps") {
		return "NPS " + title(strings.TrimPrefix(name[len("nps"):], "."))
	}
	name = strings.Replace(name, "uTurn", "U-Turn", 1)
	var b strings.Builder
	last := ' '
	for _, r := range name {
		switch {
		case r == '.' || r == '_':
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(last):
			b.WriteRune(' ')
		case last == ' ':
			r = unicode.ToUpper(r)
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// appendEventName appends what an analytics product calls the event, as a JSON string: a track event's own name of up to most
// characters, else its kind's title. One of reserved, which are JSON strings, would be read as a command of the vendor's, or
// refused: it gets "event " before it.
func appendEventName(dst []byte, e *event.Event, reserved []string, most int) []byte {
	if e.Kind != event.TrackEventReceived || present(e.Name) == nil {
		return appendTitle(dst, e)
	}
	if contains(reserved, e.Name) {
		return append(append(dst, `"event `...), e.Name[1:]...)
	}
	return appendCut(dst, e.Name, most)
}

// appendTitle appends what people call the event, as a JSON string: a track event's own name, else its kind's title.
func appendTitle(dst []byte, e *event.Event) []byte {
	if e.Kind == event.TrackEventReceived && len(e.Name) > len(`""`) {
		return append(dst, e.Name...)
	}
	dst = append(dst, '"')
	dst = append(dst, Title(e.Kind)...)
	return append(dst, '"')
}
