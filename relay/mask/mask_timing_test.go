package mask

import "testing"

// BenchmarkApply is one event with a usual list, and without one.
func BenchmarkApply(b *testing.B) {
	f := func(name, drops, hashes, key string) {
		b.Run(name, func(b *testing.B) {
			m, e, s := compile(b, drops, hashes, key), full(), new(Scratch)
			e.Properties = stable(b, `{"plan":"pro","email":"ann@example.com","price":9.5,"user":{"name":"Ann","id":7},"items":[{"sku":"A"},{"sku":"B"}]}`)
			b.ReportAllocs()
			for b.Loop() {
				m.Apply(s, e)
				s.Release()
			}
		})
	}
	f("nothing", "", "", "")
	f("drop", "ip email user.name", "", "")
	f("drop at any depth", "**.email **.name", "", "")
	f("hash", "", "visitorId email", "")
	f("hash with key", "", "visitorId email", "key")
}
