package intake

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// deflateTo compresses with one of the encodings; "raw" is deflate without zlib's frame.
func deflateTo(t testing.TB, how string, body []byte) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch how {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw":
		w, err = flate.NewWriter(&b, flate.BestCompression)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// encodings that a body may have: as deflateTo has it, and as the header says.
var sentEncodings = [][2]string{{"gzip", "gzip"}, {"gzip", "X-GZip"}, {"deflate", "deflate"}, {"raw", "deflate"}, {"zstd", "zstd"}, {"br", " br "}}

// TestEncodings: every encoding, small and large, one after the other through the same pooled decoders, whatever the
// content type claims.
func TestEncodings(t *testing.T) {
	r := start(t)
	for round := range 3 {
		for _, e := range sentEncodings {
			for _, size := range []int{0, 5000, 300 << 10} {
				body := `{"event":"E","visitorId":"v","properties":{"fill":"` + strings.Repeat("ab€ ", size/6) + `"}}`
				r.good("/data/track", deflateTo(t, e[0], []byte(body)), integrationKey, "Content-Encoding: "+e[1],
					"Content-Type: application/x-www-form-urlencoded")
				events := r.events()
				if len(events) != 1 || !strings.Contains(body, string(events[0].Properties)) {
					t.Fatalf("round %d, %s, %d bytes: not what was sent", round, e, size)
				}
			}
		}
	}
	// two members of gzip are one body
	half := deflateTo(t, "gzip", []byte(`{"event":"E",`)) + deflateTo(t, "gzip", []byte(`"visitorId":"v"}`))
	r.good("/data/track", half, integrationKey, "Content-Encoding: gzip")
	r.good("/data/track", `{"event":"E","visitorId":"v"}`, integrationKey, "Content-Encoding: identity")
	if n := len(r.events()); n != 2 {
		t.Errorf("%d events", n)
	}
	if used := r.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
}
