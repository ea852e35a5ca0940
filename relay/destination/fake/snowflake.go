package fake

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Snowflake is an account with the table EVENTS in ANALYTICS.PUBLIC behind Snowpipe Streaming's elastic channel. Its user
// EDGE_RELAY has the key Key. The account's host and the one that takes rows are the same.
type Snowflake struct {
	Desk
	Logins Logins
	Plain  bool // answers with bare texts where JSON is documented, as the service does

	key *rsa.PrivateKey
	mux *http.ServeMux

	mu   sync.Mutex
	seen map[string]rowset // by requestId
}

// rowset is what is known of a request that came before.
type rowset struct {
	rows [32]byte
	last int // its retryCount
}

// NewSnowflake makes one. now is nil for the machine's clock.
func NewSnowflake(now func() time.Time) *Snowflake {
	if now == nil {
		now = time.Now
	}
	s := &Snowflake{key: Key(), mux: http.NewServeMux(), seen: map[string]rowset{}}
	s.Logins.now = now
	s.mux.HandleFunc("GET /v2/streaming/hostname", func(w http.ResponseWriter, r *http.Request) { s.Logins.Serve(w, r, s.hostname) })
	s.mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) { s.Logins.Serve(w, r, s.login) })
	s.mux.HandleFunc("POST /v2/streaming/data/databases/{database}/schemas/{schema}/tables/{table}/rows", func(w http.ResponseWriter, r *http.Request) {
		s.Serve(w, r, s.rows)
	})
	return s
}

// PrivateKey is the user's key in PEM.
func (s *Snowflake) PrivateKey() string { return PEM(s.key) }

func (s *Snowflake) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// refuse answers with an error as the API does.
func (s *Snowflake) refuse(w http.ResponseWriter, status int, code, message string) {
	s.Broke("%d %s: %s", status, code, message)
	answerValue(w, status, map[string]string{"code": code, "message": message})
}

// proven says that a request has a token of the user's that is signed with the key.
func (s *Snowflake) proven(w http.ResponseWriter, r *http.Request) bool {
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := s.Logins.verify(text, &s.key.PublicKey)
	public, _ := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	mark := sha256.Sum256(public)
	issuer := "MYORG-ACME.EDGE_RELAY.SHA256:" + base64.StdEncoding.EncodeToString(mark[:])
	if err == nil && claims["iss"] == issuer && claims["sub"] == "MYORG-ACME.EDGE_RELAY" && r.Header.Get("X-Snowflake-Authorization-Token-Type") == "KEYPAIR_JWT" {
		return true
	}
	s.Logins.Broke("no token of the user's: %v %v", err, claims)
	answerValue(w, 401, map[string]string{"code": "390144", "message": "JWT token is invalid."})
	return false
}

func (s *Snowflake) hostname(w http.ResponseWriter, r *http.Request) {
	if s.proven(w, r) {
		s.answer(w, "hostname", r.Host)
	}
}

func (s *Snowflake) login(w http.ResponseWriter, r *http.Request) {
	if !s.proven(w, r) {
		return
	}
	if r.PostFormValue("grant_type") != grantJWT || r.PostFormValue("scope") != r.Host {
		s.Logins.Broke("the form %v", r.PostForm)
		answerValue(w, 400, map[string]string{"error": "invalid_request"})
		return
	}
	s.answer(w, "token", s.Logins.issue())
}

func (s *Snowflake) answer(w http.ResponseWriter, name, value string) {
	if s.Plain {
		_, _ = io.WriteString(w, value+"\n")
		return
	}
	answerValue(w, http.StatusOK, map[string]string{name: value})
}

