package replay

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/deliver"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// requests is what a receiver got: how often each body came, with its signature and attempt.
type requests struct {
	mu     sync.Mutex
	refuse bool
	times  map[string]int
	all    int
}

func (r *requests) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all++
	r.times[fmt.Sprint(q.Header.Get("X-Pendo-Signature"), q.Header.Get("X-Edgerelay-Attempt"), string(body))]++
	if r.refuse {
		w.WriteHeader(http.StatusBadRequest)
	}
}

// Over the wire a replay is what the first delivery was: the same body, the same signature, a first attempt.
func TestReplayOverTheWire(t *testing.T) {
	receiver := &requests{times: map[string]int{}}
	server := httptest.NewServer(receiver)
	defer server.Close()
	w, faults := hook.Compile(hook.Spec{Name: "crm", URL: server.URL, Secret: "a secret of some length", Enabled: true, InFlight: 4,
		Timeout: 5 * time.Second, Events: []string{"*"}, AllowPrivate: true}, func(string) bool { return true })
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	w.Queue = 9
	b := newBed(t, vfs.NewMem())
	defer b.close()
	b.setHooks(w)
	fleet := deliver.NewFleet(deliver.Options{Logger: slog.New(slog.DiscardHandler), Linger: 10 * time.Millisecond,
		Open: func(w *hook.Webhook, wake func()) (deliver.Queue, error) {
			q, err := b.log.Queue(w.Queue, wal.QueueOptions{Wake: wake})
			b.queues[w.Name] = q
			return q, err
		}})
	if err := fleet.Start(w); err != nil {
		t.Fatal(err)
	}
	defer fleet.Stop(context.Background())
	f := func(what string, bodies, each int) {
		t.Helper()
		for range 3000 {
			receiver.mu.Lock()
			all := receiver.all
			receiver.mu.Unlock()
			if s := b.queues["crm"].Stats(); all >= bodies*each && !s.Stale && s.Backlog+s.Parked+int64(s.Flight) == 0 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		receiver.mu.Lock()
		defer receiver.mu.Unlock()
		for text, n := range receiver.times {
			if n != each {
				t.Fatalf("%s: %d times came %s", what, n, text)
			}
		}
		if len(receiver.times) != bodies || receiver.all != bodies*each {
			t.Fatalf("%s: %d requests of %d kinds, want %d of %d", what, receiver.all, len(receiver.times), bodies*each, bodies)
		}
	}
	kinds := event.Kinds()[:10]
	for range 10 {
		for _, kind := range kinds {
			b.send(b.take(kind, "shop", "a", "b"))
		}
	}
	f("at first", 100, 1)
	b.start(Request{To: "crm", Rate: 5000})
	f("once more", 100, 2)
	receiver.mu.Lock()
	receiver.times, receiver.all, receiver.refuse = map[string]int{}, 0, true
	receiver.mu.Unlock()
	b.start(Request{To: "crm", Rate: 5000, Seqs: manySeqs(3)}) // few: a webhook that fails is given time
	f("refused", 3, 1)
	receiver.mu.Lock()
	receiver.refuse = false
	receiver.mu.Unlock()
	b.start(Request{To: "crm", Rate: 5000, Dead: true})
	f("dead letters", 3, 2)
	if s := b.queues["crm"].Stats(); s.Dead != 0 {
		t.Errorf("%d are dead", s.Dead)
	}
}
