package desk

import "time"

// Export is what a webhook collects in files, one a period, and has not shipped.
type Export struct {
	Files   int        `json:"files"` // with those that still collect
	Bytes   int64      `json:"bytes"`
	Overdue *time.Time `json:"overdue_since,omitempty"` // when the first of them was to be shipped; nil: none is due yet
	Next    *time.Time `json:"next,omitempty"`          // when one of them is shipped; nil: there is none, or the webhook does not deliver now
	Shipped uint64     `json:"shipped"`                 // files, since the webhook began to deliver
	Failed  uint64     `json:"failed"`                  // attempts to ship one, since then

	Failure *ExportFailure `json:"failure,omitempty"` // the last of those that wait
}

// ExportFailure is an attempt to ship a file that came to nothing.
type ExportFailure struct {
	At     time.Time `json:"at"`
	Period string    `json:"period"` // the file's: 2026-11-20, 2026-w47, 2026-11
	Reason string    `json:"reason"`
}
