package mail

import (
	"fmt"
	"strings"
	"time"
)

const (
	nameMax   = 120 // characters of a webhook's name in a mail
	reasonMax = 500 // characters
)

// News is what happened to a webhook.
type News struct {
	To      string // the owner's address; "" has none, then there is no mail
	Webhook string // its name
	Reason  string // why it was turned off, or is on again; user's and receiver's text, so only one line of it is shown
	Status  int    // of the receiver's last answer; 0 is not known, and not shown
	At      time.Time
	Probing bool // the relay asks the receiver itself from time to time, and turns the webhook on when it answers well
}

// TurnedOff tells the owner that the relay turned the webhook off.
func (m *Mailer) TurnedOff(n News) {
	if m == nil || n.To == "" {
		return
	}
	name := line(n.Webhook, nameMax)
	var b strings.Builder
	fmt.Fprintf(&b, "edgerelay turned the webhook %q off. Nothing is sent to it now; its events wait in the\nlog, as long as the log's limits let them.\n\n", name)
	n.appendFacts(&b)
	b.WriteString("\nWhat to do next:\n- Mend the receiver, and see in the webhook's log what it answered.\n")
	if n.Probing {
		b.WriteString("- The relay asks the receiver from time to time, and turns the webhook on again when it answers well.\n  To be faster, turn it on yourself,")
	} else {
		b.WriteString("- Then turn the webhook on again,")
	}
	fmt.Fprintf(&b, " in the console or with\n  edgerelay webhook enable %s\n", shellWord(name))
	m.Send(Message{To: n.To, Subject: fmt.Sprintf("edgerelay: webhook %q was turned off", name), Text: b.String() + m.sign()})
}

// WorksAgain tells the owner that the relay turned the webhook on again by itself, as its receiver answers well.
func (m *Mailer) WorksAgain(n News) {
	if m == nil || n.To == "" {
		return
	}
	name := line(n.Webhook, nameMax)
	var b strings.Builder
	fmt.Fprintf(&b, "The receiver of the webhook %q answers well again, and edgerelay has turned the webhook on.\n\n", name)
	n.appendFacts(&b)
	b.WriteString("\nThere is nothing to do.\n")
	m.Send(Message{To: n.To, Subject: fmt.Sprintf("edgerelay: webhook %q works again", name), Text: b.String() + m.sign()})
}

func (n *News) appendFacts(b *strings.Builder) {
	if reason := line(n.Reason, reasonMax); reason != "" {
		fmt.Fprintf(b, "Reason:      %s\n", reason)
	}
	if n.Status > 0 {
		fmt.Fprintf(b, "Last status: %d\n", n.Status)
	}
	fmt.Fprintf(b, "When:        %s\n", n.At.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// sign is the end of every mail.
func (m *Mailer) sign() string {
	if m.opt.ConsoleURL == "" {
		return ""
	}
	return "\nConsole: " + m.opt.ConsoleURL + "\n"
}

// shellWord quotes a name for a shell when it has to be.
func shellWord(name string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.,:@%+=-", r)
	}
	if name != "" && name[0] != '-' && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
