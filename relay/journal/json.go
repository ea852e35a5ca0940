package journal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// wireAttempt is an Attempt as the admin API shows it. What is empty is left out, but for what every attempt has.
type wireAttempt struct {
	ID        string      `json:"id"`
	Time      string      `json:"time"` // RFC 3339, UTC, milliseconds
	Webhook   string      `json:"webhook"`
	Outcome   Outcome     `json:"outcome"`
	Status    int         `json:"status"`
	Reason    string      `json:"reason,omitempty"`
	Event     string      `json:"event,omitempty"`
	UniqueID  string      `json:"unique_id,omitempty"`
	Number    int         `json:"attempt,omitempty"`
	Size      int         `json:"size,omitempty"`
	Sampled   bool        `json:"sampled,omitempty"`
	Timing    *wireTiming `json:"timing,omitempty"`
	Request   []Header    `json:"request,omitempty"`
	Reply     []Header    `json:"reply,omitempty"`
	Body      string      `json:"body,omitempty"`
	Base64    bool        `json:"body_base64,omitempty"` // body is base64, because the reply's is no UTF-8
	Truncated bool        `json:"truncated,omitempty"`
}

// wireTiming is a Timing in milliseconds, with microseconds behind the point.
type wireTiming struct {
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	FirstByte float64 `json:"first_byte"`
	Total     float64 `json:"total"`
	Reused    bool    `json:"reused"`
}

const timeForm = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON has the form that GET /api/webhooks/NAME/log and GET /api/errors answer with:
//
//	{"id":"…","time":"2026-11-21T10:15:30.123Z","webhook":"crm","outcome":"retry","status":503,
//	 "reason":"503 Service Unavailable","event":"pageLoaded","unique_id":"…","attempt":2,"size":612,
//	 "timing":{"dns":1.204,"connect":0.41,"tls":3.5,"first_byte":12.007,"total":17.2,"reused":false},
//	 "request":[{"name":"Host","value":"…"}],"reply":[…],"body":"…","truncated":true}
//
// The timing is in milliseconds. A body that is no UTF-8 is in base64, with "body_base64":true. A note has neither
// timing nor what belongs to an attempt.
func (a Attempt) MarshalJSON() ([]byte, error) {
	w := wireAttempt{ID: a.ID, Time: a.Time.UTC().Format(timeForm), Webhook: a.Webhook, Outcome: a.Outcome, Status: a.Status,
		Reason: a.Reason, Event: a.Event, UniqueID: a.UniqueID, Number: a.Number, Size: a.Size, Sampled: a.Sampled,
		Request: a.Request, Reply: a.Reply, Body: string(a.Body), Truncated: a.Truncated}
	if a.Outcome != Note {
		t := &a.Timing
		w.Timing = &wireTiming{milliseconds(t.DNS), milliseconds(t.Connect), milliseconds(t.TLS),
			milliseconds(t.FirstByte), milliseconds(t.Total), t.Reused}
	}
	if !utf8.Valid(a.Body) {
		w.Body, w.Base64 = base64.StdEncoding.EncodeToString(a.Body), true
	}
	return json.Marshal(&w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *Attempt) UnmarshalJSON(text []byte) error {
	var w wireAttempt
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("read entry of an attempt log: %w", err)
	}
	at, err := time.Parse(time.RFC3339, w.Time)
	if err != nil {
		return fmt.Errorf("read entry of an attempt log: %w", err)
	}
	*a = Attempt{ID: w.ID, Time: at, Webhook: w.Webhook, Outcome: w.Outcome, Status: w.Status, Reason: w.Reason,
		Event: w.Event, UniqueID: w.UniqueID, Number: w.Number, Size: w.Size, Sampled: w.Sampled,
		Request: w.Request, Reply: w.Reply, Truncated: w.Truncated}
	if t := w.Timing; t != nil {
		a.Timing = Timing{duration(t.DNS), duration(t.Connect), duration(t.TLS), duration(t.FirstByte), duration(t.Total), t.Reused}
	}
	a.Body = []byte(w.Body)
	if w.Base64 {
		if a.Body, err = base64.StdEncoding.DecodeString(w.Body); err != nil {
			return fmt.Errorf("read entry of an attempt log: body: %w", err)
		}
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func duration(ms float64) time.Duration {
	return time.Duration(math.Round(ms*1000)) * time.Microsecond
}
