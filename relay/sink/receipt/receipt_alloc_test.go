//go:build !race

package receipt

import "testing"

const pendoBody = `{"app":{"id":-323232,"name":"test_application","platform":"web"},"accountId":"Webhook Account",` +
	`"subscription":{"id":4802463602049999,"name":"test_application"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)` +
	` AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.164 Safari/537.36","event":"trackEventReceived","properties":` +
	`{"eventProperties":{"fromTier":"basic","toTier":"pro"},"name":"Account Upgraded","source":"web","ids":["trackTypeId-abc123"]},` +
	`"timestamp":1626804144,"visitorId":"Webhook Visitor","uniqueId":"75c32838012a8311fba2b902857c2e848d98f457"}`

func TestReadAllocatesNothing(t *testing.T) {
	var r Reader
	body := []byte(pendoBody)
	r.Read(body)
	if n := testing.AllocsPerRun(100, func() { r.Read(body) }); n != 0 {
		t.Errorf("Read allocates %v times, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() { r.ID(body) }); n != 0 {
		t.Errorf("ID allocates %v times, want 0", n)
	}
}

func BenchmarkRead(b *testing.B) {
	var r Reader
	body := []byte(pendoBody)
	b.Run("all", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			r.Read(body)
		}
	})
	b.Run("id", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.ID(body)
		}
	})
}
