package fake

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"sync"
)

// Splunk is a fake of Splunk's HTTP Event Collector. It indexes events up to the first that is wrong, and counts repeats.
type Splunk struct {
	Desk
	token   string
	channel string

	refused sync.Map // unique_id → true
}

// NewSplunk is a fake that takes this token.
func NewSplunk(token string) *Splunk { return &Splunk{token: token} }

// NewSplunkAck is a fake whose token has indexer acknowledgment, and so wants to have a channel.
func NewSplunkAck(token, channel string) *Splunk { return &Splunk{token: token, channel: channel} }

// Refuse has an event be wrong, by its unique_id.
func (s *Splunk) Refuse(id string) { s.refused.Store(id, true) }

// ServeHTTP implements http.Handler.
func (s *Splunk) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.collect) }

// splunkEvent is an event's frame. Members of other names are nobody's, so the relay must send none.
type splunkEvent struct {
	Time       json.RawMessage `json:"time"`
	Host       string          `json:"host"`
	Source     string          `json:"source"`
	Sourcetype string          `json:"sourcetype"`
	Index      string          `json:"index"`
	Event      json.RawMessage `json:"event"`
	Fields     json.RawMessage `json:"fields"`
}

var (
	guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	// splunkTime is seconds: Splunk takes no exponent.
	splunkTime = regexp.MustCompile(`^\d+(\.\d+)?$`)
)

// check looks at one event as Splunk does, and answers with its text and code; 0 is fine. Fields are texts, or lists of them.
func (e *splunkEvent) check() (id, text string, code int) {
	var fields map[string]string
	blank := bytes.Trim(e.Event, "\" \t\r\n")
	switch {
	case len(e.Event) == 0 || string(e.Event) == "null":
		return "", "Event field is required", 12
	case len(blank) == 0:
		return "", "Event field cannot be blank", 13
	case len(e.Time) > 0 && !splunkTime.Match(e.Time), json.Unmarshal(e.Fields, &fields) != nil:
		return "", "Error in handling indexed fields", 15
	}
	return fields["unique_id"], "", 0
}

func (s *Splunk) collect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/services/collector/event" {
		s.Broke("%s %s", r.Method, r.URL.Path)
	}
	switch {
	case r.Header.Get("Authorization") == "":
		answerJSON(w, 401, `{"text":"Token is required","code":2}`)
		return
	case r.Header.Get("Authorization") != "Splunk "+s.token:
		answerJSON(w, 403, `{"text":"Invalid token","code":4}`)
		return
	}
	channel := r.Header.Get("X-Splunk-Request-Channel")
	switch {
	case channel == "" && s.channel != "":
		answerJSON(w, 400, `{"text":"Data channel is missing","code":10}`)
		return
	case channel != "" && !guid.MatchString(channel):
		answerJSON(w, 400, `{"text":"Invalid data channel","code":11}`)
		return
	}
	body, err := Body(r)
	if err != nil || len(body) > 1_000_000 {
		s.Broke("%v, %d bytes", err, len(body))
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if !s.index(w, body) {
		return
	}
	if s.channel != "" {
		answerJSON(w, 200, `{"text":"Success","code":0,"ackId":7}`)
		return
	}
	answerJSON(w, 200, `{"text":"Success","code":0}`)
}

// index takes events one after the other up to the first that is wrong, which it answers.
func (s *Splunk) index(w http.ResponseWriter, body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	for i := 0; ; i++ {
		var e splunkEvent
		err := d.Decode(&e)
		if err == io.EOF && i > 0 {
			return true
		}
		id, text, code := "", "", 0
		switch {
		case err == io.EOF:
			answerJSON(w, 400, `{"text":"No data","code":5}`)
			return false
		case err != nil:
			text, code = "Invalid data format", 6
		default:
			id, text, code = e.check()
		}
		if _, refused := s.refused.Load(id); refused {
			text, code = "Error in handling indexed fields", 15
		} else if code != 0 || len(e.Time) == 0 || e.Source == "" || e.Sourcetype == "" || !hexID.MatchString(id) {
			s.Broke("event %d: %v, %d %s in %.300s", i, err, code, text, e.Event)
		}
		if code != 0 {
			answerJSON(w, 400, `{"text":%q,"code":%d,"invalid-event-number":%d}`, text, code, i)
			return false
		}
		s.Take(id)
	}
}
