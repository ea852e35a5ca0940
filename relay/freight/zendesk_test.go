package freight

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/destination/fake"
)

// newDesk starts a fake account of Zendesk with an OAuth client, and returns a plan that leads to it.
func newDesk(t *testing.T, secret string, settings ...string) (*fake.Zendesk, *destination.Plan) {
	t.Helper()
	desk := fake.NewZendeskClient("relay", "SECRET")
	server := httptest.NewServer(desk)
	t.Cleanup(server.Close)
	s := destination.Settings{Webhook: "support", URL: server.URL, AccessToken: secret, More: map[string]string{"client_id": "relay"}}
	for i := 0; i+1 < len(settings); i += 2 {
		s.More[settings[i]] = settings[i+1]
	}
	kind, _ := destination.ByName("zendesk")
	plan, faults := kind.Make(s)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return desk, plan
}

// TestZendeskClient: events go out with a token that the client gets, and with a new one when that is about to end or was
// withdrawn.
func TestZendeskClient(t *testing.T) {
	desk, plan := newDesk(t, "SECRET")
	clock := newWatch()
	c := newCarrier(t, plan, Options{Now: clock.now, UserAgent: "edgerelay/test"})
	made := func(want int) {
		t.Helper()
		if n := desk.Tokens(); n != want {
			t.Errorf("%d tokens were fetched, want %d", n, want)
		}
	}
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Delivered)
	clock.forward(54 * time.Minute)
	ship(t, c, newParcel(plan, 1001, 1, noon), destination.Delivered)
	made(1)
	clock.forward(2 * time.Minute) // four minutes of the hour are left
	ship(t, c, newParcel(plan, 2001, 1, noon), destination.Delivered)
	made(2)
	desk.Expire()
	ship(t, c, newParcel(plan, 3001, 1, noon), destination.Delivered)
	made(3)
	desk.Play(fake.Answer(429, "You have exceeded the rate limit", "Ratelimit-Reset", "41"))
	if v := ship(t, c, newParcel(plan, 4001, 1, noon), destination.Retry); v.After != 41*time.Second {
		t.Error(v)
	}
	ship(t, c, newParcel(plan, 4001, 1, noon), destination.Delivered)
	if taken := desk.Taken(); len(taken) != 5 || len(desk.Broken()) > 0 {
		t.Errorf("%d events were taken, broken rules: %q", len(taken), desk.Broken())
	}
}

// TestZendeskClientRefused: a client that Zendesk does not know turns the webhook off, without its secret in the reason; a
// token server that is busy does not.
func TestZendeskClientRefused(t *testing.T) {
	desk, plan := newDesk(t, "WRONG-SECRET")
	c := newCarrier(t, plan, Options{})
	v := ship(t, c, newParcel(plan, 1, 1, noon), destination.Off)
	if !strings.Contains(v.Reason, "invalid_client") || strings.Contains(v.Reason, "WRONG") || v.Status != 401 {
		t.Error(v)
	}
	desk.Play(fake.Answer(503, ""))
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry)
	_, plan = newDesk(t, "SECRET", "scope", "read")
	if v := ship(t, newCarrier(t, plan, Options{}), newParcel(plan, 1, 1, noon), destination.Off); !strings.Contains(v.Reason, "invalid_scope") {
		t.Error(v)
	}
}

// TestZendeskClientEcho: a token that the destination repeats does not get into reasons, not even in part where they are cut.
func TestZendeskClientEcho(t *testing.T) {
	desk, plan := newDesk(t, "SECRET")
	c := newCarrier(t, plan, Options{})
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Delivered)
	for _, before := range []string{"", strings.Repeat("x", 250)} {
		desk.Play(fake.Answer(422, `{"error":{"title":"`+before+`","message":"you sent gErypPlm4dOVgGRvA1ZzMH5MQ3nLo8bo1"}}`))
		if v := ship(t, c, newParcel(plan, 2, 1, noon), destination.Final); strings.Contains(v.Reason, "gEry") || !strings.Contains(v.Reason, "••••") {
			t.Error(v.Reason)
		}
	}
}

// TestZendeskClientOnTimeout: with on_timeout = "drop" what was sent and not answered is not sent again.
func TestZendeskClientOnTimeout(t *testing.T) {
	desk, plan := newDesk(t, "SECRET", "on_timeout", "drop")
	c := newCarrier(t, plan, Options{})
	desk.Play(fake.Fine, fake.TakeAndHangUp)
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Final)
	if n := len(desk.Taken()); n != 1 {
		t.Errorf("%d events were taken, want 1", n)
	}
}
