package hook

import (
	"slices"
	"testing"
)

// TestChoices: each of them can be chosen.
func TestChoices(t *testing.T) {
	c := AllChoices()
	try := func(field string, values []string, set func(*Spec, string)) {
		t.Helper()
		if len(values) == 0 {
			t.Errorf("there is no %s to choose", field)
		}
		for _, value := range values {
			spec := Spec{Name: "a", URL: "https://example.com/", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", InFlight: 1, Timeout: 1}
			set(&spec, value)
			_, faults := Compile(spec, func(string) bool { return true })
			if slices.ContainsFunc(faults, func(f Fault) bool { return f.Field == field }) {
				t.Errorf("%s %q: %v", field, value, faults)
			}
		}
	}
	var types []string
	for _, t := range c.Types {
		types = append(types, t.Name)
	}
	try("type", types, func(s *Spec, v string) { s.Type = v })
	try("format", c.Formats, func(s *Spec, v string) { s.Format = v })
	try("signature[0]", c.Signatures, func(s *Spec, v string) { s.Signature = []string{v} })
	try("order", c.Orders, func(s *Spec, v string) { s.Order = v })
	if types[0] != "url" || c.Formats[0] != "pendo" || c.Signatures[0] != "pendo" || c.Orders[0] != "none" {
		t.Errorf("the defaults do not come first: %+v", c)
	}
}
