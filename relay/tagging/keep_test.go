package tagging

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// all is every entry of every list as JSON.
func (r *rig) all() string {
	r.t.Helper()
	var b strings.Builder
	for _, list := range Lists {
		l, err := r.List(Query{List: list, Limit: LimitMax})
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range l.Entries {
			fmt.Fprintln(&b, list, shown(r.t, e))
		}
	}
	return b.String()
}

// TestRestart: what was made is there again, byte for byte, and in force.
func TestRestart(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"app":"web","id":"Größe ✓ %2f?#","name":"<&>\u2028","rules":["/a","//*/größe"]}`)
	r.create(Pages, `{"id":"p","rules":["/a"]}`)
	r.create(Features, `{"app":"ios","id":"p","selectors":["a[title=\"\\\"\"]"],"page":"p"}`)
	r.create(Tracks, `{"id":"t","name":"T"}`)
	r.create(Guides, `{"id":"g","kind":"poll","steps":[{"id":"s"}],"created_at":"2021-03-10T21:16:52.615Z"}`)
	r.edit(Pages, "p", `{"name":"P"}`)
	r.create(Tracks, `{"id":"gone","name":"G"}`)
	r.delete(Tracks, "gone")
	before := r.all()
	r = r.again(theFile())
	if got := r.all(); got != before {
		t.Errorf("after a start\n%s\nbefore it\n%s", got, before)
	}
	r.touches("web", "https://x/a", `["Größe ✓ %2f?#" "p"]`)
	if e := r.create(Tracks, `{"id":"next","name":"N"}`); e.ETag != `"9"` {
		t.Errorf("the change after 8 has the ETag %s", e.ETag)
	}
}

// TestState: the bytes in the data folder.
func TestState(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"app":"web","id":"a b","name":"A","rules":["/a"]}`)
	r.create(Guides, `{"id":"g"}`)
	var got []string
	err := r.log.Scan([]byte("catalog/"), nil, func(key, value []byte) bool {
		got = append(got, fmt.Sprintf("%s %s", key, value))
		return true
	})
	want := []string{`catalog/changes 2`,
		`catalog/guides//g {"version":1,"change":2,"created":"2026-11-21T06:12:00Z","updated":"2026-11-21T06:12:00Z","entry":{"app":"","id":"g","name":"","kind":"guide","created_at":"2026-11-21T06:12:00Z","steps":[]}}`,
		`catalog/pages/web/a%20b {"version":1,"change":1,"created":"2026-11-21T06:12:00Z","updated":"2026-11-21T06:12:00Z","entry":{"app":"web","id":"a b","name":"A","rules":["/a"]}}`}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %s\nwant %s, %v", got, want, err)
	}
}

