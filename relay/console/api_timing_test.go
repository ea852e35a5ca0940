package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/hook"
)

// BenchmarkWebhooks asks for lists and figures among so many webhooks, which are on. With the senders looked at each
// time, as when one asks once a second, and without, as when many ask.
func BenchmarkWebhooks(b *testing.B) {
	for _, n := range []int{10, 1000} {
		now := noon()
		p := mustPlant(b, Options{Now: func() time.Time { return now }})
		for i := range n - 1 {
			d := hook.Document{"name": fmt.Appendf(nil, `"webhook %d"`, i), "url": []byte(`"https://example.com/in"`), "events": []byte(`["featureClicked:nothing"]`),
				"enabled": []byte("true"), "headers": []byte(`{"Authorization":"Bearer x"}`)}
			if _, err := p.hooks.Create(d); err != nil {
				b.Fatal(err)
			}
		}
		for _, path := range []string{"/api/webhooks", "/api/webhooks/of%20the%20file", "/api/webhooks/of%20the%20file/stats"} {
			for name, step := range map[string]time.Duration{"fresh": time.Second, "cached": 0} {
				b.Run(fmt.Sprintf("%d%s/%s", n, path, name), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						now = now.Add(step)
						w := httptest.NewRecorder()
						p.http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
						if w.Code != http.StatusOK {
							b.Fatal(w.Code, w.Body)
						}
					}
				})
			}
		}
	}
}

// BenchmarkEvents looks through the log: for the last hundred, and for one visitor who is not there.
func BenchmarkEvents(b *testing.B) {
	p := mustPlant(b, noToken)
	for i := range 20_000 {
		p.accept(1, fmt.Sprint("visitor ", i%100))
	}
	for name, q := range map[string]desk.EventQuery{"last": {}, "filtered": {Visitor: "nobody"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.desk.Events(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
