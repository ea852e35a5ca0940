package wal

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"
)

// children are what the test binary does in place of its tests when a test starts it anew: what may end the process, or
// leaves goroutines behind on purpose.
var children = map[string]func() error{
	"faults": faultsChild,
	"full":   fullChild,
	"lock":   lockChild,
}

const childVariable = "EDGERELAY_WAL_TEST_CHILD"

// runChild starts the test binary anew for one of children.
func runChild(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	t.Logf("%s", out)
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		if err := children[name](); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
