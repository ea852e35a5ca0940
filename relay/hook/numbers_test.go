package hook

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
)

// memory is a State that can be made to fail.
type memory struct {
	mu     sync.Mutex
	values map[string]string
	budget int // calls until every one fails; negative: never
}

var errDisk = errors.New("disk is gone")

func (m *memory) spend() error {
	if m.budget == 0 {
		return errDisk
	}
	m.budget--
	return nil
}

func (m *memory) Get(dst, key []byte) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.spend(); err != nil {
		return dst, false, err
	}
	value, found := m.values[string(key)]
	return append(dst, value...), found, nil
}

func (m *memory) Set(key, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.spend(); err != nil {
		return err
	}
	m.values[string(key)] = string(value)
	return nil
}

func TestNumbers(t *testing.T) {
	state := &memory{values: map[string]string{}, budget: -1}
	r := NewNumbers(state)
	f := func(name string, want uint32) {
		t.Helper()
		if got, err := r.Queue(name); got != want || err != nil {
			t.Errorf("Queue(%q) = %d, %v; want %d", name, got, err, want)
		}
	}
	f("crm", 1)
	f("archive", 2)
	f("crm", 1)
	f("s", 3) // not the counter's key, whatever the name
	r = NewNumbers(state)
	f("archive", 2)
	f("new", 4)
	want := map[string]string{"hook/queues": "4", "hook/queue/crm": "1", "hook/queue/archive": "2", "hook/queue/s": "3", "hook/queue/new": "4"}
	if !maps.Equal(state.values, want) {
		t.Errorf("state is %q, want %q", state.values, want)
	}
}

// TestNumbersNeverGivesANumberTwice fails the 1st, 2nd … call of the state, and asks again after a "restart".
func TestNumbersNeverGivesANumberTwice(t *testing.T) {
	for budget := range 20 {
		state := &memory{values: map[string]string{}, budget: budget}
		owners := map[uint32]string{}
		failed := false
		for range 2 {
			r := NewNumbers(state)
			for _, name := range []string{"a", "b", "c"} {
				number, err := r.Queue(name)
				if err != nil {
					failed = true
					if !errors.Is(err, errDisk) {
						t.Fatal(err)
					}
					continue
				}
				if owner := owners[number]; owner != "" && owner != name {
					t.Fatalf("budget %d: %q and %q both have %d", budget, owner, name, number)
				}
				owners[number] = name
			}
			state.budget = -1
		}
		if len(owners) != 3 || failed != (budget < 12) {
			t.Errorf("budget %d: failed %v, numbers %v", budget, failed, owners)
		}
	}
}

func TestNumbersConcurrently(t *testing.T) {
	r := NewNumbers(&memory{values: map[string]string{}, budget: -1})
	numbers := make([]uint32, 40)
	var wg sync.WaitGroup
	for i := range numbers {
		wg.Go(func() {
			number, err := r.Queue(fmt.Sprint(i % 20))
			if err != nil {
				t.Error(err)
			}
			numbers[i] = number
		})
	}
	wg.Wait()
	seen := map[uint32]bool{}
	for i := range 20 {
		if numbers[i] != numbers[i+20] || seen[numbers[i]] || numbers[i] < 1 || numbers[i] > 20 {
			t.Errorf("name %d has %d and %d", i, numbers[i], numbers[i+20])
		}
		seen[numbers[i]] = true
	}
}

func TestNumbersRefuses(t *testing.T) {
	f := func(values map[string]string, want string) {
		t.Helper()
		number, err := NewNumbers(&memory{values: values, budget: -1}).Queue("crm")
		if err == nil || err.Error() != want || number != 0 {
			t.Errorf("Queue = %d, %v; want %s", number, err, want)
		}
	}
	f(map[string]string{"hook/queue/crm": "x"},
		`number webhook "crm": "x" under "hook/queue/crm" is no number; the data folder is damaged, restore it or start with a new one`)
	f(map[string]string{"hook/queue/crm": "0"},
		`number webhook "crm": "0" under "hook/queue/crm" is no number; the data folder is damaged, restore it or start with a new one`)
	f(map[string]string{"hook/queues": "4294967296"},
		`number webhook "crm": "4294967296" under "hook/queues" is no number; the data folder is damaged, restore it or start with a new one`)
	f(map[string]string{"hook/queues": "4294967295"},
		`number webhook "crm": all 4294967295 numbers are used; start with a new data folder`)
}
