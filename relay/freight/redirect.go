package freight

import (
	"encoding/xml"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// steadfast is a transport for minio-go, for which a redirect is an error. An http.Client that gets one closes the request's
// body while the transport may still be sending it, and the body that minio-go signs in pieces does not stand that.
type steadfast struct{ *http.Transport }

// redirectMax bounds what is read of a redirect, in bytes.
const redirectMax = 64 << 10

// RoundTrip makes one request. The error for a redirect is a minio.ErrorResponse.
func (s steadfast) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := s.Transport.RoundTrip(r)
	if err != nil || got.StatusCode < 300 || got.StatusCode > 399 || got.StatusCode == http.StatusNotModified {
		return got, err
	}
	defer func() { _ = got.Body.Close() }() // what is left of it is of no interest
	text, _ := io.ReadAll(io.LimitReader(got.Body, redirectMax))
	said := minio.ErrorResponse{}
	_ = xml.Unmarshal(text, &said) // what is no error of S3's says nothing
	said.StatusCode = got.StatusCode
	return nil, said
}
