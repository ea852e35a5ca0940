package mail

import (
	"fmt"
	"strings"
	"time"
)

// boxMax is how many messages to one recipient wait; then the oldest makes room, as the newest tell how things are now.
const boxMax = 50

// box is what waits for one recipient, and when the next mail may go there. The Mailer's lock guards it.
type box struct {
	to       string
	messages []Message // not in the letter, oldest first
	since    time.Time // of the first of them
	more     int       // messages that made room
	letter   *letter   // on its way; nil: none
	attempts int       // of the letter that the server put off
	due      time.Time // no attempt before
}

// put adds a message; false when another made room for it.
func (b *box) put(msg Message, now time.Time) (added bool) {
	if len(b.messages) == 0 {
		b.since = now
	}
	if len(b.messages) == boxMax {
		copy(b.messages, b.messages[1:])
		b.messages[boxMax-1] = msg
		b.more++
		return false
	}
	b.messages = append(b.messages, msg)
	return true
}

// empty says that nothing waits.
func (b *box) empty() bool { return b.letter == nil && len(b.messages) == 0 }

// write is the letter to send next: the one on its way, which stays the same on every attempt so that a recipient's server
// recognises what it has already, else a new one of all that waits.
func (b *box) write(from string, now time.Time) *letter {
	if b.letter == nil {
		b.letter = newLetter(from, now)
		b.letter.to, b.letter.since, b.letter.messages = b.to, b.since, len(b.messages)
		b.letter.subject, b.letter.text = sum(b.messages, b.more)
		b.messages, b.more, b.attempts = nil, 0, 0
	}
	return b.letter
}

// sum makes one text of several messages. Of those that had to make room there is the number only.
func sum(messages []Message, more int) (subject, text string) {
	if len(messages) == 1 {
		return messages[0].Subject, messages[0].Text
	}
	last := messages[len(messages)-1]
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages, oldest first", len(messages))
	if more > 0 {
		fmt.Fprintf(&b, ", and %d before them that are left out", more)
	}
	b.WriteString(".\n")
	for i, msg := range messages {
		fmt.Fprintf(&b, "\n== %d. %s\n\n%s", i+1, msg.Subject, msg.Text)
		if !strings.HasSuffix(msg.Text, "\n") {
			b.WriteByte('\n')
		}
	}
	return line(fmt.Sprintf("%s (and %d more)", last.Subject, len(messages)+more-1), subjectMax), b.String()
}
