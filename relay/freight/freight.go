// Package freight delivers batches to destinations that need more than one POST: object stores, SFTP servers, folders,
// warehouses, mail. Each has a Carrier, made of a webhook's plan, that does its own I/O with a library that speaks the
// destination's protocol; one file describes one of them.
//
// Object stores, servers and folders are stores that archives put one object for each batch into; an export collects
// batches on this machine's disk and puts one file for each day, week or month.
//
// It knows plans and bodies. It knows no queue, no lane and no cursor: package deliver gathers the batches, makes one
// attempt at a time for each, tries again later, and ends events by the verdict. Only an export, whose batches have been
// delivered to its disk, minds itself when its file is tried again. Carriers are safe for concurrent use.
package freight

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"edgerelay/relay/destination"
)

// Carrier ships batches to one destination.
type Carrier interface {
	// Ship makes one attempt: it returns when the destination has said that it has the batch, or why not. What it keeps of
	// p it copies. It ends soon after ctx does. The verdict's Each is as long as the batch, or nil.
	Ship(ctx context.Context, p *Parcel) destination.Verdict
	// Close lets go of connections. No Ship is under way, and none follows.
	Close() error
}

// Parcel is one batch.
type Parcel struct {
	Body  []byte // as Plan.Body makes it, before compression
	Count int    // events in it

	// First and Last are the positions in the log of its first and last event. A webhook never has two parcels of the same
	// First. Of a plan that is an Archive, the parcel of a First has the same Last and the same events on every attempt,
	// also after a crash.
	First, Last uint64
	// At is when the first event was accepted; the same on every attempt.
	At time.Time
	// Number is that of the attempt, from 1.
	Number int
}

// Options are what carriers need of their surroundings.
type Options struct {
	Webhook string // its name
	// Dial makes connections to addresses that the webhook may reach, and to no others.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Dir is a folder of the webhook's own below the data folder, for what a carrier must keep. It may not exist yet.
	Dir       string
	UserAgent string
	// Mail hands a letter to the mail server of the relay and says what that made of it; nil when there is none. It ends soon
	// after ctx does.
	Mail   func(ctx context.Context, l *Letter) destination.Verdict
	Logger *slog.Logger // names the webhook
	// Scrub masks the webhook's secrets in what a destination said, before it is logged; nil: there are none.
	Scrub func(text string) string
	Now   func() time.Time // default: the machine's clock
}

func (o *Options) ensureDefaults() {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Scrub == nil {
		o.Scrub = func(text string) string { return text }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// New makes the carrier of a plan whose Carrier is true. It makes no connection yet.
func New(plan *destination.Plan, o Options) (Carrier, error) {
	o.ensureDefaults()
	switch plan.Type {
	case "s3":
		return newS3(plan, o)
	case "sftp":
		return newSFTP(plan, o)
	case "file":
		return newFile(plan, o)
	case "mail":
		return newMail(plan, o)
	case "bigquery":
		return newBigQuery(plan, o)
	case "snowflake":
		return newSnowflake(plan, o)
	case "salesforce":
		return newSalesforce(plan, o), nil
	case "zendesk":
		return newZendesk(plan, o)
	default:
		return nil, fmt.Errorf("make the carrier of webhook %q: there is none for the type %q", o.Webhook, plan.Type)
	}
}
