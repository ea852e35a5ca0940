package registry

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/hook"
)

// memory is a State.
type memory struct {
	mu     sync.Mutex
	values map[string]string
	fail   bool // every write
	end    int  // so many writes succeed before every one fails; 0 = as fail says
}

// writes says whether a write succeeds.
func (m *memory) writes() bool {
	if m.end > 0 {
		m.end--
		m.fail = m.end == 0
		return true
	}
	return !m.fail
}

var errDisk = errors.New("disk is gone")

func (m *memory) Get(dst, key []byte) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, found := m.values[string(key)]
	return append(dst, value...), found, nil
}

func (m *memory) Set(key, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.writes() {
		return errDisk
	}
	m.values[string(key)] = string(value)
	return nil
}

func (m *memory) Unset(key []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.writes() {
		return errDisk
	}
	delete(m.values, string(key))
	return nil
}

func (m *memory) Scan(prefix, _ []byte, f func(key, value []byte) bool) error {
	m.mu.Lock()
	values := maps.Clone(m.values)
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(key, string(prefix)) && !f([]byte(key), []byte(values[key])) {
			break
		}
	}
	return nil
}

// fleet is a Fleet that notes what it is told.
type fleet struct {
	mu      sync.Mutex
	senders map[string]string // name → "on", "off", or why it is disabled
	hooks   map[string]*hook.Webhook
	waiting map[string]int64
	did     []string
	fail    bool
}

func (f *fleet) put(w *hook.Webhook, disabled string) error {
	if f.fail {
		return errors.New("no sender")
	}
	state := "off"
	if w.Enabled {
		state = "on"
	}
	if disabled != "" {
		state = disabled
	}
	f.senders[w.Name], f.hooks[w.Name] = state, w
	return nil
}

func (f *fleet) start(w *hook.Webhook, disabled string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, runs := f.senders[w.Name]; runs {
		return fmt.Errorf("%q runs already", w.Name)
	}
	for _, other := range f.hooks {
		if other.Queue == w.Queue {
			return fmt.Errorf("%q and %q have one queue", other.Name, w.Name)
		}
	}
	f.did = append(f.did, "start "+w.Name)
	return f.put(w, disabled)
}

func (f *fleet) Start(w *hook.Webhook) error { return f.start(w, "") }

func (f *fleet) StartDisabled(w *hook.Webhook, reason string) error { return f.start(w, reason) }

func (f *fleet) Replace(name string, w *hook.Webhook, disabled string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.hooks[name]
	if old == nil || old.Queue != w.Queue {
		return fmt.Errorf("%q does not run, or has another queue", name)
	}
	if f.fail {
		return errors.New("no sender")
	}
	delete(f.senders, name)
	delete(f.hooks, name)
	f.did = append(f.did, "replace "+name)
	return f.put(w, disabled)
}

func (f *fleet) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, runs := f.senders[name]; !runs {
		return fmt.Errorf("%q does not run", name)
	}
	delete(f.senders, name)
	delete(f.hooks, name)
	return nil
}

func (f *fleet) Drop(queue uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, fmt.Sprint("drop ", queue))
	return nil
}

func (f *fleet) Skip(name string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.waiting[name]
	delete(f.waiting, name)
	return n, nil
}

func (f *fleet) Waits(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting[name] > 0
}

// journal is a Journal.
type journal struct {
	errors map[uint32]time.Time
	notes  []string
	left   map[uint32]bool
}

func (j *journal) HasErrors(queue uint32, since time.Time) (bool, error) {
	return j.errors[queue].After(since), nil
}
func (j *journal) Any(queue uint32) (bool, error) {
	return j.left[queue] || !j.errors[queue].IsZero(), nil
}
func (j *journal) Note(w *hook.Webhook, text string) { j.notes = append(j.notes, w.Name+": "+text) }
func (j *journal) Drop(queue uint32) error {
	delete(j.errors, queue)
	delete(j.left, queue)
	return nil
}

// rig is a registry among fakes.
type rig struct {
	*Registry
	t       *testing.T
	state   *memory
	fleet   *fleet
	journal *journal
	vault   *Vault
	told    []string
	now     time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	vault, err := newVault(make([]byte, keyBytes))
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, state: &memory{values: map[string]string{}}, vault: vault, now: time.Unix(1_800_000_000, 0),
		journal: &journal{errors: map[uint32]time.Time{}, left: map[uint32]bool{}}}
	g.open()
	return g
}

// open is a start of the program.
func (g *rig) open(file ...*hook.Webhook) {
	g.t.Helper()
	g.fleet = &fleet{senders: map[string]string{}, hooks: map[string]*hook.Webhook{}, waiting: map[string]int64{}}
	r, err := Open(Options{State: g.state, Vault: g.vault, Fleet: g.fleet, Journal: g.journal,
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return g.now },
		Disabled: func(w *hook.Webhook, reason string) { g.told = append(g.told, w.Name+": "+reason) }})
	if err != nil {
		g.t.Fatal(err)
	}
	g.Registry = r
	if err := errors.Join(r.Load(g.rules("web"), file), r.Start()); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) rules(apps ...string) Rules {
	return Rules{Inherited: hook.Spec{InFlight: 16, Timeout: 30 * time.Second, Retries: 5, AllowHTTP: true},
		Known: func(app string) bool { return slices.Contains(apps, app) }}
}

// fileHook is a webhook of the config file.
func (g *rig) fileHook(name string, enabled bool) *hook.Webhook {
	g.t.Helper()
	spec := g.rules().Inherited
	spec.Name, spec.URL, spec.Enabled, spec.Events = name, "https://example.com/"+name, enabled, []string{"*"}
	w, faults := hook.Compile(spec, func(string) bool { return true })
	if faults != nil {
		g.t.Fatal(faults)
	}
	return w
}

func (g *rig) doc(text string) hook.Document {
	g.t.Helper()
	d, err := hook.ParseDocument([]byte(text))
	if err != nil {
		g.t.Fatal(err)
	}
	return d
}

func (g *rig) create(text string) Webhook {
	g.t.Helper()
	w, err := g.Create(g.doc(text))
	if err != nil {
		g.t.Fatal(err)
	}
	return w
}

// refused checks that an error is a refusal of a code.
func (g *rig) refused(err error, code Code, field string) {
	g.t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code || e.Field != field {
		g.t.Errorf("got %v, want %s of %q", err, code, field)
	}
}

// runs checks the senders.
func (g *rig) runs(want map[string]string) {
	g.t.Helper()
	if !maps.Equal(g.fleet.senders, want) {
		g.t.Errorf("senders %v, want %v", g.fleet.senders, want)
	}
}
