package tagging

import "fmt"

// Code is what sort of refusal an Error is.
type Code string

// Codes of refusals, as the admin API shows them.
const (
	NotFound Code = "not_found"
	Exists   Code = "exists"
	ReadOnly Code = "read_only"
	Stale    Code = "stale"
	Invalid  Code = "invalid"
	InUse    Code = "in_use" // something else counts on it
)

// Error is a refusal: nothing was changed. It is for people, and names the next step.
type Error struct {
	Code    Code
	Field   string // of the document, when one is to blame
	Message string
	Faults  []Fault // all of them, when there are several
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// Fault is one thing that is wrong with an entry.
type Fault struct {
	Field string `json:"field"` // "id", "rules[0]", "steps[1].id"; "" = the entry as a whole
	Text  string `json:"message"`
}

// String has the form "field: text".
func (f Fault) String() string {
	if f.Field != "" {
		return f.Field + ": " + f.Text
	}
	return f.Text
}

func refuse(code Code, field, format string, args ...any) error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

func invalid(faults []Fault) error {
	e := &Error{Code: Invalid, Field: faults[0].Field, Message: faults[0].Text}
	if len(faults) > 1 {
		e.Faults = faults
	}
	return e
}
