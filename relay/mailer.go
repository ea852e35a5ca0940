package relay

import (
	"log/slog"
	"net"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

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

// url is where the console is found, as far as its listener tells; "" when it listens on all interfaces, whose names are
// not known, or on any port.
func (c *Console) url() string {
	host, port, err := net.SplitHostPort(c.Listen)
	if addr, errAddr := netip.ParseAddr(host); err != nil || host == "" || port == "0" || errAddr == nil && addr.IsUnspecified() {
		return ""
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
