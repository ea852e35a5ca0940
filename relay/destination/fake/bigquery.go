package fake

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"
)

// BigQuery is a table of Google BigQuery behind tabledata.insertAll, and Google's token server. It takes rows for the
// table "events" of the dataset "edge" of the project "acme", from the service account whose key Credentials is.
type BigQuery struct {
	Desk
	Logins Logins
	// Refuse says why a row is not taken, as the reason of an insertError; "" takes it.
	Refuse func(row map[string]any) string

	key *rsa.PrivateKey
	mux *http.ServeMux
}

const bigQueryAccount = "relay@acme.iam.gserviceaccount.com"

// NewBigQuery makes one. now is nil for the machine's clock.
func NewBigQuery(now func() time.Time) *BigQuery {
	if now == nil {
		now = time.Now
	}
	b := &BigQuery{key: Key(), mux: http.NewServeMux()}
	b.Logins.now = now
	b.mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { b.Logins.Serve(w, r, b.login) })
	b.mux.HandleFunc("POST /bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}/insertAll", func(w http.ResponseWriter, r *http.Request) {
		b.Serve(w, r, b.insert)
	})
	return b
}

// Credentials is the service account's key file; url is where the fake listens.
func (b *BigQuery) Credentials(url string) string {
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "acme", "private_key_id": "key-1", "private_key": PEM(b.key),
		"client_email": bigQueryAccount, "token_uri": url + "/token",
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (b *BigQuery) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// answerValue answers with a status and a value as JSON, indented as Google does.
func answerValue(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(value)
}

func (b *BigQuery) login(w http.ResponseWriter, r *http.Request) {
	refuse := func(why string) {
		b.Logins.Broke("%s", why)
		answerValue(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": why})
	}
	if r.PostFormValue("grant_type") != grantJWT {
		refuse("Invalid grant_type")
		return
	}
	claims, err := b.Logins.verify(r.PostFormValue("assertion"), &b.key.PublicKey)
	if err != nil {
		refuse("Invalid JWT: " + err.Error())
		return
	}
	if claims["iss"] != bigQueryAccount || claims["aud"] != "http://"+r.Host+"/token" || claims["scope"] != "https://www.googleapis.com/auth/bigquery.insertdata" {
		refuse(fmt.Sprintf("Invalid claims: %v", claims))
		return
	}
	answerValue(w, http.StatusOK, map[string]any{"access_token": b.Logins.issue(), "expires_in": 3600, "token_type": "Bearer"})
}

// refuse answers with an error as Google's APIs do.
func (b *BigQuery) refuse(w http.ResponseWriter, status int, reason, message string) {
	b.Broke("%d %s: %s", status, reason, message)
	answerValue(w, status, map[string]any{"error": map[string]any{
		"code": status, "message": message, "errors": []any{map[string]string{"message": message, "domain": "global", "reason": reason}},
	}})
}

func (b *BigQuery) insert(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	switch {
	case err != nil:
		b.refuse(w, 400, "badRequest", err.Error())
		return
	case !b.Logins.knows(r):
		answerValue(w, 401, map[string]any{"error": map[string]any{"code": 401, "message": "Invalid Credentials", "status": "UNAUTHENTICATED"}})
		return
	case r.PathValue("project") != "acme" || r.PathValue("dataset") != "edge" || r.PathValue("table") != "events":
		b.refuse(w, 404, "notFound", "Not found: Table "+r.PathValue("project")+":"+r.PathValue("dataset")+"."+r.PathValue("table"))
		return
	case r.Header.Get("Content-Type") != "application/json":
		b.refuse(w, 400, "badRequest", "the content type is "+r.Header.Get("Content-Type"))
		return
	case len(body) > 10_000_000:
		b.refuse(w, 413, "uploadTooLarge", "Request payload size exceeds the limit: 10485760 bytes.")
		return
	}
	var request struct {
		SkipInvalidRows     bool `json:"skipInvalidRows"`
		IgnoreUnknownValues bool `json:"ignoreUnknownValues"`
		Rows                []struct {
			InsertID string         `json:"insertId"`
			JSON     map[string]any `json:"json"`
		} `json:"rows"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&request); err != nil || d.More() || len(request.Rows) == 0 {
		b.refuse(w, 400, "invalid", fmt.Sprintf("Invalid JSON payload received: %v", err))
		return
	}
	if len(request.Rows) > 500 || !request.SkipInvalidRows {
		b.Broke("%d rows, skipInvalidRows %t", len(request.Rows), request.SkipInvalidRows)
	}
	var errs []any
	for i, row := range request.Rows {
		reason, message := b.check(row.InsertID, row.JSON, request.IgnoreUnknownValues)
		if reason != "" {
			errs = append(errs, map[string]any{"index": i, "errors": []any{map[string]string{"reason": reason, "location": "", "debugInfo": "", "message": message}}})
			continue
		}
		if !b.Has(row.InsertID) { // within the minute in which it remembers, it takes a repeat and stores nothing
			b.Take(row.InsertID)
		}
	}
	answer := map[string]any{"kind": "bigquery#tableDataInsertAllResponse"}
	if errs != nil {
		answer["insertErrors"] = errs
	}
	answerValue(w, http.StatusOK, answer)
}

// column is the type of each of the documented table's columns.
func column(name string) string {
	switch name {
	case "occurred_at", "received_at":
		return "TIMESTAMP"
	case "ids":
		return "REPEATED"
	case "properties", "guide_properties", "nps", "poll_responses", "application", "subscription":
		return "JSON"
	case "unique_id", "event", "app", "visitor_id", "account_id", "url", "ip", "user_agent", "name", "source", "guide_id", "guide_name", "guide_step_id", "language":
		return "STRING"
	}
	return ""
}

// notNull are the columns that every row has.
var notNull = []string{"unique_id", "event", "occurred_at", "received_at"}

// microTime is a timestamp of at most microseconds, which is all that BigQuery keeps.
var microTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$`)

var errNoTime = errors.New("no timestamp")

var hexID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// check holds a row against the documented table.
func (b *BigQuery) check(id string, row map[string]any, ignoreUnknown bool) (reason, message string) {
	if b.Refuse != nil {
		if reason := b.Refuse(row); reason != "" {
			return reason, "as the test says"
		}
	}
	wrong := ""
	if !hexID.MatchString(id) || row["unique_id"] != id {
		wrong = fmt.Sprintf("insertId %q, unique_id %v", id, row["unique_id"])
	}
	for _, name := range notNull {
		if row[name] == nil {
			wrong = "Missing required field: " + name + "."
		}
	}
	for name, value := range row {
		text, isText := value.(string)
		list, isList := value.([]any)
		kind := column(name)
		var err error
		if kind == "TIMESTAMP" && !microTime.MatchString(text) {
			err = errNoTime
		} else if kind == "TIMESTAMP" {
			_, err = time.Parse(time.RFC3339Nano, text)
		}
		switch {
		case kind == "" && ignoreUnknown:
		case kind == "REPEATED" && isList && len(list) > 0:
		case isText && err == nil && kind != "" && kind != "REPEATED" && (kind != "JSON" || json.Valid([]byte(text))):
		default:
			wrong = fmt.Sprintf("%s %s: %v", kind, name, value)
		}
	}
	if wrong == "" {
		return "", ""
	}
	b.Broke("row %s: %s", id, wrong)
	return "invalid", wrong
}
