package destination

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"edgerelay/relay/format"
)

// bigQuery is a table in Google BigQuery, which gets a row for each event through tabledata.insertAll
// (cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll). Package freight makes the requests, because
// they need a token that lives for an hour.
var bigQuery = Type{
	Name: "bigquery", Title: "Google BigQuery",
	Settings: []Setting{
		{Name: "credentials", Text: "the JSON key of a service account that may insert rows (roles/bigquery.dataEditor on the dataset)", Required: true, Secret: true, Lines: true},
		{Name: "project", Text: "the Google Cloud project; the key's own when not set"},
		{Name: "dataset", Text: "the dataset of the table", Required: true},
		{Name: "table", Text: "the table, which must exist", Required: true},
	},
	Plan: planBigQuery,
}

const (
	bigQueryEndpoint = "https://bigquery.googleapis.com/bigquery/v2/projects/%s/datasets/%s/tables/%s/insertAll"

	// A request holds up to 50,000 rows and 10 MB; Google advises 500 rows.
	bigQueryRows  = 500
	bigQueryBytes = 9_500_000
	bigQueryItem  = 9_000_000
	bigQueryAge   = 2 * time.Second
)

func planBigQuery(s *Settings, fault func(field, text string, args ...any)) *Plan {
	key, err := ReadServiceAccount(s.Of("credentials"))
	if err != nil {
		fault("settings.credentials", "%s", err)
	} else if s.Of("project") == "" {
		s.More["project"] = key.ProjectID
	}
	if project := s.Of("project"); err == nil && !plainName(project, "-.:") {
		fault("settings.project", `%q is no project's ID; write it like "my-project-123"`, project)
	}
	if dataset := s.Of("dataset"); !plainName(dataset, "_") {
		fault("settings.dataset", "%q is no dataset's name: letters, digits and _ alone, without the project", dataset)
	}
	if table := s.Of("table"); !plainName(table, "_-") {
		fault("settings.table", "%q is no table's name: letters, digits, _ and - alone, without the dataset", table)
	}
	address := fmt.Sprintf(bigQueryEndpoint, url.PathEscape(s.Of("project")), url.PathEscape(s.Of("dataset")), url.PathEscape(s.Of("table")))
	return &Plan{
		URL:     endpoint(address, s, fault),
		Place:   "bigquery://" + s.Of("project") + "/" + s.Of("dataset") + "/" + s.Of("table"),
		Header:  []Header{{"Content-Type", "application/json"}},
		Body:    Body{Open: `{"skipInvalidRows":true,"ignoreUnknownValues":true,"rows":[`, Between: `,`, Close: `]}`, Item: format.BigQuery},
		Batch:   Batch{Count: bigQueryRows, Bytes: bigQueryBytes, Item: bigQueryItem, Age: bigQueryAge},
		Judge:   judgeBigQuery,
		Carrier: true,
	}
}

// How long BigQuery wants to be left alone.
const (
	bigQueryPause   = 5 * time.Second  // too many requests a second
	bigQueryQuota   = 10 * time.Minute // a quota is used up (cloud.google.com/bigquery/docs/troubleshoot-quotas)
	bigQueryMissing = 3 * time.Minute  // a table that was just created is not there for everyone yet
)

// judgeBigQuery judges insertAll's replies. A 200 counts only when it is the documented object, and lists by index the rows
// that were not taken; the others were, because requests ask to skip invalid rows. A 403 may be about the pace.
func judgeBigQuery(a *Answer) Verdict {
	if a.fine() {
		return judgeInserted(a)
	}
	v := JudgeStatus(a)
	reason, message := googleError(a.Body)
	switch {
	case a.Status == 404:
		v.Outcome, v.After = Retry, bigQueryMissing
	case a.Status == 403 && reason == "rateLimitExceeded":
		v.Outcome, v.After = Retry, max(RetryAfter(a.Header("Retry-After"), a.Now), bigQueryPause)
	case a.Status == 403 && reason == "quotaExceeded":
		v.Outcome, v.After = Retry, max(RetryAfter(a.Header("Retry-After"), a.Now), bigQueryQuota)
	}
	if message != "" {
		v.Reason = because(a.Status, message)
	}
	return v
}

