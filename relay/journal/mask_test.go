package journal

import (
	"slices"
	"strings"
	"testing"
)

// kept is an entry after its way through a row.
func kept(t *testing.T, a *Attempt) Attempt {
	t.Helper()
	row := appendRow(nil, a, maskNames{})
	h, err := parseHead(row)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.attempt()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestSecretsAreMasked by bytes: no part of a secret is in a row.
func TestSecretsAreMasked(t *testing.T) {
	a := Attempt{Outcome: Dead, Status: 401, Reason: "401 for tok-12345678",
		Request: []Header{{"Authorization", "Bearer tok-12345678"}, {"X-Api-Key", "tok-12345678-longer"}, {"X-Short-Key", "abc"}, {"X-Team", "growth"}},
		Reply:   []Header{{"X-Echo", "you sent Bearer tok-12345678"}, {"Set-Cookie", "id=of-the-server"}, {"X-Plain", "abc"}},
		Body:    []byte("your key tok-12345678-longer, your token tok-12345678, and abc")}
	row := string(appendRow(nil, &a, maskNames{}))
	for _, s := range []string{"tok-", "12345678", "longer", "of-the-server"} {
		if strings.Contains(row, s) {
			t.Errorf("the row holds %q: %q", s, row)
		}
	}
	got := kept(t, &a)
	if want := []Header{{"Authorization", masked}, {"X-Api-Key", masked}, {"X-Short-Key", masked}, {"X-Team", "growth"}}; !slices.Equal(got.Request, want) {
		t.Errorf("request %v", got.Request)
	}
	if want := []Header{{"X-Echo", "you sent " + masked}, {"Set-Cookie", masked}, {"X-Plain", "abc"}}; !slices.Equal(got.Reply, want) {
		t.Errorf("reply %v", got.Reply)
	}
	if string(got.Body) != "your key (not shown), your token (not shown), and abc" || got.Reason != "401 for (not shown)" {
		t.Errorf("body %q, reason %q", got.Body, got.Reason)
	}
	if a.Request[0].Value != "Bearer tok-12345678" {
		t.Error("the caller's own entry was changed")
	}
}

// TestSecretAtTheCut is not shown in part either.
func TestSecretAtTheCut(t *testing.T) {
	const token = "0123456789abcdefghijklmnopqrstuvwxyz"
	for begin := BodyMax - 2*len(token); begin < BodyMax+2*len(token); begin++ {
		for _, tail := range []int{0, 1, 100, 9000} {
			body := strings.Repeat(".", begin) + token + strings.Repeat(".", tail)
			for _, before := range []int{0, 3} { // secrets before it, whose masks are shorter
				whole := strings.Repeat(token, before) + body
				got := kept(t, &Attempt{Outcome: Dead, Request: []Header{{"X-Token", token}}, Body: []byte(whole)})
				for n := 4; n <= len(token); n += 4 {
					if strings.Contains(string(got.Body), token[:n]) {
						t.Fatalf("%d bytes before the token, %d behind: %q is shown", len(whole)-len(token)-tail, tail, token[:n])
					}
				}
				if len(got.Body) > BodyMax || len(whole) > BodyMax+200 && !got.Truncated {
					t.Fatalf("%d bytes are kept of %d, truncated %v", len(got.Body), len(whole), got.Truncated)
				}
			}
		}
	}
}

// TestTextsAreCut where they are too long, and not within a character.
func TestTextsAreCut(t *testing.T) {
	long := strings.Repeat("ä", 20<<10)
	got := kept(t, &Attempt{Outcome: Retry, Webhook: long, Event: long, UniqueID: long, Reason: long, Body: []byte("." + long),
		Request: []Header{{long, long}, {"X-Team", "growth"}}})
	cut := func(most int) string { return strings.Repeat("ä", (most-3)/2) + "…" }
	if got.Webhook != cut(textMax) || got.Event != cut(textMax) || got.UniqueID != cut(textMax) || got.Reason != cut(valueMax) ||
		!slices.Equal(got.Request, []Header{{cut(textMax), cut(valueMax)}, {"X-Team", "growth"}}) {
		t.Errorf("got %+v", got)
	}
	if want := "." + strings.Repeat("ä", BodyMax/2-1); string(got.Body) != want || !got.Truncated {
		t.Errorf("%d bytes of the body are kept, truncated %v", len(got.Body), got.Truncated)
	}
	exact := kept(t, &Attempt{Outcome: Retry, Body: make([]byte, BodyMax)})
	if len(exact.Body) != BodyMax || exact.Truncated {
		t.Errorf("a body of just the limit: %d bytes, truncated %v", len(exact.Body), exact.Truncated)
	}
	var many []Header
	for range 1000 {
		many = append(many, Header{"X-Name", strings.Repeat("v", 100)})
	}
	if n := len(kept(t, &Attempt{Outcome: Retry, Reply: many}).Reply); n != headersMax/106 {
		t.Errorf("%d headers are kept of 1000", n)
	}
	if row := appendRow(nil, &Attempt{Outcome: Retry, Webhook: long, Event: long, UniqueID: long, Reason: long, Body: []byte(long),
		Request: many, Reply: many}, maskNames{}); len(row) > rawMax-chunkRaw {
		t.Errorf("a row of %d bytes, a chunk has room for %d", len(row), rawMax-chunkRaw)
	}
}

// TestNamesAreForgotten when a receiver makes up new ones all the time.
func TestNamesAreForgotten(t *testing.T) {
	m := maskNames{}
	for n := range 3 * maskNamesMax {
		if m.secret("X-Name-" + hexID(n)) {
			t.Fatal("a hash is taken for a secret")
		}
	}
	if len(m) > maskNamesMax {
		t.Errorf("%d names are remembered", len(m))
	}
}
