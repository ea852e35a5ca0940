package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkPages times the pages at 1,000 webhooks.
func BenchmarkPages(b *testing.B) {
	p := mustPlant(b, noToken)
	for i := range 1000 {
		settings := fmt.Sprintf(`{"name":"hook-%04d","url":%q,"secret":"hush-hush","events":["pageLoaded","featureClicked:f1,f2"],"enabled":true}`, i, p.receiver.URL)
		resp, text := p.do("POST", "/api/webhooks", settings, "Content-Type", "application/json")
		if resp.StatusCode != http.StatusCreated {
			b.Fatal(text)
		}
	}
	for _, path := range []string{"/webhooks", "/webhooks?q=hook-09&sort=lag", "/webhooks?show=trouble", "/webhook/hook-0500", "/webhook/hook-0500/log", "/webhook/hook-0500/edit", "/live", "/errors"} {
		b.Run(path[1:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				p.http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
