package mail

import (
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"strings"

	smtp "github.com/wneessen/go-mail"
)

// outcome is what an attempt came to.
type outcome uint8

const (
	sent        outcome = iota
	putOff              // the server will take this letter later, or says so: 4xx
	refused             // the server will never take this letter: 5xx
	serverFault         // the server takes no letter, or is not there
)

func (o outcome) String() string {
	return [...]string{sent: "sent", putOff: "put_off", refused: "refused", serverFault: "server_fault"}[o]
}

// fault is why a letter was not taken.
type fault struct {
	outcome outcome
	cause   error
	next    string // what the operator can do
}

// undelivered is the fault of a letter that was not taken on a good connection. 421 says that the server is closing down,
// and without a code the connection broke: neither is about the letter.
func undelivered(err error) *fault {
	var failed *smtp.SendError
	code := 0
	if errors.As(err, &failed) {
		code = failed.ErrorCode()
	}
	switch {
	case code == 421 || code < 400:
		return &fault{serverFault, err, "nothing if it passes; else see the mail server's log"}
	case code < 500:
		return &fault{putOff, err, "see the mail server's log for why it puts this mail off"}
	case failed.Reason == smtp.ErrSMTPMailFrom:
		return &fault{refused, err, "set [smtp] from to an address that this server lets username send from"}
	case failed.Reason == smtp.ErrSMTPRcptTo:
		return &fault{refused, err, "set the webhook's owner to an address that exists, or have the server relay to it"}
	}
	return &fault{refused, err, "see the mail server's log for why it refuses this mail"}
}

// remedy is what can be done about a server with which no mail can be begun.
func remedy(err error) string {
	var (
		untrusted *tls.CertificateVerificationError
		plain     tls.RecordHeaderError
		reply     *textproto.Error
		unreached net.Error
	)
	const tlsPort = `its port for TLS from the start, often 465, needs [smtp] tls = "tls"; others need "starttls"`
	switch text := err.Error(); {
	case errors.As(err, &untrusted):
		return "name the host in [smtp] server as its certificate does, and have this machine trust who issued it"
	case errors.As(err, &plain):
		return "the server does not speak TLS as expected: " + tlsPort
	case strings.Contains(text, "does not support STARTTLS"):
		return `the server offers no STARTTLS: ` + tlsPort + `; "none" sends in clear`
	case errors.Is(err, smtp.ErrNoSupportedAuthDiscovered):
		return "the server offers no log-in that hides the password on this line: set [smtp] tls, or leave username empty"
	case strings.Contains(text, "does not support SMTP AUTH"):
		return "the server offers no log-in on this port: use its submission port, often 587, or leave [smtp] username empty"
	case errors.As(err, &reply) && strings.HasPrefix(text, "SMTP AUTH failed"):
		return "see [smtp] username and password, and whether the server lets this user send by programs"
	case errors.As(err, &reply):
		return "the server does not serve this relay now; see its log, or ask who runs it"
	case errors.As(err, &unreached) && unreached.Timeout():
		return "see that [smtp] server is up and can be reached from here; " + tlsPort
	}
	return "see that [smtp] server is right, up, and can be reached from here"
}
