package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/bytedance/sonic"
)

// nested is an event of about 600 bytes as SDKs send it.
const nested = `{"type":"track","event":"Account Upgraded","visitorId":"visitor-48213","accountId":"account-771",` +
	`"timestamp":1626804144123,"properties":{"fromTier":"basic","toTier":"pro","seats":25,"price":1249.5,"trial":false,` +
	`"coupon":null,"tags":["self-serve","annual","emea"],"plan":{"id":"plan-pro-2021","currency":"EUR","interval":"year",` +
	`"addons":[{"id":"sso","price":99},{"id":"audit","price":49.9}]},"note":"moved up after the \"spring\" webinar"},` +
	`"context":{"ip":"203.0.113.7","userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",` +
	`"url":"https://app.example.com/settings/billing?ref=mail","title":"Billing · Example"}}`

func BenchmarkStable(b *testing.B) {
	spaced := new(bytes.Buffer)
	if err := json.Indent(spaced, []byte(nested), "", " "); err != nil {
		b.Fatal(err)
	}
	unordered := []byte(`{"z":1,"1":2,` + nested[1:len(nested)-1] + `,"event":"again"}`)
	batch := []byte("[" + nested + string(bytes.Repeat([]byte(","+nested), 99)) + "]")
	for _, in := range []struct {
		name string
		json []byte
	}{{"stable", []byte(nested)}, {"spaced", spaced.Bytes()}, {"unordered", unordered}, {"batch", batch}} {
		b.Run(fmt.Sprintf("%s-%d", in.name, len(in.json)), func(b *testing.B) {
			var s Stable
			var dst []byte
			b.SetBytes(int64(len(in.json)))
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = s.Append(dst[:0], in.json)
			}
		})
	}
}

// What the libraries cost that come nearest: none of them makes stable JSON.
func BenchmarkStableReference(b *testing.B) {
	in := []byte(nested)
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	var out bytes.Buffer
	run("json.Compact", func() error { out.Reset(); return json.Compact(&out, in) })
	run("json.Valid", func() error {
		if !json.Valid(in) {
			return json.Unmarshal(in, new(any))
		}
		return nil
	})
	run("sonic.Valid", func() error {
		if !sonic.Valid(in) {
			return sonic.Unmarshal(in, new(any))
		}
		return nil
	})
	run("sonic-through-any", func() error {
		var v any
		if err := sonic.Unmarshal(in, &v); err != nil {
			return err
		}
		_, err := sonic.Marshal(v)
		return err
	})
}

func BenchmarkLookup(b *testing.B) {
	in := []byte(nested)
	b.ReportAllocs()
	for b.Loop() {
		if Lookup(in, "context") == nil {
			b.Fatal("not found")
		}
	}
}

func BenchmarkManyKeys(b *testing.B) {
	for _, n := range []int{60, 70, 1000, 100_000} {
		in := manyKeys(n, func(i int) string { return fmt.Sprint("key-", i) })
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s Stable
			var dst []byte
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				dst, _ = s.Append(dst[:0], in)
			}
		})
	}
}
