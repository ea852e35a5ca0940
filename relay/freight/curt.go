package freight

import (
	"io"
	"net/http"
)

// curt keeps a hostile store short: of a reply's body it hands on what errors need, since minio-go reads every body to its
// end, and no cookies, which minio-go would keep for as long as the webhook is there.
type curt struct{ http.RoundTripper }

func (c curt) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got.Header.Del("Set-Cookie")
	got.Body = shortBody{io.LimitReader(got.Body, replyMax), got.Body}
	return got, nil
}

// shortBody reads from one and closes the other.
type shortBody struct {
	io.Reader
	io.Closer
}
