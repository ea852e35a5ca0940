package freight

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"edgerelay/relay/destination"
)

// bucket is one bucket of an S3-compatible store. Signatures, credentials that expire and the dialects of stores are the
// business of minio-go.
type bucket struct {
	name      string
	client    *minio.Client
	keys      *credentials.Credentials
	transport *http.Transport
}

// awaitAnswer bounds how long a store may think about an object that it has been sent.
const awaitAnswer = 2 * time.Minute

func newS3(plan *destination.Plan, o Options) (Carrier, error) {
	b, err := newBucket(plan, &o)
	if err != nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: %w", o.Webhook, err)
	}
	return newStoreCarrier(plan, o, b)
}

func newBucket(plan *destination.Plan, o *Options) (*bucket, error) {
	s := &plan.Settings
	b := &bucket{name: s.Of("bucket"), keys: s3Keys(s)}
	b.transport = &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialSteady(ctx, o.Dial, network, address)
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  awaitAnswer,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    2,
		DisableCompression:     true, // objects are stored as they are
		MaxResponseHeaderBytes: replyHeadMax,
	}
	lookup := map[string]minio.BucketLookupType{"auto": minio.BucketLookupAuto, "yes": minio.BucketLookupPath, "no": minio.BucketLookupDNS}
	client, err := minio.New(plan.URL.Host, &minio.Options{
		Creds:        b.keys,
		Secure:       plan.URL.Scheme != "http",
		Transport:    curt{steadfast{b.transport}},
		Region:       s.Of("region"), // known, so that the right to look it up is not needed
		BucketLookup: lookup[s.Of("path_style")],
		MaxRetries:   1, // lanes try again, less and less often
	})
	if err != nil {
		return nil, err
	}
	client.SetAppInfo("edgerelay", strings.TrimPrefix(o.UserAgent, "edgerelay/"))
	b.client = client
	return b, nil
}

// s3Keys are the webhook's own keys, or those of the machine in the order in which Amazon's own tools look for them. The
// latter come from addresses that the machine's environment names, no webhook: they are not fetched through Options.Dial,
// which rightly lets no webhook reach the service that gives out the machine's keys.
func s3Keys(s *destination.Settings) *credentials.Credentials {
	if s.Of("access_key") != "" {
		return credentials.NewStaticV4(s.Of("access_key"), s.Of("secret_key"), "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.FileAWSCredentials{},
		&credentials.IAM{Client: &http.Client{Timeout: 10 * time.Second}, Region: s.Of("region")},
	})
}

// put uploads in one request, so that If-None-Match decides about the whole object. Of a store that does not know the
// header it asks whether the object is there first: a webhook has one attempt under way at a time, so nobody comes
// between.
func (b *bucket) put(ctx context.Context, o *object) destination.Verdict {
	if keys, err := b.keys.GetWithContext(&credentials.CredContext{Client: http.DefaultClient, Context: ctx}); err != nil || keys.AccessKeyID == "" {
		return destination.Verdict{Outcome: destination.Retry, Ours: true,
			Reason: "this machine has no credentials for S3; set settings.access_key and secret_key, or give it a role"}
	}
	err := b.upload(ctx, o, true)
	if lacksCondition(err) {
		_, missing := b.client.StatObject(ctx, b.name, o.key, minio.StatObjectOptions{})
		if missing != nil && minio.ToErrorResponse(missing).StatusCode != http.StatusNotFound {
			return b.judge(missing)
		}
		if err = nil; missing != nil {
			err = b.upload(ctx, o, false)
		}
	}
	return b.judge(err)
}

func (b *bucket) upload(ctx context.Context, o *object, once bool) error {
	if _, err := o.content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	options := minio.PutObjectOptions{ContentType: o.kind, DisableMultipart: true, SendContentMd5: true}
	if once {
		options.SetMatchETagExcept("*")
	}
	stored, err := b.client.PutObject(ctx, b.name, o.key, io.NewSectionReader(o.content, 0, o.size), o.size, options)
	if err == nil && stored.ETag == "" {
		return errNoStore
	}
	return err
}