func (s *Snowflake) rows(w http.ResponseWriter, r *http.Request) {
	wire, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	switch {
	case err != nil:
		s.refuse(w, 400, "BAD_REQUEST", err.Error())
		return
	case !s.Logins.knows(r):
		answerValue(w, 401, map[string]string{"code": "390303", "message": "Invalid OAuth access token."})
		return
	case !strings.EqualFold(r.PathValue("database")+"."+r.PathValue("schema")+"."+r.PathValue("table"), "ANALYTICS.PUBLIC.EVENTS"):
		s.refuse(w, 404, "ERR_TABLE_DOES_NOT_EXIST_NOT_AUTHORIZED", "The supplied table does not exist or is not authorized")
		return
	case r.Header.Get("Content-Type") != "application/x-ndjson":
		s.refuse(w, 415, "UNSUPPORTED_MEDIA_TYPE", "the content type is "+r.Header.Get("Content-Type"))
		return
	case len(wire) > 4_000_000:
		s.refuse(w, 413, "PAYLOAD_TOO_LARGE", fmt.Sprintf("%d bytes", len(wire)))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(wire))
	body, err := Body(r)
	if err != nil {
		s.refuse(w, 400, "BAD_ENCODING", err.Error())
		return
	}
	if s.follow(w, r, body) && s.take(w, body) {
		answerValue(w, http.StatusOK, map[string]string{"message": "OK"})
	}
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// follow holds the rules of requestId and retryCount: the same rows under the same one, and the count goes up.
func (s *Snowflake) follow(w http.ResponseWriter, r *http.Request, body []byte) bool {
	query := r.URL.Query()
	id := query.Get("requestId")
	count, err := strconv.Atoi(query.Get("retryCount"))
	s.mu.Lock()
	before, known := s.seen[id]
	s.seen[id] = rowset{sha256.Sum256(body), count}
	s.mu.Unlock()
	switch {
	case !uuid.MatchString(id) || err != nil || count < 0 || len(query) != 2: // offset and continuation tokens are of named channels
		s.refuse(w, 400, "BAD_REQUEST", "the query "+r.URL.RawQuery)
		return false
	case known && (before.rows != sha256.Sum256(body) || before.last >= count):
		s.Broke("request %s has other rows or the same count %d after %d", id, count, before.last)
	}
	return true
}

// take reads the rows. Those that are no objects spoil the request; those that do not fit go to the error table, of which
// the sender learns nothing.
func (s *Snowflake) take(w http.ResponseWriter, body []byte) bool {
	lines := bytes.SplitAfter(body, []byte("\n"))
	if len(lines) < 2 || len(lines[len(lines)-1]) > 0 {
		s.refuse(w, 400, "INVALID_NDJSON", "the last line does not end")
		return false
	}
	var ids []string
	for _, line := range lines[:len(lines)-1] {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil || row == nil {
			s.refuse(w, 400, "INVALID_NDJSON", fmt.Sprintf("%v in %.200s", err, line))
			return false
		}
		id, wrong := misfit(row)
		if wrong != "" { // such a row goes to the error table, and the sender hears nothing of it
			s.Broke("%s in %.300s", wrong, line)
			continue
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		s.Take(id)
	}
	return true
}

// misfit says what of a row does not fit the documented table, which has BigQuery's columns. What is JSON there is VARIANT here,
// and goes in as it is, not as a text that holds it.
func misfit(row map[string]any) (id, wrong string) {
	for _, name := range notNull {
		if row[name] == nil {
			return "", "no " + name
		}
	}
	for name, value := range row {
		text, isText := value.(string)
		_, isList := value.([]any)
		_, isObject := value.(map[string]any)
		_, err := time.Parse(time.RFC3339Nano, text)
		switch kind := column(name); {
		case kind == "STRING" && isText, kind == "TIMESTAMP" && isText && err == nil, kind == "REPEATED" && isList, kind == "JSON" && (isObject || isList):
		default:
			return "", fmt.Sprintf("%s %s: %v", kind, name, value)
		}
	}
	if id, _ = row["unique_id"].(string); !hexID.MatchString(id) {
		return "", "unique_id " + id
	}
	return id, ""
}
