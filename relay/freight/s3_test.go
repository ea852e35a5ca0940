package freight

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"edgerelay/relay/destination"
)

// shop is an S3-compatible store with the bucket "events". front, when it is set, may answer before the store does.
type shop struct {
	*httptest.Server
	backend *s3mem.Backend
	front   atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{backend: s3mem.New()}
	if err := s.backend.CreateBucket("events"); err != nil {
		t.Fatal(err)
	}
	store := gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.front.Load(); f != nil && (*f)(w, r) {
			return
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) answer(f func(w http.ResponseWriter, r *http.Request) bool) { s.front.Store(&f) }

// plan is one for the shop, whose keys the shop does not check.
func (s *shop) plan(t *testing.T, more ...string) *destination.Plan {
	t.Helper()
	settings := map[string]string{"bucket": "events", "access_key": "AKIAEXAMPLE", "secret_key": "secret/with+signs", "path_style": "yes"}
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return newPlan(t, "s3", s.URL, settings)
}

func (s *shop) objects(t *testing.T) map[string][]byte {
	t.Helper()
	list, err := s.backend.ListBucket("events", &gofakes3.Prefix{}, gofakes3.ListBucketPage{MaxKeys: 1000})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for _, item := range list.Contents {
		o, err := s.backend.GetObject("events", item.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got[item.Key], err = io.ReadAll(o.Contents); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

// TestS3 ships through broken connections, lost answers and restarts: each parcel is in the store once and whole.
func TestS3(t *testing.T) {
	s, w, dir := newShop(t), &weather{}, t.TempDir()
	plan := s.plan(t, "prefix", "/edge/")
	bodies := script(t, plan, w, 1, func() Carrier {
		c, err := New(plan, Options{Webhook: "product", Dir: dir, Dial: w.dial})
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
	checkArchive(t, s.objects(t), bodies)
}

func TestS3Forms(t *testing.T) {
	for _, form := range []string{"ndjson", "csv"} {
		for _, compression := range []string{"gzip", "zstd", "none"} {
			s := newShop(t)
			plan := s.plan(t, "compression", compression, "format", form)
			c, p := newCarrier(t, plan, Options{}), newParcel(plan, 7, 100, noon)
			ship(t, c, p, destination.Delivered)
			got := s.objects(t)
			checkArchive(t, got, map[uint64][]byte{7: p.Body})
			for key := range got {
				if end := map[string]string{"gzip": ".gz", "zstd": ".zst"}[compression]; !strings.HasSuffix(key, "-00000000000000000304."+form+end) {
					t.Errorf("the key is %s", key)
				}
			}
		}
	}
}

func TestS3Key(t *testing.T) {
	s, w := newShop(t), &weather{}
	var header http.Header
	s.answer(func(_ http.ResponseWriter, r *http.Request) bool { header = r.Header.Clone(); return false })
	plan := s.plan(t, "prefix", "a/b")
	c := newCarrier(t, plan, Options{Webhook: "./My höok", Dial: w.dial, UserAgent: "edgerelay/1.2"})
	p := newParcel(plan, 41, 3, noon.Add(-1))
	ship(t, c, p, destination.Delivered)
	if v := ship(t, c, p, destination.Delivered); v.Status != http.StatusPreconditionFailed {
		t.Errorf("the second time it is %d, want 412", v.Status)
	}
	want := regexp.MustCompile(`^a/b/dt=2026-11-21/hh=11/My-h-ok-[a-z2-7]{10}-00000000000000000041-00000000000000000047\.ndjson\.gz$`)
	got := s.objects(t)
	for key, packed := range got {
		if !want.MatchString(key) || len(got) != 1 {
			t.Errorf("%d objects, one is %s", len(got), key)
		}
		if !bytes.HasPrefix(packed, []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0}) {
			t.Errorf("the header of gzip has a time: % x", packed[:10])
		}
	}
	for name, want := range map[string]string{"Content-Type": "application/gzip", "Content-Encoding": "aws-chunked", "If-None-Match": "*"} {
		if got := header.Get(name); got != want && !(name == "Content-Encoding" && got == "") {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if header.Get("Content-Md5") == "" || !strings.Contains(header.Get("Authorization"), "AKIAEXAMPLE/") || strings.Contains(fmt.Sprint(header), "secret") {
		t.Errorf("the headers are %v", header)
	}
	if got := w.dialed(); len(got) == 0 || got[0] != s.Listener.Addr().String() {
		t.Errorf("dialed %v", got)
	}
}

// TestS3Origins: two relays that know nothing of each other write the same positions of the same webhook into one bucket.
func TestS3Origins(t *testing.T) {
	s := newShop(t)
	plan := s.plan(t)
	for range 2 {
		ship(t, newCarrier(t, plan, Options{}), newParcel(plan, 1, 2, noon), destination.Delivered)
	}
	if got := s.objects(t); len(got) != 2 {
		t.Errorf("%d objects, want 2", len(got))
	}
}

// TestS3WithoutCondition: a store that refuses If-None-Match has each object once all the same.
func TestS3WithoutCondition(t *testing.T) {
	const refusal = `<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message></Error>`
	for _, status := range []int{http.StatusNotImplemented, http.StatusBadRequest} {
		s, puts := newShop(t), 0
		s.answer(func(w http.ResponseWriter, r *http.Request) bool {
			refuse := r.Method == http.MethodPut && r.Header.Get("If-None-Match") != ""
			if refuse {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, refusal)
			} else if r.Method == http.MethodPut {
				puts++
			}
			return refuse
		})
		plan := s.plan(t)
		c := newCarrier(t, plan, Options{})
		p := newParcel(plan, 1, 5, noon)
		ship(t, c, p, destination.Delivered)
		ship(t, c, p, destination.Delivered)
		if puts != 1 {
			t.Errorf("%d: stored %d times, want once", status, puts)
		}
		checkArchive(t, s.objects(t), map[uint64][]byte{1: p.Body})
	}
}

// TestS3Verdicts: what stores answer (S3's list of error codes), and what becomes of the batch.
func TestS3Verdicts(t *testing.T) {
	s := newShop(t)
	plan := s.plan(t)
	c := newCarrier(t, plan, Options{})
	first := uint64(1)
	f := func(status int, code string, want destination.Outcome, part string) {
		t.Helper()
		s.answer(func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(status)
			if code != "" {
				fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>Because of
 this.</Message><RequestId>1</RequestId></Error>`, code)
			}
			return true
		})
		v := ship(t, c, newParcel(plan, first, 1, noon), want)
		if v.Status != status || !strings.Contains(v.Reason, part) || strings.ContainsAny(v.Reason, "\n") {
			t.Errorf("%d %s: %d %q, want %q in it", status, code, v.Status, v.Reason, part)
		}
		first += 10
	}
	f(412, "PreconditionFailed", destination.Delivered, "")
	f(409, "ConditionalRequestConflict", destination.Retry, "409 Conflict ConditionalRequestConflict: Because of this.")
	f(503, "SlowDown", destination.Retry, "SlowDown")
	f(500, "InternalError", destination.Retry, "InternalError")
	f(502, "", destination.Retry, "502 Bad Gateway")
	f(429, "", destination.Retry, "429")
	f(408, "", destination.Retry, "408")
	f(400, "RequestTimeout", destination.Retry, "RequestTimeout")
	f(400, "ExpiredToken", destination.Retry, "ExpiredToken")
	f(403, "RequestTimeTooSkewed", destination.Retry, "set this machine's clock")
	f(403, "AccessDenied", destination.Off, "s3:PutObject")
	f(403, "InvalidAccessKeyId", destination.Off, "settings.access_key")
	f(403, "SignatureDoesNotMatch", destination.Off, "settings.secret_key")
	f(404, "NoSuchBucket", destination.Off, "make the bucket")
	f(404, "", destination.Retry, "404 Not Found, and not in a store's words; is url the endpoint")
	f(301, "PermanentRedirect", destination.Off, "settings.region")
	f(307, "TemporaryRedirect", destination.Retry, "TemporaryRedirect")
	f(302, "", destination.Off, "302 Found")
	f(400, "AuthorizationHeaderMalformed", destination.Off, "settings.region")
	f(403, "SomethingNew", destination.Off, "SomethingNew")
	f(401, "", destination.Off, "401")
	f(400, "SomethingNew", destination.Retry, "SomethingNew")
}

// TestS3Page: a 200 of somebody who is no store stores nothing.
func TestS3Page(t *testing.T) {
	s := newShop(t)
	plan := s.plan(t)
	c := newCarrier(t, plan, Options{})
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "<html>Sign in</html>")
		return true
	})
	if v := ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry); !strings.Contains(v.Reason, "not a store's") {
		t.Errorf("%+v", v)
	}
}

// TestS3Hostile: of a store that never stops answering, and that sets a cookie with each reply, nothing is kept.
func TestS3Hostile(t *testing.T) {
	s := newShop(t)
	cookies := 0
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Cookie") != "" {
			cookies++
		}
		http.SetCookie(w, &http.Cookie{Name: "c" + path.Base(r.URL.Path), Value: strings.Repeat("x", 3000), Path: "/"})
		w.Header().Set("ETag", `"0"`)
		text := bytes.Repeat([]byte("<a>"), 10_000)
		for {
			if _, err := w.Write(text); err != nil {
				return true
			}
		}
	})
	c := newCarrier(t, s.plan(t), Options{})
	for first := range uint64(3) {
		ship(t, c, newParcel(s.plan(t), 1+10*first, 1, noon), destination.Delivered) // its status says so
	}
	if cookies > 0 {
		t.Errorf("%d requests brought cookies back", cookies)
	}
}

func TestS3Unreachable(t *testing.T) {
	s := newShop(t)
	plan := s.plan(t)
	c := newCarrier(t, plan, Options{})
	s.Close()
	if v := ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry); v.Status != 0 || !strings.Contains(v.Reason, "refused") || strings.Contains(v.Reason, "secret") {
		t.Errorf("%+v", v)
	}
}

// TestS3Export: a day that ended while the relay was down is one object.
func TestS3Export(t *testing.T) {
	s, dir, now := newShop(t), t.TempDir(), noon
	plan := s.plan(t, "every", "daily", "columns", "When=time,uniqueId", "prefix", "exports")
	clock := func() time.Time { return now }
	o := Options{Webhook: "product", Dir: dir, Logger: quiet, Now: clock}
	c, err := New(plan, o)
	if err != nil {
		t.Fatal(err)
	}
	one, two := newParcel(plan, 1, 30, noon), newParcel(plan, 100, 30, noon.Add(time.Hour))
	ship(t, c, one, destination.Delivered)
	ship(t, c, two, destination.Delivered)
	shut(t, c)
	now = noon.Add(14*time.Hour + time.Minute)
	if c, err = New(plan, o); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); len(s.objects(t)) == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	shut(t, c)
	got := s.objects(t)
	for key, packed := range got {
		if ids := rowIDs(t, key, unpack(t, key, packed)); len(got) != 1 || len(ids) != 60 || !strings.HasPrefix(key, "exports/product-") {
			t.Errorf("%d objects, %s has %d rows", len(got), key, len(ids))
		}
	}
	if len(got) == 0 {
		t.Error("nothing was shipped")
	}
}

// banned is the error of a dialer that lets a webhook reach public addresses only.
type banned struct{}

func (banned) Error() string { return "private" }

func (banned) PrivateAddress() string { return "10.0.0.1:443" }

// TestBanned: an address that the webhook may not reach turns it off, and nothing is lost.
func TestBanned(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: banned{}}
	}
	s := newShop(t)
	plans := []*destination.Plan{s.plan(t), newDepot(t, nil).plan(t)}
	for _, plan := range plans {
		v := ship(t, newCarrier(t, plan, Options{Dial: dial}), newParcel(plan, 1, 1, noon), destination.Off)
		if !strings.Contains(v.Reason, "the private address 10.0.0.1:443") {
			t.Errorf("%s: %q", plan.Type, v.Reason)
		}
	}
}

// TestS3MachineKeys: without keys of its own a webhook uses those of the environment, or of the container's role; where
// there are none it waits for some.
func TestS3MachineKeys(t *testing.T) {
	var role atomic.Pointer[string]
	container := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := role.Load()
		if text == nil {
			http.Error(w, "no role", http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, *text)
	}))
	t.Cleanup(container.Close)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.URL)

	s := newShop(t)
	plan := s.plan(t, "access_key", "", "secret_key", "")
	var header http.Header
	s.answer(func(_ http.ResponseWriter, r *http.Request) bool { header = r.Header.Clone(); return false })
	f := func(key, token string) {
		t.Helper()
		ship(t, newCarrier(t, plan, Options{}), newParcel(plan, 1, 1, noon), destination.Delivered)
		if got := header.Get("Authorization"); !strings.Contains(got, "Credential="+key+"/") || header.Get("X-Amz-Security-Token") != token {
			t.Errorf("%q, token %q, want the key %s", got, header.Get("X-Amz-Security-Token"), key)
		}
	}
	if v := ship(t, newCarrier(t, plan, Options{}), newParcel(plan, 1, 1, noon), destination.Retry); !v.Ours || !strings.Contains(v.Reason, "no credentials") {
		t.Errorf("without keys: %+v", v)
	}
	text := `{"AccessKeyId":"ROLEKEY","SecretAccessKey":"x","Token":"tok","Expiration":"2100-01-01T00:00:00Z"}`
	role.Store(&text)
	f("ROLEKEY", "tok")
	t.Setenv("AWS_ACCESS_KEY_ID", "ENVKEY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	f("ENVKEY", "")
}
