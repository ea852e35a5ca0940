package intake

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/people"
)

// metadataHarvest is a harvest for the metadata API, on a log of its own.
func metadataHarvest(f *testing.F, path string) *harvest {
	rig := start(f, func(o *Options) { o.BodyMax = 64 << 10 })
	r := offline(f, rig.server)
	r.app, r.end = rig.server.apps.Load().byKey["KEY"], endpointOf(f, path)
	return &harvest{request: r}
}

// set makes a body stable and gives it to call. What is set afterwards of the visitor "v" must be stable, and known.
func (h *harvest) set(t *testing.T, body []byte, call func(body []byte) error) {
	h.resetItems()
	h.text = h.text[:0]
	var err error
	if h.json, err = h.stable.Append(h.json[:0], body); err != nil {
		return
	}
	err = call(h.json)
	if no, bad := err.(*refusal); err != nil && (!bad || no.status != fasthttp.StatusBadRequest && no.status != fasthttp.StatusRequestEntityTooLarge) {
		t.Errorf("%q: %v", body, err)
	}
	found, loadErr := h.server.opt.People.Load(&h.person, h.end.about, h.app.name, []byte(`"v"`))
	if loadErr != nil {
		t.Fatal(loadErr)
	}
	if shown := h.person.AppendJSON(nil); found && !isStable(h, shown) {
		t.Errorf("%q: shown as %q", body, shown)
	}
}

func FuzzMetadataField(f *testing.F) {
	h := metadataHarvest(f, "/api/v1/metadata/visitor/custom/value/v/plan")
	for _, value := range []string{`"gold"`, ` true `, `null`, `1e400`, `{"a":[1,2,{"b":"\ud800"}],"1":0}`, ``, `"`, `[[[]]]`} {
		f.Add([]byte(value), "plan")
	}
	f.Add([]byte(`true`), "donotprocess")
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		field, err := h.pathText("the field", []byte(url.PathEscape(name)))
		if err != nil {
			return
		}
		field = bytes.Clone(field)
		for _, group := range []people.Group{people.Custom, people.Pendo} {
			h.set(t, body, func(value []byte) error {
				var groups groupValues
				groups[group] = append(append(append(append([]byte("{"), field...), ':'), value...), '}')
				return h.setOne([]byte(`"v"`), groups)
			})
		}
	})
}

func FuzzMetadataPerson(f *testing.F) {
	h := metadataHarvest(f, "/api/v1/visitor/v")
	f.Add([]byte(`{"metadata":{"auto":{"account_plan":"enterprise"},"pendo":{"donotprocess":true,"x":1}}}`))
	f.Add([]byte(`{"metadata":{"custom":{"a":{"b":[null]}},"agent":{},"custom":{"a":1}},"id":7}`))
	f.Add([]byte(`{"metadata":{"nope":{}}}`))
	f.Add([]byte(`{"metadata":{"pendo":{"donotprocess":1}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h.set(t, body, func(body []byte) error {
			if !isObject(body) {
				return nil
			}
			var p reader
			p.b = body
			groups, err := readGroups(p.member(`"metadata"`))
			if err != nil {
				return err
			}
			return h.setOne([]byte(`"v"`), groups)
		})
	})
}

func FuzzMetadataRows(f *testing.F) {
	h := metadataHarvest(f, "/api/v1/metadata/visitor/custom/value")
	f.Add([]byte(`[{"visitorId":"v","values":{"a":1}},{"visitorId":7,"values":{}},{"visitorId":"v","values":{"a":null}}]`), true)
	f.Add([]byte(`[{"visitorId":"new","values":{"a":1}}]`), false)
	f.Add([]byte(`[{"values":{"a":1}},7]`), true)
	f.Add([]byte(`{"visitorId":"v","values":{"a":1}}`), true)
	f.Fuzz(func(t *testing.T, body []byte, create bool) {
		h.set(t, body, func(body []byte) error {
			if err := h.readRows(body); err != nil {
				return err
			}
			rows := len(h.rows)
			tally, err := h.setRows(people.Custom, create)
			if n := tally.updated + len(tally.missing) + len(tally.errors); err == nil && n != rows {
				t.Errorf("%q: %d of %d rows are accounted for", body, n, rows)
			}
			if answer := tally.appendJSON(nil); !isStable(h, answer) {
				t.Errorf("%q: answered %q", body, answer)
			}
			return err
		})
	})
}

// FuzzPathOfPeople: an ID in a path is what net/url makes of it, wherever it is mounted.
func FuzzPathOfPeople(f *testing.F) {
	for _, segment := range []string{"a", "a%2Fb", "%25", "%252F", "50%", "%zz", "%2", "a+b", "%c3%bc", "ü", "..", "v1%2ftrack", "%00", "*"} {
		f.Add(segment)
	}
	f.Fuzz(func(t *testing.T, segment string) {
		if segment == "" || strings.ContainsAny(segment, "/?#") {
			return
		}
		path := appendPath(nil, []byte("/mount/api/v1/visitor/"+segment))
		m := paths.find(path)
		if m.end == nil || m.end.name != "/api/v1/visitor" || string(m.prefix) != "/mount" {
			t.Fatalf("%q: %q is nowhere", segment, path)
		}
		got := string(appendSegment(nil, m.vars[0]))
		if want, err := url.PathUnescape(segment); err == nil && got != want {
			t.Errorf("%q is %q, want %q", segment, got, want)
		}
	})
}
