//go:build !race

package sink

import (
	"testing"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/sign"
)

// counting is a Sink that counts, and a request to hand to it.
func counting(tb testing.TB, secrets []string, headers ...string) (*Sink, *fasthttp.RequestCtx) {
	tb.Helper()
	s, err := New(Options{Listen: "127.0.0.1:0", Count: true, Secrets: secrets})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(fasthttp.MethodPost)
	ctx.Request.SetRequestURI("/hook")
	ctx.Request.SetBodyString(bodyA)
	for i := 0; i < len(headers); i += 2 {
		ctx.Request.Header.Set(headers[i], headers[i+1])
	}
	return s, &ctx
}

func TestCountingAllocatesNothing(t *testing.T) {
	f := func(secrets []string, headers ...string) {
		t.Helper()
		s, ctx := counting(t, secrets, headers...)
		s.handle(ctx)
		if n := testing.AllocsPerRun(100, func() { s.handle(ctx) }); n != 0 {
			t.Errorf("secrets %q, headers %q: %v allocations a request, want 0", secrets, headers, n)
		}
		if c := s.Counts(); c.Refused != 0 || c.Repeated < 100 {
			t.Errorf("counts %+v", c)
		}
	}
	f(nil)
	f([]string{"s"}, mustSign(t, "s", sign.Pendo)...)
	f([]string{"old", "s"}, mustSign(t, "s", sign.GitHub)...)
}

// mustSign is the one header that signs bodyA.
func mustSign(tb testing.TB, secret string, scheme sign.Scheme) []string {
	tb.Helper()
	signer, err := sign.New([]sign.Scheme{scheme}, secret, "")
	if err != nil {
		tb.Fatal(err)
	}
	h := signer.Sign(nil, noon(), []byte(bodyA))[0]
	return []string{h.Name, string(h.Value)}
}

func BenchmarkCount(b *testing.B) {
	f := func(name string, secrets []string, headers ...string) {
		b.Run(name, func(b *testing.B) {
			s, ctx := counting(b, secrets, headers...)
			body := []byte(bodyA)
			digits := body[len(body)-len(idA)-2:]
			n := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				if len(secrets) == 0 { // a body that was never seen
					for i := range 16 {
						digits[i] = "0123456789abcdef"[n>>(4*i)&15]
					}
					n++
					ctx.Request.SetBodyRaw(body)
				}
				s.handle(ctx)
			}
		})
	}
	f("distinct", nil)
	f("signed-pendo", []string{"s"}, mustSign(b, "s", sign.Pendo)...)
	f("signed-userpilot", []string{"s"}, mustSign(b, "s", sign.Userpilot)...)
}