// googleError is what a Google API says of an error: {"error":{"errors":[{"reason":"…"}],"message":"…"}}.
func googleError(body []byte) (reason, message string) {
	var reply struct {
		Error struct {
			Message string
			Errors  []struct{ Reason string }
		}
	}
	if json.Unmarshal(body, &reply) != nil {
		return "", ""
	}
	if len(reply.Error.Errors) > 0 {
		reason = reply.Error.Errors[0].Reason
	}
	return reason, reply.Error.Message
}

// judgeInserted judges a 200. Nothing is looked for in the usual reply, {"kind":"bigquery#tableDataInsertAllResponse"},
// beyond what shows that it is one.
func judgeInserted(a *Answer) Verdict {
	body := bytes.TrimLeft(a.Body, " \t\r\n")
	whole := len(body) > 0 && body[0] == '{' && json.Valid(body)
	if whole && bytes.Contains(body, []byte("bigquery#tableDataInsertAllResponse")) && !bytes.Contains(body, []byte("rror")) && !bytes.Contains(body, []byte(`\`)) {
		return Verdict{Outcome: Delivered, Status: a.Status}
	}
	named, complete := insertErrors(body, a.Count)
	v := Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, doubtKnown)}
	switch complete = complete && whole; {
	case complete:
		return gather(a, named, Ruling{})
	case len(named) == 0:
		return v
	}
	return gather(a, named, Ruling{Outcome: Retry, Reason: v.Reason})
}

// gather is the verdict of rulings by index and of one for all others.
func gather(a *Answer, named map[int]Ruling, rest Ruling) Verdict {
	if len(named) == 0 && rest.Outcome == Delivered {
		return Verdict{Outcome: Delivered, Status: a.Status}
	}
	v := Verdict{Outcome: Final, Status: a.Status, Each: slices.Repeat([]Ruling{rest}, max(a.Count, 0))}
	for i, r := range named {
		v.Each[i] = r
	}
	for _, r := range v.Each {
		switch {
		case r.Outcome == Delivered:
			v.Outcome, v.Reason = Delivered, ""
			return v
		case r.Outcome == Retry && v.Outcome == Final:
			v.Outcome, v.Reason, v.After = Retry, r.Reason, r.After
		case v.Reason == "":
			v.Reason = r.Reason
		}
	}
	return v
}

// insertErrors reads the rulings of {"insertErrors":[{"index":0,"errors":[{"reason","location","message"}]}]} as far as
// body goes. It is not complete when something in it cannot be told: a body that was cut off, a row that was not sent.
func insertErrors(body []byte, count int) (named map[int]Ruling, complete bool) {
	named, complete = map[int]Ruling{}, true
	d := json.NewDecoder(bytes.NewReader(body))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return named, false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return named, false
		}
		var skipped json.RawMessage
		switch {
		case key == "insertErrors":
			complete = readInsertErrors(d, count, named) && complete
		case key != "kind" || d.Decode(&skipped) != nil: // somebody else's reply, or an error
			return named, false
		}
		if !complete {
			return named, false
		}
	}
	return named, complete
}

// readInsertErrors reads the array. It answers false when the rows that it did not name may be among those not taken.
func readInsertErrors(d *json.Decoder, count int, named map[int]Ruling) bool {
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return err == nil && token == nil // null is none
	}
	known := true
	for d.More() {
		var row struct {
			Index  *int
			Errors []rowError
		}
		if d.Decode(&row) != nil {
			return false
		}
		if row.Index == nil || *row.Index < 0 || *row.Index >= count {
			known = false
			continue
		}
		if before, twice := named[*row.Index]; !twice || before.Outcome != Final {
			named[*row.Index] = judgeRow(row.Errors)
		}
	}
	_, err := d.Token()
	return known && err == nil
}

// rowError is why BigQuery did not take a row.
type rowError struct{ Reason, Location, Message string }

// judgeRow rules on one row: one that is wrong by itself stays wrong, all other reasons pass ("stopped" because of another
// row, "timeout", "backendError", "internalError").
func judgeRow(errs []rowError) Ruling {
	r := Ruling{Outcome: Retry, Reason: because(200, "the row was not taken")}
	for i, e := range errs {
		text := because(200, fmt.Sprintf("the row was not taken: %s %s %s", e.Reason, e.Location, e.Message))
		if i == 0 {
			r.Reason = text
		}
		switch e.Reason {
		case "invalid":
			return Ruling{Outcome: Final, Reason: text}
		case "rateLimitExceeded":
			r.After = max(r.After, bigQueryPause)
		case "quotaExceeded":
			r.After = max(r.After, bigQueryQuota)
		}
	}
	return r
}