// TestDamagedState: nothing starts on what cannot be read; what another version took and this one does not stays aside.
func TestDamagedState(t *testing.T) {
	r := newRig(t)
	put := func(key, value string) {
		t.Helper()
		if err := r.log.Set([]byte(key), []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	put("catalog/pages/web/x", `{"version":1,"change":1,"entry":{"app":"web","id":"x","name":"X","rules":["//"]}}`)
	r = r.again(theFile())
	e, err := r.Get(Ref{List: Pages, ID: "x"})
	if err != nil || len(e.Faults) != 1 || e.Faults[0].Field != "rules[0]" {
		t.Errorf("got %+v, %v", e, err)
	}
	if !strings.Contains(r.logged.String(), "cannot work with this config") {
		t.Errorf("logged %s", r.logged)
	}
	r.edit(Pages, "x", `{"rules":["/x"]}`)
	r.touches("web", "https://x/x", `["x"]`)

	f := func(key, value, want string) {
		t.Helper()
		old, _, _ := r.log.Get(nil, []byte(key))
		put(key, value)
		if _, err := Open(r.options(r.traffic)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", value, err)
		}
		put(key, string(old))
	}
	f("catalog/pages/web/x", `{"version":`, "the data folder is damaged")
	f("catalog/changes", `many`, "the data folder is damaged")
}

// refusing is traffic that keeps nothing.
type refusing struct{ Traffic }

func (refusing) Announce([]event.Event, func(*wal.Batch)) error { return wal.ErrFull }

// TestNothingKept: when the log takes nothing, nothing is changed.
func TestNothingKept(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"id":"p","rules":["/a"]}`)
	before := r.all()
	open := r.Store.opt.Traffic
	r.Store.opt.Traffic = refusing{open}
	_, err := r.Create(Pages, doc(t, `{"id":"q"}`))
	_, errEdit := r.Edit(Ref{List: Pages, ID: "p"}, doc(t, `{"rules":[]}`))
	errDelete := r.Delete(Ref{List: Pages, ID: "p"})
	for _, err := range []error{err, errEdit, errDelete} {
		if err == nil || !strings.Contains(err.Error(), wal.ErrFull.Error()) {
			t.Errorf("got %v", err)
		}
	}
	r.Store.opt.Traffic = open
	if got := r.all(); got != before {
		t.Errorf("now\n%s\nbefore\n%s", got, before)
	}
	r.touches("web", "https://x/a", `["p"]`)
	if r = r.again(theFile()); r.all() != before {
		t.Error("a start finds something else")
	}
}

// TestCrash pulls the plug while changes are made, and looks at what is left: each change that was answered is there, and
// for each that is there its event, once.
func TestCrash(t *testing.T) {
	for seed := range uint64(6) {
		fs := vfs.NewCrashableMem()
		r := rigOn(t, fs, theFile())
		var mu sync.Mutex
		answered := map[string]uint64{} // by ID: versions
		var hands sync.WaitGroup
		stop := make(chan struct{})
		for hand := range 3 {
			hands.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					id := fmt.Sprintf("p-%d-%d", hand, i/3)
					var err error
					switch i % 3 {
					case 0:
						_, err = r.Create(Pages, Document{"app": json.RawMessage(`"web"`), "id": json.RawMessage(`"` + id + `"`)})
					default:
						_, err = r.Edit(Ref{List: Pages, ID: id}, Document{"name": json.RawMessage(fmt.Sprintf(`"%d"`, i))})
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					answered[id] = uint64(i%3 + 1)
					mu.Unlock()
				}
			})
		}
		random := rand.New(rand.NewPCG(seed, 1))
		for target := 20 + random.IntN(60); ; {
			mu.Lock()
			enough := len(answered) >= target
			promised := map[string]uint64{}
			for id, version := range answered {
				promised[id] = version
			}
			if enough {
				crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
				mu.Unlock()
				close(stop)
				hands.Wait()
				r.end()
				checkCrash(t, rigOn(t, crashed, theFile()), promised)
				break
			}
			mu.Unlock()
			time.Sleep(100 * time.Microsecond)
		}
	}
}

func checkCrash(t *testing.T, r *rig, promised map[string]uint64) {
	t.Helper()
	told := map[string]uint64{}
	for _, line := range r.events() {
		id := strings.Trim(strings.Fields(line)[2], `["]`)
		told[id]++
	}
	all, err := r.List(Query{List: Pages, Origin: OfAPI, Limit: LimitMax})
	if err != nil {
		t.Fatal(err)
	}
	sum := uint64(0)
	for _, e := range all.Entries {
		if told[e.ID] != e.Version {
			t.Errorf("%s is at version %d, and told of %d times", e.ID, e.Version, told[e.ID])
		}
		if e.Version < promised[e.ID] {
			t.Errorf("%s is at version %d, answered was %d", e.ID, e.Version, promised[e.ID])
		}
		sum += e.Version
		delete(told, e.ID)
		delete(promised, e.ID)
	}
	if len(told) > 0 || len(promised) > 0 || sum != r.changes {
		t.Errorf("told of, but not there: %v; answered, but not there: %v; %d changes, counted %d", told, promised, sum, r.changes)
	}
}
