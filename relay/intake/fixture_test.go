package intake

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of the captured requests anew")

// TestCaptures replays what real SDKs sent, byte for byte and in order, each session against a server of its own, and
// compares replies and events with the golden file beside it. The captures stem from analytics-node 3.1.0 and
// analytics-next 1.84.3; a reply that their SDK would not understand, or an event that is told twice, shows here.
func TestCaptures(t *testing.T) {
	files, err := filepath.Glob("testdata/segment/*.raw")
	if err != nil || len(files) != 34 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	sessions := map[string][]string{}
	for _, file := range files {
		name := file[:strings.LastIndexByte(file, '-')]
		sessions[name] = append(sessions[name], file)
	}
	for session, files := range sessions {
		t.Run(filepath.Base(session), func(t *testing.T) { replay(t, session+".golden", files) })
	}
}

func replay(t *testing.T, golden string, files []string) {
	r := start(t)
	var got bytes.Buffer
	slices.Sort(files)
	for _, file := range files {
		request, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := bytes.Cut(request, []byte("\r\n"))
		reply := r.raw(request)
		fmt.Fprintf(&got, "%s\n%d %s\n", line, reply.status, reply.body)
		showHeader(&got, reply.header)
		for _, e := range r.events() {
			fmt.Fprintf(&got, "%x %s\n", e.UniqueID, show(e))
		}
		got.WriteString("\n")
	}
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs; got\n%s", golden, &got)
	}
}

// showHeader prints the headers that a browser goes by.
func showHeader(b *bytes.Buffer, h http.Header) {
	var names []string
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") || name == "Content-Type" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(b, "%s: %s\n", name, h.Get(name))
	}
}

// TestCapturesTwice sends every captured body once more after all of them: not one event is told again.
func TestCapturesTwice(t *testing.T) {
	r := start(t)
	files, err := filepath.Glob("testdata/segment/*.raw")
	if err != nil {
		t.Fatal(err)
	}
	send := func() (events int) {
		for _, file := range files {
			request, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r.raw(request)
		}
		return len(r.events())
	}
	if n := send(); n != 27 {
		t.Errorf("%d events at first", n)
	}
	if n := send(); n != 0 {
		t.Errorf("%d events told again", n)
	}
}
