package relay

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestConsentBeforeDeliveries: a webhook with settings.origin of the config file asks its receiver once after each start,
// before anything is delivered.
func TestConsentBeforeDeliveries(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		what := fmt.Sprintf("%s %s %s", r.Method, r.Header.Get("WebHook-Request-Origin"), r.Header.Get("WebHook-Request-Rate"))
		for _, name := range []string{"first", "second"} {
			if strings.Contains(string(body), `"`+name+`"`) {
				what += name
			}
		}
		seen = append(seen, what)
		w.Header().Set("WebHook-Allowed-Origin", "relay.example.com")
	}))
	t.Cleanup(receiver.Close)
	wait := func(want ...string) {
		t.Helper()
		got := ""
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			mu.Lock()
			got = fmt.Sprint(seen)
			mu.Unlock()
			if got == fmt.Sprint(want) {
				return
			}
		}
		t.Fatalf("seen %s, want %s", got, want)
	}
	r := run(t, propertyApp+fmt.Sprintf("[[webhook]]\nname = \"crm\"\nurl = %q\nevents = [\"track*\"]\nenabled = true\nallow_private = true\n"+
		"format = \"cloudevents\"\nrate = 5\nsettings = { origin = \"relay.example.com\" }\n", receiver.URL))
	r.track("k1", "first")
	wait("OPTIONS relay.example.com 300", "POST relay.example.com first")
	r.stop()
	r.start()
	r.track("k1", "second")
	wait("OPTIONS relay.example.com 300", "POST relay.example.com first", "OPTIONS relay.example.com 300", "POST relay.example.com second")
}
