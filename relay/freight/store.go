package freight

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"edgerelay/relay/destination"
)

// store keeps objects under names. It is safe for concurrent use.
type store interface {
	// put stores o under its key unless there is an object of that key, which is then the same one: both are Delivered. A
	// reader of the store never sees a part of an object under its key.
	put(ctx context.Context, o *object) destination.Verdict
	close() error
}

// object is one file of an archive. The key's parts have slashes between them and are fit for any store.
type object struct {
	key     string
	content content
	size    int64
	kind    string // its Content-Type

	label  string // of an export: its period
	events int    // and what is in it
}

// content is read from its beginning by each attempt.
type content interface {
	io.Reader
	io.ReaderAt
	io.Seeker
}

// join puts the prefix, whose slashes at both ends do not count, before the parts of a key.
func join(prefix string, parts ...string) string {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		parts = append([]string{prefix}, parts...)
	}
	return strings.Join(parts, "/")
}

// ending is the end of an object's name: readers go by it, and no Content-Encoding is set, which would have some
// clients unpack what they store and others not.
func ending(s *destination.Settings) string {
	switch s.Of("compression") {
	case "gzip":
		return "." + s.Of("format") + ".gz"
	case "zstd":
		return "." + s.Of("format") + ".zst"
	}
	return "." + s.Of("format")
}

func contentType(s *destination.Settings) string {
	switch {
	case s.Of("compression") == "gzip":
		return "application/gzip"
	case s.Of("compression") == "zstd":
		return "application/zstd"
	case s.Of("format") == "csv":
		return "text/csv; charset=utf-8"
	}
	return "application/x-ndjson"
}

// pack compresses a body. The same body has the same bytes: gzip's header has no time, and zstd's blocks are cut by one
// goroutine. What several calls return may be put one behind the other and be unpacked as one.
func pack(body []byte, how string) ([]byte, error) {
	switch how {
	case "gzip":
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		w.ModTime = time.Unix(0, 0) // none
		if _, err := w.Write(body); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		return packed.Bytes(), nil
	case "zstd":
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return w.EncodeAll(body, nil), w.Close()
	}
	return body, nil
}
