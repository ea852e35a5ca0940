package freight

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"edgerelay/relay/destination"
)

// reasonMax bounds a reason in bytes: it stands in every dead letter.
const reasonMax = 300

// clip makes a reason fit for a line of text.
func clip(said string) string {
	said = strings.Join(strings.FieldsFunc(said, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	return strings.ToValidUTF8(said[:min(len(said), reasonMax)], "")
}

// unreached is the verdict on a connection that was not made, or broke: later.
func unreached(err error) destination.Verdict {
	var private interface{ PrivateAddress() string }
	if errors.As(err, &private) { // it stays refused until somebody allows it
		return refused(0, "it leads to the private address "+private.PrivateAddress()+"; set allow_private = true in the config file when that is meant")
	}
	v := destination.Verdict{Outcome: destination.Retry, Reason: clip(err.Error()), Ours: Ours(err) || errors.Is(err, context.Canceled)}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		v.Status, v.Reason = 408, clip("no answer in time: "+err.Error())
	}
	return v
}

// Ours says that an attempt never left this machine or its network: names cannot be looked up, there is no route, nothing
// is left to connect with. A name that does not exist is the receiver's fault.
func Ours(err error) bool {
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return !lookup.IsNotFound
	}
	for _, fault := range []error{syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL,
		syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}

// refused is the verdict on a webhook that the destination will not have as it is set up: it is turned off with the
// reason, and its events wait until somebody has looked at it.
func refused(status int, said string) destination.Verdict {
	return destination.Verdict{Outcome: destination.Off, Status: status, Reason: clip(said)}
}

// forbidden says of an error of this machine's files that trying again will not help until somebody changes something.
func forbidden(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR) ||
		errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}
