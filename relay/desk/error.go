package desk

import (
	"errors"
	"fmt"

	"edgerelay/relay/hook"
	"edgerelay/relay/registry"
	"edgerelay/relay/tagging"
)

// Code is what sort of refusal an Error is.
type Code string

// Codes of refusals beside those of the registry, which stand for themselves.
const (
	Invalid  Code = Code(registry.Invalid)  // a setting or a value, which Field names
	NotFound Code = Code(registry.NotFound) // what the request is about
	Stale    Code = Code(registry.Stale)    // it was changed meanwhile
	Busy     Code = "busy"                  // too many do the same
	Off      Code = "off"                   // the webhook must be on for it
	InUse    Code = Code(tagging.InUse)     // another entry of the catalog counts on it

	BadConfig Code = "bad_config" // the config file cannot be put in force
)

// Error is a refusal: nothing was changed. It is for people, and names the next step.
type Error struct {
	Code    Code    `json:"code"`
	Message string  `json:"message"`
	Field   string  `json:"field"`            // of the request, when one is to blame
	Faults  []Fault `json:"faults,omitempty"` // all that is wrong, when it is more than that
}

// Fault is one thing that is wrong with a webhook's settings.
type Fault struct {
	Field   string `json:"field"` // "url", "events[0]", "headers.Accept"
	Message string `json:"message"`
}

// Error has the form "field: message".
func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

func refuse(code Code, field, format string, args ...any) error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// refusal turns the registry's refusals into the desk's. Other errors stay what they are.
func refusal(err error) error {
	var e *registry.Error
	if !errors.As(err, &e) {
		return err
	}
	turned := &Error{Code: Code(e.Code), Message: e.Message, Field: e.Field}
	if len(e.Faults) > 1 {
		turned.Faults = faults(e.Faults)
	}
	return turned
}

func faults(list []hook.Fault) (turned []Fault) {
	for _, f := range list {
		turned = append(turned, Fault{f.Field, f.Text})
	}
	return turned
}
