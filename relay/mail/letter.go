package mail

import (
	"crypto/rand"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	smtp "github.com/wneessen/go-mail"
)

const subjectMax = 200 // characters

// letter is one mail as it is sent, the same on every attempt.
type letter struct {
	id       string // Message-ID without its brackets
	date     time.Time
	to       string
	subject  string
	text     string
	since    time.Time // when the oldest of its messages came
	messages int       // that it is made of

	enclosure *Enclosure // whose recipients are in to, with commas between; nil for what is text only
}

// newLetter names a letter after the sender's domain: the machine's own name is nobody's business.
func newLetter(from string, now time.Time) *letter {
	domain := from[strings.LastIndexByte(from, '@')+1:]
	return &letter{id: rand.Text() + "@" + strings.TrimRight(domain, ">"), date: now}
}

// compose puts the letter into the form of the wire. Automatic answers to it are unwanted (RFC 3834).
func (l *letter) compose(from string) (*smtp.Msg, error) {
	m := smtp.NewMsg(smtp.WithNoDefaultUserAgent())
	if err := m.From(from); err != nil {
		return nil, err
	}
	if err := m.To(strings.Split(l.to, ",")...); err != nil {
		return nil, err
	}
	m.SetMessageIDWithValue(l.id)
	m.SetDateWithValue(l.date)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.Subject(strings.ReplaceAll(l.subject, "=?", "= ?")) // which would begin an encoded word (RFC 2047)
	m.SetBodyString(smtp.TypeTextPlain, l.text)
	if e := l.enclosure; e != nil {
		m.AttachReadSeeker(e.Name, e.Content, smtp.WithFileContentType(smtp.ContentType(e.Type)))
	}
	return m, nil
}

// line makes one line of a text that came from anywhere: what is not to be seen becomes a space, and none stands twice. It
// ends after at most most characters.
func line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > most {
		text = strings.TrimRight(string([]rune(text)[:most-1]), " ") + "…"
	}
	return text
}

// clip ends a text after at most most bytes, at the end of a character.
func clip(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	for most -= len("…\n"); !utf8.RuneStart(text[most]); {
		most--
	}
	return text[:most] + "…\n"
}
