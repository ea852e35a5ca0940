package live

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// service stands for Pendo's own: it has guides, and takes what the relay passes on.
type service struct {
	address string
	guides  []guide
	server  *httptest.Server // nil while it is down

	mu    sync.Mutex
	taken map[string]int // requests by path, query and body, each as it came
}

// latency is as far away as a service on the Internet is. The agent has settled by then which of a page's frames shows
// guides, for which it takes 50 ms; with guides that are there sooner it sometimes shows none.
const latency = 100 * time.Millisecond

func startService(t *testing.T, guides ...guide) *service {
	t.Helper()
	s := &service{address: freeAddress(t), guides: guides, taken: map[string]int{}}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

func (s *service) url() string { return "http://" + s.address }

func (s *service) start(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/data/guide.json/{key}", s.serveGuides)
	mux.HandleFunc("/guides/{step}", s.serveStep)
	mux.HandleFunc("/", s.take)
	s.server = &httptest.Server{Listener: ln, Config: &http.Server{Handler: mux}}
	s.server.Start()
}

func (s *service) stop() {
	if s.server != nil {
		s.server.Close()
		s.server = nil
	}
}

func (s *service) take(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is cut short is not what was sent
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[r.RequestURI+string(body)]++
}

// expect waits until a request has been passed on.
func (s *service) expect(t *testing.T, request string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		n := s.taken[request]
		s.mu.Unlock()
		if n > 0 {
			return
		}
	}
	t.Fatalf("was not passed on: %s", request)
}

// serveGuides answers what the agent asks about a visitor.
func (s *service) serveGuides(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(latency)
	var guides []object
	for i := range s.guides {
		guides = append(guides, s.guides[i].details(s.url()))
	}
	answer(w, object{"guides": guides, "guideWidget": object{"enabled": false}, "throttling": object{"enabled": false}, "segmentFlags": []any{},
		"lastGuideStepSeen": object{"isMultiStep": false, "guideId": "", "guideStepId": "", "time": 0, "state": ""}})
}

// serveStep serves the content of a step, which the agent turns into elements.
func (s *service) serveStep(w http.ResponseWriter, r *http.Request) {
	time.Sleep(latency)
	for _, g := range s.guides {
		for _, st := range g.steps {
			if r.PathValue("step") == g.id+"."+st.id+".json" {
				answer(w, st.content())
				return
			}
		}
	}
	http.NotFound(w, r)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