// errNoStore is a 200 without an ETag, which every store gives an object: a proxy's page, or a login's.
var errNoStore = errors.New("the answer is not a store's; is a proxy or a login between, is url right?")

// lacksCondition says that a store refused a request for its If-None-Match: it answers 501, or 400 with one of two codes.
func lacksCondition(err error) bool {
	var e minio.ErrorResponse
	if !errors.As(err, &e) {
		return false
	}
	return e.StatusCode == http.StatusNotImplemented ||
		e.StatusCode == http.StatusBadRequest && (e.Code == "NotImplemented" || e.Code == "InvalidArgument" && strings.Contains(e.Message, "If-None-Match"))
}

// s3Faults are the codes that are about the webhook's settings (S3's list of error codes). Its events wait until somebody
// has changed something.
var s3Faults = map[string]string{
	"AccessDenied":                 "the keys may not write to this bucket (s3:PutObject)",
	"AllAccessDisabled":            "the bucket takes nothing",
	"AccountProblem":               "see the store's account",
	"NotSignedUp":                  "see the store's account",
	"NoSuchBucket":                 "make the bucket, or set settings.bucket to one that is there",
	"InvalidBucketName":            "set settings.bucket to a bucket that is there",
	"InvalidAccessKeyId":           "set settings.access_key to a key that the store knows",
	"SignatureDoesNotMatch":        "set settings.secret_key to the one that goes with access_key",
	"InvalidSecurity":              "set settings.access_key and secret_key to a pair that the store knows",
	"InvalidToken":                 "set settings.access_key and secret_key to a pair that the store knows",
	"InvalidRegion":                "set settings.region to the bucket's",
	"AuthorizationHeaderMalformed": "set settings.region to the bucket's",
	"PermanentRedirect":            "set settings.region, or url, to the bucket's",
	"KMS.DisabledException":        "the bucket's encryption key is disabled",
	"MethodNotAllowed":             "set url to the endpoint of an S3-compatible store",
	"XMinioInvalidObjectName":      "set settings.prefix to one that the store takes",
	"InvalidURI":                   "set settings.prefix to one that the store takes",
	"KeyTooLongError":              "set settings.prefix to a shorter one",
}

// judge says what an upload came to (S3's list of error codes). What is unknown is tried again: an object that is not in
// the store is worth it.
func (b *bucket) judge(err error) destination.Verdict {
	var e minio.ErrorResponse
	switch {
	case err == nil:
		return destination.Verdict{Outcome: destination.Delivered, Status: http.StatusOK}
	case !errors.As(err, &e):
		return unreached(err)
	case e.StatusCode == http.StatusPreconditionFailed: // an attempt whose reply was lost stored it
		return destination.Verdict{Outcome: destination.Delivered, Status: e.StatusCode}
	}
	said := fmt.Sprintf("%s %s: %s", destination.StatusText(e.StatusCode), e.Code, e.Message)
	if next, ok := s3Faults[e.Code]; ok {
		return refused(e.StatusCode, said+"; "+next)
	}
	v := destination.Verdict{Outcome: destination.Retry, Status: e.StatusCode, Reason: clip(said)}
	switch {
	case e.Code == "NoSuchKey": // minio-go's word for a 404 without one; no store says it of an object that is put there
		v.Reason = fmt.Sprintf("%s, and not in a store's words; is url the endpoint of an S3-compatible store?", destination.StatusText(e.StatusCode))
	case strings.HasPrefix(e.Code, "ExpiredToken"):
		b.keys.Expire() // the next attempt fetches new ones
	case e.Code == "RequestTimeTooSkewed":
		v.Reason, v.Ours = clip(said+"; set this machine's clock"), true
	case e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden && e.Code != "SlowDown":
		v.Outcome = destination.Off
	case e.StatusCode == http.StatusTemporaryRedirect: // of a bucket that is new, until its name is known everywhere
	case e.StatusCode >= 300 && e.StatusCode < 400:
		v.Outcome, v.Reason = destination.Off, clip(said+"; set settings.region, or url, to the bucket's")
	}
	return v
}

func (b *bucket) close() error {
	b.transport.CloseIdleConnections()
	return nil
}
