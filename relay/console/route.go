package console

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	readTimeout  = time.Minute     // for a request's body
	writeTimeout = 2 * time.Minute // for an answer, its delay included

	// scrapesMax is how many may gather metrics at once: gathering costs the same whoever asks.
	scrapesMax    = 4
	scrapeTimeout = 10 * time.Second
)

// methods are the handlers of one path.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handler, ok := m[method]
	if !ok {
		var allowed []string
		for name := range m {
			allowed = append(allowed, name)
		}
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "%s is answered to %s, not to %s", r.URL.Path, strings.Join(allowed, " and "), r.Method)
		return
	}
	handler(w, r)
}

// routes is everything there is, behind its guards.
func (s *Server) routes() http.Handler {
	inspector := methods{"GET": s.list, "POST": s.receive, "DELETE": s.empty}
	behind := http.NewServeMux()
	behind.Handle("/{$}", methods{"GET": s.overview})
	behind.Handle("/login", methods{"GET": s.loginPage, "POST": s.login})
	behind.Handle("/logout", methods{"POST": s.logout})
	behind.Handle("/metrics", methods{"GET": s.metrics().ServeHTTP})
	behind.Handle("/debug/pprof/", profiles())
	behind.Handle("/inspect", inspector)
	behind.Handle("/inspect/{rest...}", inspector)
	for path, handlers := range s.api() {
		behind.Handle(path, handlers)
	}
	for path, handlers := range s.pages.Handlers() {
		behind.Handle(path, methods(handlers))
	}
	behind.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if wantsPage(r) && !strings.HasPrefix(r.URL.Path, "/api/") {
			s.pages.NotFound(w, r)
			return
		}
		fail(w, http.StatusNotFound, "not_found", "there is nothing at %s; / lists what there is", r.URL.Path)
	})

	all := http.NewServeMux()
	all.Handle("/healthz", methods{"GET": s.probe(s.opts.Health)})
	all.Handle("/readyz", methods{"GET": s.probe(s.opts.Ready)})
	all.Handle("/", s.guard.wrap(behind))
	return deadlines(secured(all))
}

// deadlines bound how long a request may take to come and its answer to go, profiles excepted: they run as long as asked.
func deadlines(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read, write := time.Now().Add(readTimeout), time.Now().Add(writeTimeout)
		if strings.HasPrefix(r.URL.Path, "/debug/pprof/") {
			read, write = time.Time{}, time.Time{}
		}
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(read)
		_ = control.SetWriteDeadline(write)
		next.ServeHTTP(w, r)
	})
}

// profiles are those of net/http/pprof. Its pages carry their own style.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		mux.ServeHTTP(w, r)
	})
}

func (s *Server) metrics() http.Handler {
	return promhttp.HandlerFor(s.opts.Gatherer, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(s.opts.Logger.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError, // one collector at fault leaves the others to be seen
		MaxRequestsInFlight: scrapesMax,
		Timeout:             scrapeTimeout,
		EnableOpenMetrics:   true,
	})
}
