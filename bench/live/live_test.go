// Package live points real clients at the running program, and a browser at its console: Pendo's agent and Segment's and RudderStack's browser SDKs in
// Chromium, Segment's SDKs for Node and Go. What they send must come out at a receiver as signed webhooks, once; also when
// the program is killed and started again in between.
//
// It knows the program from outside only: its config, its endpoints, its deliveries. The browser is driven by chromedp, so
// that a scene and what must come of it stand in one function. Nothing leaves loopback.
//
// Most of it needs what Go does not bring. What is not there is left out, and the test says what and how to get it;
// with EDGERELAY_LIVE=required that is a failure.
package live

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// program is the real binary, built once for all tests of this package.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "edgerelay-live-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "edgerelay")
	build := exec.Command("go", "build", "-o", program, "edgerelay")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	chromium.stop()
	if n := leftOut.Load(); n > 0 {
		fmt.Printf("LEFT OUT: %d live tests; to run all: apt-get install -y chromium nodejs npm && npm ci --prefix bench/live\n", n)
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// required, set to this in the environment, makes a failure of what would be left out.
const (
	requirement = "EDGERELAY_LIVE"
	required    = "required"
)

// tool is something that a test needs and that may not be there.
type tool struct {
	find func() (path string, err error)
	get  string // the command that brings it
}

var (
	packages = tool{findPackages, "npm ci --prefix bench/live"}
	node     = tool{func() (string, error) { return exec.LookPath("node") }, "apt-get install -y nodejs npm"}
	browser  = tool{findBrowser, "apt-get install -y chromium (or name one in EDGERELAY_CHROMIUM)"}
)

// leftOut counts the tests that lacked something.
var leftOut atomic.Int32

// need returns where a tool is. Without it the test is left out: the one reason for which a test of this project may be.
func need(t *testing.T, what tool) (path string) {
	t.Helper()
	path, err := what.find()
	switch {
	case err == nil:
		return path
	case os.Getenv(requirement) == required:
		t.Fatalf("%v; get it with: %s", err, what.get)
	}
	leftOut.Add(1)
	t.Skipf("LEFT OUT: %v; get it with: %s", err, what.get)
	return ""
}

func findPackages() (string, error) {
	path, err := filepath.Abs("node_modules")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(path, ".package-lock.json")); err != nil { // npm writes it last
		return "", errors.New("the clients' npm packages are not installed")
	}
	return path, nil
}

func findBrowser() (string, error) {
	if path := os.Getenv("EDGERELAY_CHROMIUM"); path != "" {
		return exec.LookPath(path)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium")
}
