// Package fake holds servers that behave as vendors document their endpoints: they check keys, required fields and limits,
// take events apart, forget repeats where the vendor does, and fail as a script says. Tests deliver to them and ask what
// was taken. It is imported by tests only.
//
// A fake is safe for concurrent use.
package fake

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Desk is what every fake has: a script of failures to go through first, and books of what was taken and of the rules
// that requests broke.
type Desk struct {
	mu       sync.Mutex
	script   []Step
	taken    map[string]int
	broken   []string
	requests int
}

// Step is what happens to one request. serve answers it as the vendor would.
type Step func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc)

// Answer answers without looking at the request: a status, a body, and headers by name and value.
func Answer(status int, body string, headers ...string) Step {
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// HangUp closes the connection without an answer.
func HangUp(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }

// TakeAndHangUp takes the request as usual, and closes the connection before its answer: the sender cannot know.
func TakeAndHangUp(_ http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(&deaf{header: http.Header{}}, r)
	panic(http.ErrAbortHandler)
}

// Fine serves as usual, for scripts that fail later.
func Fine(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) { serve(w, r) }

// deaf is an answer that nobody hears.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d *deaf) WriteHeader(int)             {}

// Play sets what happens to the next requests, one step each. After them all is well.
func (d *Desk) Play(script ...Step) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.script = script
}

// Serve goes through the script, then serves. A fake calls it first of all.
func (d *Desk) Serve(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	d.mu.Lock()
	d.requests++
	step := Step(Fine)
	if len(d.script) > 0 {
		step, d.script = d.script[0], d.script[1:]
	}
	d.mu.Unlock()
	step(w, r, serve)
}

// Take books an event by its uniqueId's 40 hex digits, or by whatever of it the vendor is given.
func (d *Desk) Take(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.taken == nil {
		d.taken = map[string]int{}
	}
	d.taken[id]++
}

// Has says whether an event was taken before.
func (d *Desk) Has(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.taken[id] > 0
}

// Broke books a rule that a request broke.
func (d *Desk) Broke(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.broken) < 20 {
		d.broken = append(d.broken, fmt.Sprintf(format, args...))
	}
}

// Taken is how often each event was taken.
func (d *Desk) Taken() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	taken := make(map[string]int, len(d.taken))
	for id, n := range d.taken {
		taken[id] = n
	}
	return taken
}

// Broken are the rules that requests broke, the first 20.
func (d *Desk) Broken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.broken)
}

// Requests is how many came.
func (d *Desk) Requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// Vendor is a fake as tests see it.
type Vendor interface {
	http.Handler
	Play(script ...Step)
	Taken() map[string]int
	Broken() []string
	Requests() int
}

// Body is a request's body, decompressed, up to 64 MiB.
func Body(r *http.Request) ([]byte, error) {
	in := io.Reader(r.Body)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = z
	}
	return io.ReadAll(io.LimitReader(in, 64<<20))
}

// lone finds an escaped half of a surrogate pair in JSON that escapes no whole ones, which is what the relay sends: half a
// character is no UTF-8, and those who store texts as UTF-8 refuse it.
var lone = regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*\\u[dD][89a-fA-F]`)

// answerJSON answers with a status and a JSON text.
func answerJSON(w http.ResponseWriter, status int, text string, args ...any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	_, _ = io.WriteString(w, text)
}
