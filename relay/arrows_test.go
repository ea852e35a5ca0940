package relay

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says which packages of the project each package may import. A package that is not here may import none: adding
// a line is a decision about the structure, see README.
var arrows = map[string][]string{
	"edgerelay":               {"relay", "relay/remote", "relay/sink", "relay/spell", "bench"},
	"edgerelay/bench":         {"bench/child", "relay/event", "relay/format", "relay/sign"},
	"edgerelay/relay":         {"relay/intake", "relay/catalog", "relay/deliver", "relay/destination", "relay/freight", "relay/console", "relay/desk", "relay/journal", "relay/registry", "relay/replay", "relay/tagging", "relay/hook", "relay/mail", "relay/people", "relay/upstream", "relay/trace", "relay/event", "relay/format", "relay/sign", "relay/spell", "relay/strict", "wal"},
	"edgerelay/relay/intake":  {"relay/catalog", "relay/people", "relay/signal", "relay/upstream", "relay/sign", "relay/trace", "relay/event", "wal"},
	"edgerelay/relay/deliver": {"relay/expression", "relay/mask", "relay/destination", "relay/freight", "relay/hook", "relay/journal", "relay/upstream", "relay/format", "relay/sign", "relay/trace", "relay/event", "wal"},
	"edgerelay/relay/console": {"relay/journal", "relay/replay", "relay/tagging", "relay/console/page", "relay/desk", "relay/registry", "relay/hook", "relay/sink/receipt", "relay/sign", "relay/event"},
	"edgerelay/relay/sink":    {"relay/sink/receipt", "relay/sign", "relay/event"},
	"edgerelay/relay/hook":    {"relay/discreet", "relay/expression", "relay/mask", "relay/destination", "relay/strict", "relay/format", "relay/sign", "relay/event", "relay/spell", "matcher", "wal"},
	"edgerelay/relay/people":  {"relay/event"},
	"edgerelay/relay/catalog": {"relay/event"},
	"edgerelay/relay/format":  {"relay/event"},
	"edgerelay/relay/strict":  {"relay/spell"},

	"edgerelay/relay/journal":  {"relay/discreet", "wal"},
	"edgerelay/relay/registry": {"relay/hook"},
	"edgerelay/relay/replay":   {"relay/hook", "relay/event", "wal"},
	"edgerelay/relay/tagging":  {"relay/catalog", "relay/event", "relay/spell", "wal"},
	"edgerelay/relay/upstream": {"relay/event"},

	"edgerelay/relay/destination": {"relay/expression", "relay/format", "relay/event"},

	"edgerelay/relay/freight": {"relay/destination", "relay/format", "relay/event"},

	"edgerelay/relay/desk": {"relay/registry", "relay/journal", "relay/replay", "relay/tagging", "relay/hook", "relay/format", "relay/event", "relay/spell", "wal"},

	"edgerelay/relay/console/page": {"relay/desk", "relay/tagging", "relay/registry", "relay/journal", "relay/replay", "relay/hook", "relay/event"},

	"edgerelay/relay/sink/receipt": {"relay/event"},

	"edgerelay/relay/expression": {"relay/event", "relay/spell"},

	"edgerelay/relay/mask": {"relay/event"},

	"edgerelay/relay/remote": {"relay/hook", "relay/spell"},
}

func TestImportArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "edgerelay/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		for _, imported := range names[1:] {
			own, ours := strings.CutPrefix(imported, "edgerelay/")
			if ours && !slices.Contains(arrows[names[0]], own) {
				t.Errorf("%s imports %s: no arrow allows that", names[0], imported)
			}
		}
	}
}
