package live

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/sign"
)

const secret = "live-secret"

// patience is how long something may take that must happen.
const patience = time.Minute

// receiver is where the webhook leads: it checks signatures and remembers what came.
type receiver struct {
	server *httptest.Server
	want   map[string]int // how often each line must come, see delivery.line

	mu      sync.Mutex
	got     map[string]int
	bodies  map[string]string // by uniqueId
	repeats int               // deliveries of a uniqueId that had come before, with the same body
	faults  []string
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{want: map[string]int{}, got: map[string]int{}, bodies: map[string]string{}}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err == nil {
		_, err = sign.Verify(request.Header.Get, body, []string{secret}, time.Now())
	}
	var d delivery
	if err == nil {
		err = json.Unmarshal(body, &d)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before, again := r.bodies[d.UniqueID]
	switch {
	case err != nil:
		r.faults = append(r.faults, err.Error()+": "+string(body))
	case d.App.Name != "shop":
		r.faults = append(r.faults, "of another app: "+string(body))
	case len(d.UniqueID) != 40:
		r.faults = append(r.faults, "bad uniqueId: "+string(body))
	case time.Since(time.Unix(d.Timestamp, 0)).Abs() > 2*patience:
		r.faults = append(r.faults, "not of now: "+string(body))
	case again && before != string(body):
		r.faults = append(r.faults, "changed from "+before+" to "+string(body))
	case again:
		r.repeats++
	default:
		r.bodies[d.UniqueID] = string(body)
		r.got[d.line()]++
	}
}

// expect notes lines that must come, each once more, and waits until they have.
func (r *receiver) expect(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		r.want[line]++
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if r.complete() {
			return
		}
	}
	r.report(t)
	t.FailNow()
}

func (r *receiver) complete() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line, n := range r.want {
		if r.got[line] < n {
			return false
		}
	}
	return true
}

// report says how what came differs from what was to come.
func (r *receiver) report(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, fault := range r.faults {
		t.Error(fault)
	}
	var differences []string
	for line, n := range r.want {
		if r.got[line] < n {
			differences = append(differences, "missing: "+line)
		}
	}
	for line, n := range r.got {
		if n > r.want[line] {
			differences = append(differences, "not expected: "+line)
		}
	}
	slices.Sort(differences)
	if len(differences) > 0 {
		t.Errorf("deliveries differ from what was to come:\n%s", strings.Join(differences, "\n"))
	}
}

// settle stops the relay, which delivers all that it has, and checks that exactly what was expected has come, each
// uniqueId once but for the repeats that it returns.
func (r *receiver) settle(t *testing.T, from *relay) (repeats int) {
	t.Helper()
	from.stop(t)
	r.report(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repeats
}

// settleOnce is settle where nothing may come twice.
func (r *receiver) settleOnce(t *testing.T, from *relay) {
	t.Helper()
	if n := r.settle(t, from); n > 0 {
		t.Errorf("%d deliveries came again", n)
	}
}
