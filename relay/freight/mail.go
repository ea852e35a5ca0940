package freight

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"edgerelay/relay/destination"
)

// mailPart is how large a file becomes before the rest goes into another mail. Base64 makes a third more of it, and most
// mail servers take 20 to 25 MB.
const mailPart = 12 << 20

// Letter is a mail with a file.
type Letter struct {
	ID      string // the same on every attempt, fit for a Message-ID's left side
	To      []string
	Subject string
	Text    string
	Name    string // of the file
	Kind    string // its Content-Type
	Content io.ReadSeeker
}

// postbox hands exports to a mail server.
type postbox struct {
	to      []string
	webhook string
	send    func(ctx context.Context, l *Letter) destination.Verdict
}

func newMail(plan *destination.Plan, o Options) (Carrier, error) {
	if o.Mail == nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: there is no mail server; set [smtp] server and from", o.Webhook)
	}
	to, err := destination.Recipients(plan.Settings.Of("to"))
	if err != nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: settings.to %w", o.Webhook, err)
	}
	return newExport(plan, o, &postbox{to, o.Webhook, o.Mail})
}

// put sends one mail. A mail that was sent and never confirmed is sent again: no mail server can be asked what it has.
func (b *postbox) put(ctx context.Context, o *object) destination.Verdict {
	name := path.Base(o.key)
	if _, err := o.content.Seek(0, io.SeekStart); err != nil {
		return destination.Verdict{Outcome: destination.Retry, Reason: clip(err.Error()), Ours: true}
	}
	return b.send(ctx, &Letter{
		ID:      strings.TrimSuffix(name, path.Ext(name)),
		To:      b.to,
		Subject: fmt.Sprintf("Export of %s from webhook %q", o.label, b.webhook),
		Text: fmt.Sprintf("The file %s has the %d events that webhook %q took in the period %s (UTC).\n",
			name, o.events, b.webhook, o.label),
		Name:    name,
		Kind:    o.kind,
		Content: io.NewSectionReader(o.content, 0, o.size),
	})
}

func (b *postbox) close() error { return nil }
