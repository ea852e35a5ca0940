package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgerelay/bench/child"
)

// received is what `edgerelay sink --json` prints of a delivery.
type received struct {
	Event     string `json:"event"`
	ID        string `json:"uniqueId"`
	Signature string `json:"signature"`
	Body      struct {
		Visitor    string `json:"visitorId"`
		Properties struct {
			Name string `json:"name"`
		} `json:"properties"`
	} `json:"body"`
}

// sinkProcess is the real receiver.
type sinkProcess struct {
	cmd     *exec.Cmd
	address string
	lines   chan received
}

func startSink(t *testing.T, secret string) *sinkProcess {
	t.Helper()
	s := &sinkProcess{cmd: exec.Command(program, "sink", "--listen", "127.0.0.1:0", "--secret", secret, "--json"), lines: make(chan received, 1000)}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(errs).ReadString('\n')
	m := regexp.MustCompile(`http://([\d.:]+)`).FindStringSubmatch(line)
	if err != nil || m == nil {
		t.Fatalf("the sink said %q, %v", line, err)
	}
	s.address = m[1]
	done := make(chan struct{})
	go func() {
		defer close(done)
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			var r received
			if err := json.Unmarshal(scan.Bytes(), &r); err != nil {
				t.Errorf("the sink printed %q: %v", scan.Text(), err)
			}
			s.lines <- r
		}
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		<-done
		if err := s.cmd.Wait(); err != nil {
			t.Errorf("the sink ended with %v", err)
		}
	})
	return s
}

// TestCapturedRequestsArriveSignedOnce replays what real SDKs sent, and Pendo track calls, against the real program, and
// looks at what the real sink received.
func TestCapturedRequestsArriveSignedOnce(t *testing.T) {
	sink := startSink(t, "replay-secret")
	dir := t.TempDir()
	config := fmt.Sprintf("[intake]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[log]\ndir = %q\n"+
		"[[app]]\nname = \"shop\"\nkey = \"WK_TEST_web\"\nextra_keys = [\"WK_TEST_node\"]\nintegration_keys = [\"track-secret\"]\n"+
		"[[webhook]]\nname = \"sink\"\nurl = \"http://%s/hook\"\nsecret = \"replay-secret\"\nenabled = true\nallow_private = true\nevents = [\"*\"]\n",
		filepath.Join(dir, "data"), sink.address)
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := child.Start(t.Context(), program, 2, "serve", "--config", path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for range 2 { // the second time everything is a repeat
		replaySegment(t, c.Intake, want)
		replayTrack(t, c.Intake)
	}
	for i := range 5 {
		want[fmt.Sprintf("trackEventReceived Upgraded %d", i)] = 1
	}
	got := collect(sink, 3*time.Second)
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	for key, n := range want {
		if got[key] != n {
			t.Errorf("%s came %d times, want %d", key, got[key], n)
		}
	}
	for key := range got {
		if strings.HasPrefix(key, "bad ") || strings.HasPrefix(key, "again ") {
			t.Error(key)
		}
	}
}

// replaySegment sends every captured request as it was, and notes how often each track event must come.
func replaySegment(t *testing.T, address string, want map[string]int) {
	t.Helper()
	files, err := filepath.Glob("testdata/segment/*.raw")
	if err != nil || len(files) == 0 {
		t.Fatal("no captured requests", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := sendRaw(t, address, raw); status/100 != 2 {
			t.Errorf("%s was answered %d %s", filepath.Base(file), status, answer)
		}
	}
	countMessages(t, files, want)
}

// countMessages counts the distinct messageIds of each track event over all files.
func countMessages(t *testing.T, files []string, want map[string]int) {
	t.Helper()
	seen := map[string]bool{}
	clear(want)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		type message struct{ Type, Event, MessageID string }
		var m struct {
			message
			Batch []message
		}
		if json.Unmarshal(body, &m) != nil {
			continue
		}
		for _, one := range append(m.Batch, m.message) {
			if one.Type == "track" && !seen[one.MessageID] {
				seen[one.MessageID] = true
				want["trackEventReceived "+one.Event]++
			}
		}
	}
}

func sendRaw(t *testing.T, address string, raw []byte) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func replayTrack(t *testing.T, address string) {
	t.Helper()
	for i := range 5 {
		body := fmt.Sprintf(`{"type":"track","event":"Upgraded %d","visitorId":"v","accountId":"a","timestamp":%d,"properties":{"plan":"pro"},"context":{}}`, i, 1795254253000+i)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/data/track", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("x-pendo-integration-key", "track-secret")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("track was answered %s", answer.Status)
		}
	}
}

// collect counts what the sink received, until nothing has come for the pause.
func collect(s *sinkProcess, pause time.Duration) map[string]int {
	got, ids := map[string]int{}, map[string]bool{}
	for {
		select {
		case r := <-s.lines:
			key := strings.TrimSpace(r.Event + " " + r.Body.Properties.Name)
			if ids[r.ID] {
				key = "again " + key + " " + r.ID
			}
			ids[r.ID] = true
			if r.Signature != "ok" {
				key = "bad signature " + r.Signature + " " + key
			}
			got[key]++
		case <-time.After(pause):
			return got
		}
	}
}
