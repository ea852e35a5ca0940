package relay

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeTellsEveryKey holds the README's table of keys against config.toml: same keys, same values, same words.
func TestReadmeTellsEveryKey(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("../config.toml")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "<!-- config -->\n")
	table, _, found := strings.Cut(table, "<!-- /config -->")
	if !found {
		t.Fatal("README.md has no table between <!-- config --> and <!-- /config -->")
	}
	want := "| key | in the file | |\n|---|---|---|\n" + tableOf(string(config))
	if table != want {
		t.Errorf("README.md's table is not config.toml's; it should be:\n%s", want)
	}
}

var (
	tableLine = regexp.MustCompile(`^(?:#:)?\[+([a-z]+)\]+`)
	keyLine   = regexp.MustCompile(`^(?:#:)?([a-z_]+) = (.*?)\s+# (.*)$`)
)

// tableOf is config.toml as rows of a Markdown table.
func tableOf(config string) string {
	var rows strings.Builder
	section := ""
	for line := range strings.Lines(config) {
		line = strings.TrimSuffix(line, "\n")
		if m := tableLine.FindStringSubmatch(line); m != nil {
			section = m[1]
		} else if m := keyLine.FindStringSubmatch(line); m != nil {
			fmt.Fprintf(&rows, "| `%s.%s` | `%s` | %s |\n", section, m[1], m[2], m[3])
		}
	}
	return rows.String()
}
