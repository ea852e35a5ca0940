package sign

import (
	"slices"
	"strings"
	"testing"
)

func TestParseScheme(t *testing.T) {
	for _, scheme := range []Scheme{Pendo, PendoBare, Standard, GitHub, Userpilot} {
		got, err := ParseScheme(scheme.String())
		if err != nil || got != scheme {
			t.Errorf("ParseScheme(%q) = %d, %v; want %d", scheme, got, err, scheme)
		}
	}
	for _, name := range []string{"", "Pendo", "sha256", "pendo "} {
		_, err := ParseScheme(name)
		if err == nil || !strings.Contains(err.Error(), "use one of pendo, pendo-bare, standard, github, userpilot") {
			t.Errorf("ParseScheme(%q): %v; want an error that lists the names", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	want := []string{"pendo", "pendo-bare", "standard", "github", "userpilot"}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
	Names()[0] = "changed"
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("a caller changed the table: %q", got)
	}
}

func TestNoScheme(t *testing.T) {
	for _, scheme := range []Scheme{0, Userpilot + 1, 255} {
		if scheme.String() != "" || scheme.header() != "" {
			t.Errorf("scheme %d has the name %q and the header %q; want none", scheme, scheme, scheme.header())
		}
	}
}
