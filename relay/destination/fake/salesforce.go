package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Salesforce is an org: the token endpoint of the client credentials flow, and sObject Collections for one object with the
// fields that records have by default. It books a record by Event_Id__c.
type Salesforce struct {
	Desk
	client, secret, object string
	// Life is how many requests a token is good for; 0: any number.
	Life int
	// Unique has the org refuse an Event_Id__c that it has, as a unique field does.
	Unique bool
	// Refuse is a visitor whose records a validation rule refuses.
	Refuse string
	// Locked is how many of the next records find their row locked.
	Locked int

	mu     sync.Mutex
	tokens int
	used   int // requests with the newest token
}

// NewSalesforce makes an org with one object, a platform event when it ends in __e.
func NewSalesforce(client, secret, object string) *Salesforce {
	return &Salesforce{client: client, secret: secret, object: object}
}

// Tokens is how many tokens were given out.
func (s *Salesforce) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
}

// Expire ends the session of the newest token.
func (s *Salesforce) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = 1 << 30
}

var salesforcePath = regexp.MustCompile(`^/services/data/v[0-9]+\.0/composite/sobjects$`)

func (s *Salesforce) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Serve(w, r, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/services/oauth2/token":
			s.grant(w, r)
		case r.Method == http.MethodPost && salesforcePath.MatchString(r.URL.Path):
			s.create(w, r)
		default:
			s.refuse(w, 404, "NOT_FOUND", "The requested resource does not exist")
		}
	})
}

func (s *Salesforce) grant(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "client_credentials" {
		s.Broke("grant_type %q", r.PostForm.Get("grant_type"))
		answerJSON(w, 400, `{"error":"unsupported_grant_type","error_description":"grant type not supported"}`)
		return
	}
	if r.PostForm.Get("client_id") != s.client || r.PostForm.Get("client_secret") != s.secret {
		answerJSON(w, 400, `{"error":"invalid_client","error_description":"invalid client credentials"}`)
		return
	}
	s.mu.Lock()
	s.tokens++
	s.used = 0
	n := s.tokens
	s.mu.Unlock()
	answerJSON(w, 200, `{"access_token":"00D!session.%d","signature":"x=","instance_url":"https://%s","id":"x","token_type":"Bearer","issued_at":"1700000000000"}`, n, r.Host)
}

// session says whether the request has the newest token, and counts it.
func (s *Salesforce) session(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used++
	return r.Header.Get("Authorization") == fmt.Sprintf("Bearer 00D!session.%d", s.tokens) && (s.Life == 0 || s.used <= s.Life) && s.used < 1<<30
}

type salesforceRecord struct {
	Attributes struct {
		Type string `json:"type"`
	} `json:"attributes"`
	EventID    string     `json:"Event_Id__c"`
	Event      string     `json:"Event__c"`
	Visitor    string     `json:"Visitor_Id__c"`
	Account    string     `json:"Account_Id__c"`
	OccurredAt *time.Time `json:"Occurred_At__c"`
	Payload    string     `json:"Payload__c"`
}

// tooLong is the first field that holds more than the README makes it for, in characters; "" when all fit.
func (one *salesforceRecord) tooLong() string {
	for _, field := range []struct {
		name, text string
		most       int
	}{
		{"Event_Id__c", one.EventID, 40}, {"Event__c", one.Event, 80}, {"Visitor_Id__c", one.Visitor, 255},
		{"Account_Id__c", one.Account, 255}, {"Payload__c", one.Payload, 131072},
	} {
		if len(utf16.Encode([]rune(field.text))) > field.most {
			return field.name
		}
	}
	return ""
}

func (s *Salesforce) create(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r)
	var in struct {
		AllOrNone *bool              `json:"allOrNone"`
		Records   []salesforceRecord `json:"records"`
	}
	switch {
	case err != nil:
		return
	case !s.session(r):
		answerJSON(w, 401, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`)
		return
	case r.Header.Get("Content-Type") != "application/json":
		s.refuse(w, 415, "UNSUPPORTED_MEDIA_TYPE", r.Header.Get("Content-Type"))
		return
	case !json.Valid(body) || !utf8.Valid(body):
		s.refuse(w, 400, "JSON_PARSER_ERROR", "no JSON")
		return
	case strictJSON(body, &in) != nil: // it names the field, as Salesforce does: No such column 'X__c' on sobject of type Y
		s.refuse(w, 400, "INVALID_FIELD", strictJSON(body, &in).Error())
		return
	case len(in.Records) > 200:
		s.refuse(w, 400, "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call")
		return
	case len(in.Records) == 0 || in.AllOrNone == nil || *in.AllOrNone:
		s.refuse(w, 400, "INVALID_INPUT", fmt.Sprintf("%d records", len(in.Records)))
		return
	}
	for _, one := range in.Records {
		if one.Attributes.Type != s.object {
			s.refuse(w, 400, "INVALID_TYPE", "sObject type '"+one.Attributes.Type+"' is not supported.")
			return
		}
	}
	results := make([]string, len(in.Records))
	for i := range in.Records {
		results[i] = s.save(&in.Records[i])
	}
	answerJSON(w, 200, "[%s]", strings.Join(results, ","))
}

// save saves one record and returns its result.
func (s *Salesforce) save(one *salesforceRecord) string {
	failed := func(code, message, fields string) string {
		return fmt.Sprintf(`{"success":false,"errors":[{"statusCode":"%s","message":"%s","fields":[%s]}]}`, code, message, fields)
	}
	s.mu.Lock()
	locked := s.Locked > 0
	if locked {
		s.Locked--
	}
	s.mu.Unlock()
	switch {
	case len(one.EventID) != 40 || one.Event == "" || one.OccurredAt == nil || !json.Valid([]byte(one.Payload)):
		s.Broke("record %+v", *one)
		return failed("REQUIRED_FIELD_MISSING", "Required fields are missing", `"Event_Id__c"`)
	case one.tooLong() != "":
		return failed("STRING_TOO_LONG", "data value too large (max length)", `"`+one.tooLong()+`"`)
	case locked:
		return failed("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", "")
	case s.Refuse != "" && one.Visitor == s.Refuse:
		return failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not this visitor", "")
	case s.Unique && s.Has(one.EventID):
		return failed("DUPLICATE_VALUE", "duplicate value found: Event_Id__c duplicates value on record with id: a0B", "")
	}
	s.Take(one.EventID)
	if strings.HasSuffix(s.object, "__e") {
		return `{"id":"e01xx0000000001AAA","success":true,"errors":[{"statusCode":"OPERATION_ENQUEUED","message":"b4a3","fields":[]}]}`
	}
	return `{"id":"a0Bxx0000000001AAA","success":true,"errors":[]}`
}

func (s *Salesforce) refuse(w http.ResponseWriter, status int, code, message string) {
	s.Broke("%d %s %s", status, code, message)
	text, _ := json.Marshal(message)
	answerJSON(w, status, `[{"message":%s,"errorCode":"%s"}]`, text, code)
}

// strictJSON reads JSON and finds a field that is not known, as an object without it would.
func strictJSON(body []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
