package sign

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func BenchmarkSign(b *testing.B) {
	id, at := []byte("0123456789abcdef0123456789abcdef01234567"), time.Unix(1700000000, 0)
	for _, size := range []int{100, 600, 10_000} {
		body := []byte(`{"event":"` + strings.Repeat("x", size-35) + `","timestamp":1679578625}`)
		for _, schemes := range [][]Scheme{{Pendo}, {Standard}, {Userpilot}, {Pendo, Standard, GitHub, Userpilot}} {
			b.Run(fmt.Sprintf("%d/%v", size, schemes), func(b *testing.B) {
				s := mustNew(b, vectorSecret, "", schemes...)
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					s.Sign(id, at, body)
				}
			})
		}
	}
}
