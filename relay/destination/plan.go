package destination

import (
	"net/url"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// Plan is how to deliver to one destination, worked out from its settings once, before the first event.
type Plan struct {
	Type     string   // its name
	Settings Settings // what it was made of, defaults included

	// URL is where requests go. A webhook's own url has been laid over it (see Override).
	URL *url.URL
	// Place says to people where deliveries go, where URL says it badly: "s3://bucket/prefix". It holds no secret. "" is URL.
	Place string
	// Method is the request's; "" is POST.
	Method string
	// Header are headers of every request besides those of HTTP itself, Content-Type among them; Authorization too.
	Header []Header
	// Gzip has bodies compressed.
	Gzip bool
	// Once says that a request that was sent and never answered is not sent again, because the vendor would count it
	// twice and that is worse than not at all. Its events become dead letters, which people can look at and replay.
	Once bool

	Body  Body
	Batch Batch
	// Template, when it is not nil, makes the request of each event; then Body counts for nothing.
	Template *Template
	// Judge says what a reply means; nil is JudgeStatus. It is called for complete replies only: what became of a request
	// without one (timeouts, broken connections) is the same for everybody.
	Judge func(a *Answer) Verdict

	// Origin is the name under which the receiver is asked for its consent before the first delivery, and again after each
	// start (CloudEvents' abuse protection); "": it is not asked.
	Origin string

	// Rate and Burst are the pace that the vendor asks for, in requests a second, and how many may go at once after a pause.
	// They hold where the webhook has no rate of its own; 0: none.
	Rate  float64
	Burst int

	// Carrier says that package freight delivers, by a protocol of its own. Of URL, Method, Header, Gzip, Once and Judge it
	// uses what that protocol has a use for.
	Carrier bool
	// Archive says that a batch becomes an object which is named by the positions of its events in the log: batches are
	// made one after the other in the order of the log, and the same again after a crash.
	Archive bool
}

// Header is a header of requests.
type Header struct{ Name, Value string }

// Body is how the body of a request is made of events: Open, the items with Between between them, Close.
type Body struct {
	Open, Between, Close string
	Item                 format.Encoder
	// Lacks, when it is not nil, says what an event lacks that the destination needs, and "" when it has everything. Such an
	// event is given up without a request.
	Lacks func(e *event.Event) string
	// Finish, when it is not nil, has the last word: it gets the whole body before Close and the number of items in it, and
	// returns it, longer or changed in place.
	Finish func(body []byte, items int) []byte
}

// Batch is how much one request takes. A batch goes out when it holds Count events or Bytes bytes, or its first event has
// waited for Age. The zero value is one event a request.
type Batch struct {
	Count int           // events; 0 and 1 are one event a request
	Bytes int           // of the body before compression, Open and Close included; 0: no limit
	Item  int           // bytes of one item; an event that is longer is given up at once; 0: no limit
	Age   time.Duration // 0: what is there goes out at once, and nobody waits for more
}

// Override lays a user's url over a vendor's endpoint: scheme and host always, the path when it has one, and the query
// when it has one. An empty one changes nothing; without an endpoint it is all there is.
func Override(endpoint, own string) (*url.URL, error) {
	if endpoint == "" {
		return url.Parse(own)
	}
	u, err := url.Parse(endpoint)
	if err != nil || own == "" {
		return u, err
	}
	o, err := url.Parse(own)
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host, u.User, u.Fragment = o.Scheme, o.Host, o.User, o.Fragment
	if o.Path != "" && o.Path != "/" {
		u.Path, u.RawPath = o.Path, o.RawPath
	}
	if o.RawQuery != "" {
		u.RawQuery = o.RawQuery
	}
	return u, nil
}

// endpoint is Override with its error reported as the fault of url, which is parsed and checked as a target by the
// caller of Plan anyhow.
func endpoint(address string, s *Settings, fault func(field, text string, args ...any)) *url.URL {
	u, err := Override(address, s.URL)
	if err != nil {
		fault("url", `is not an http or https URL; write it like "https://example.com/hook"`)
		return &url.URL{}
	}
	return u
}
