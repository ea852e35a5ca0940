package live

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

// nodeSDK is a process of Node with one of Segment's SDKs in it.
type nodeSDK struct {
	cmd   *exec.Cmd
	calls io.WriteCloser
	said  bytes.Buffer
}

func startNode(t *testing.T, name string, to *relay) *nodeSDK {
	t.Helper()
	need(t, packages)
	n := &nodeSDK{cmd: exec.CommandContext(t.Context(), need(t, node), filepath.Join("sdk", "node.mjs"), name, "http://"+to.address, writeKey)}
	n.cmd.Stdout, n.cmd.Stderr = &n.said, &n.said
	var err error
	if n.calls, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after a failure; else it has ended long ago
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
	})
	return n
}

// call makes the SDK do something: identify, group, track and so on.
func (n *nodeSDK) call(t *testing.T, what string, message object) {
	t.Helper()
	text, err := json.Marshal([]any{what, message})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.calls.Write(append(text, '\n')); err != nil {
		t.Fatal(err)
	}
}

// end waits until the SDK has sent all.
func (n *nodeSDK) end(t *testing.T) {
	t.Helper()
	if err := n.calls.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, n.said.String())
	}
	if n.said.Len() > 0 {
		t.Logf("Node: %s", n.said.String())
	}
}
