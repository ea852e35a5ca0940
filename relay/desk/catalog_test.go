package desk

import (
	"errors"
	"fmt"
	"testing"

	"edgerelay/relay/tagging"
	"edgerelay/wal"
)

// TestTaggingRefusals: what the catalog refuses is the desk's refusal; a log that takes nothing asks to try again.
func TestTaggingRefusals(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		got := "no refusal"
		var e *Error
		if errors.As(taggingRefusal(err), &e) {
			got = fmt.Sprintf("%s %s: %s %v", e.Code, e.Field, e.Message, e.Faults)
		}
		if got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
	f(&tagging.Error{Code: tagging.InUse, Message: "used"}, "in_use : used []")
	f(&tagging.Error{Code: tagging.Invalid, Field: "id", Message: "is", Faults: []tagging.Fault{{Field: "id", Text: "is"}, {Field: "app", Text: "no"}}},
		"invalid id: is [{id is} {app no}]")
	full := fmt.Errorf("keep: %w", wal.ErrFull)
	f(full, fmt.Sprintf("busy : %v; nothing was changed, try again []", full))
	f(errors.New("disk"), "no refusal")
	f(nil, "no refusal")
}

func TestNoCatalog(t *testing.T) {
	g := newRig(t, nil)
	_, errList := g.Entries(tagging.Query{List: tagging.Pages})
	_, errGet := g.Entry(tagging.Ref{List: tagging.Pages, ID: "x"})
	_, errCreate := g.CreateEntries(tagging.Pages, tagging.Document{})
	_, errEdit := g.EditEntry(tagging.Ref{}, nil)
	_, errTry := g.Touch("web", "/", "")
	for i, err := range []error{errList, errGet, errCreate, errEdit, g.DeleteEntry(tagging.Ref{}), errTry} {
		var e *Error
		if !errors.As(err, &e) || e.Code != NotFound {
			t.Errorf("%d: %v", i, err)
		}
	}
}
