package intake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

// harvest is a request that parses bodies and shows what became of them.
type harvest struct {
	*request
	foreign bool // the bodies name what happened and its IDs themselves: events may be of nobody, with any IDs
}

// newHarvest has no listener and no log: what goes on in the background would look like coverage to the fuzzer.
func newHarvest(f *testing.F) *harvest {
	s, err := New(Options{Apps: []App{demo()}, Log: refusing{wal.ErrClosed}, Selector: everybody{}, People: people.Open(people.Options{State: nobody{}}), BodyMax: 64 << 10})
	if err != nil {
		f.Fatal(err)
	}
	r := offline(f, s)
	r.app, r.end = s.apps.Load().byKey["KEY"], endpointOf(f, "/v1/batch")
	return &harvest{request: r}
}

// nobody is a state without people.
type nobody struct{}

func (nobody) Get(dst, _ []byte) ([]byte, bool, error) { return dst, false, nil }

// parse makes a body stable and gives it to add; what comes out must be fit for every receiver.
func (h *harvest) parse(t *testing.T, body []byte, add func(body []byte)) {
	h.resetItems()
	h.text, h.peer = h.text[:0], nil
	var err error
	if h.json, err = h.stable.Append(h.json[:0], body); err != nil {
		return
	}
	add(h.json)
	for i := range h.items {
		e := &h.items[i].event
		if e.Time < 0 || e.Time > timeMax {
			t.Errorf("time %d", e.Time)
		}
		if !h.foreign && len(e.Visitor) <= 2 || e.Kind == event.TrackEventReceived && (len(e.Name) <= 2 || !h.foreign && len(e.IDs) != 1) {
			t.Errorf("event of nobody or nothing: %s", show(e))
		}
		for _, text := range [][]byte{e.Visitor, e.Account, e.Name, e.UserAgent, e.IP, e.URL, e.Source} {
			if text != nil && (text[0] != '"' || !isStable(h, text)) {
				t.Errorf("%q is no stable string", text)
			}
		}
		for _, object := range [][]byte{e.Properties, h.items[i].traits} {
			if object != nil && (object[0] != '{' || !isStable(h, object)) {
				t.Errorf("%q is no stable object", object)
			}
		}
		if e.Kind == 0 {
			continue // a sighting
		}
		var back event.Event
		if err := event.ParseRecord(e.AppendRecord(nil), &back); err != nil {
			t.Error(err)
		}
	}
	if len(h.items) > 0 && (!json.Valid(body) || !utf8.Valid(body)) {
		t.Errorf("taken: %q", body)
	}
}

// take gives all of a body, an object or an array, to add.
func (h *harvest) take(body []byte, add adder) {
	var err error
	switch body[0] {
	case '{':
		err = h.addOne(body, "event", -1, add)
	case '[':
		err = h.addList(body, "event", add)
	}
	if err != nil {
		h.resetItems()
	}
}

func isStable(h *harvest, value []byte) bool {
	again, err := h.stable.Append(nil, value)
	return err == nil && string(again) == string(value)
}

// addBodies adds the bodies of the captured requests to the corpus.
func addBodies(f *testing.F) {
	files, err := filepath.Glob("testdata/segment/*.raw")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		request, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i := range request {
			if string(request[i:min(i+4, len(request))]) == "\r\n\r\n" {
				f.Add(request[i+4:])
				break
			}
		}
	}
}

func FuzzTrack(f *testing.F) {
	h := newHarvest(f)
	f.Add([]byte(trackBody(1)))
	f.Add([]byte(`[` + trackBody(1) + `,{"event":"E","visitorId":7,"timestamp":"2022-01-01","context":{"ip":1}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h.parse(t, body, func(body []byte) { h.take(body, (*request).addTrack) })
	})
}

func FuzzBatch(f *testing.F) {
	h := newHarvest(f)
	addBodies(f)
	f.Add([]byte(batchBody(2, 0)))
	f.Fuzz(func(t *testing.T, body []byte) {
		h.parse(t, body, func(body []byte) {
			if !isObject(body) {
				return
			}
			var env envelope
			h.readEnvelope(&reader{b: body}, &env)
			h.addParts(&env)
			n := len(h.items)
			for _, out := range h.leftOut {
				n += out
			}
			if n < len(h.parts) {
				t.Errorf("%d of %d messages are accounted for", n, len(h.parts))
			}
		})
	})
}

func FuzzMessage(f *testing.F) {
	h := newHarvest(f)
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, env := range []envelope{{call: callTrack}, {forwarded: true}, {call: callIdentify, sentAt: []byte(`"2026-11-21T06:12:00Z"`)}} {
			h.parse(t, body, func(body []byte) { h.addMessage(body, &env) })
		}
	})
}

// FuzzInflate: whatever comes as compressed, the result is bounded and the decoders stay usable.
func FuzzInflate(f *testing.F) {
	r := newHarvest(f)
	for i, e := range sentEncodings {
		f.Add(uint8(i), []byte(deflateTo(f, e[0], []byte(trackBody(1)))))
		f.Add(uint8(i), []byte(deflateTo(f, e[0], make([]byte, 1<<20))))
	}
	all := []encoding{gzipped, gzipped, deflated, deflated, zstandard, brotlied}
	f.Fuzz(func(t *testing.T, how uint8, wire []byte) {
		r.wire = append(r.wire[:0], wire...)
		err := r.inflate(all[int(how)%len(all)])
		if err == nil && len(r.plain) > r.server.opt.BodyMax {
			t.Errorf("%d bytes", len(r.plain))
		}
		e := sentEncodings[int(how)%len(sentEncodings)]
		r.wire = append(r.wire[:0], deflateTo(t, e[0], []byte(oneEvent))...)
		if err := r.inflate(all[int(how)%len(all)]); err != nil || string(r.plain) != oneEvent {
			t.Errorf("afterwards: %q, %v", r.plain, err)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/v1/track", "//data//segmentio/K/", "http://h/v1/b?x", "/%2", "%", "", "?", "/a%2fb/data/track#"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, target []byte) {
		path := appendPath(nil, target)
		m := paths.find(path)
		if m.end != nil && len(m.prefix) >= len(path) {
			t.Errorf("%q: prefix %q", path, m.prefix)
		}
	})
}
