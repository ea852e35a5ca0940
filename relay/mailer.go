package relay

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/destination"
	"edgerelay/relay/freight"
	"edgerelay/relay/mail"
)

// newMailer starts the mailer to webhooks' owners; nil, which takes messages and sends none, when there is no mail server.
// Whoever gets one closes it.
func newMailer(c *Config, registerer prometheus.Registerer, logger *slog.Logger) (*mail.Mailer, error) {
	if c.SMTP.Server == "" {
		return nil, nil
	}
	return mail.New(mail.Options{Server: c.SMTP.Server, From: c.SMTP.From, Username: c.SMTP.Username, Password: c.SMTP.Password,
		TLS: c.SMTP.TLS, ConsoleURL: c.Console.url(), Registerer: registerer, Logger: logger})
}

// mailFile hands the files of exports to the mailer; nil when there is none.
func mailFile(m *mail.Mailer) func(ctx context.Context, l *freight.Letter) destination.Verdict {
	if m == nil {
		return nil
	}
	return func(ctx context.Context, l *freight.Letter) destination.Verdict {
		err := m.Deliver(ctx, &mail.Enclosure{ID: l.ID, To: l.To, Subject: l.Subject, Text: l.Text, Name: l.Name, Type: l.Kind, Content: l.Content})
		switch {
		case err == nil:
			return destination.Verdict{Outcome: destination.Delivered}
		case errors.Is(err, mail.ErrRefused):
			return destination.Verdict{Outcome: destination.Off, Reason: err.Error()}
		}
		return destination.Verdict{Outcome: destination.Retry, Reason: err.Error()}
	}
}

// url is where the console is found, as far as its listener tells; "" when it listens on all interfaces, whose names are
// not known, or on any port.
func (c *Console) url() string {
	host, port, err := net.SplitHostPort(c.Listen)
	if addr, errAddr := netip.ParseAddr(host); err != nil || host == "" || port == "0" || errAddr == nil && addr.IsUnspecified() {
		return ""
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
