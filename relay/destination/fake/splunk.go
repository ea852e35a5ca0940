package fake

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
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

type splunkEvent struct {
	Time       *float64
	Source     string
	Sourcetype string
	Event      map[string]any
	Fields     map[string]string
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
	case s.channel != "" && r.Header.Get("X-Splunk-Request-Channel") == "":
		answerJSON(w, 400, `{"text":"Data channel is missing","code":10}`)
		return
	}
	body, err := Body(r)
	if err != nil || len(body) > 1_000_000 {
		s.Broke("%v, %d bytes", err, len(body))
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	d := json.NewDecoder(bytes.NewReader(body))
	for i := 0; ; i++ {
		var e splunkEvent
		err := d.Decode(&e)
		if err == io.EOF && i > 0 {
			break
		}
		text, code := "", 0
		switch {
		case err == io.EOF:
			text, code = "No data", 5
		case err != nil:
			text, code = "Invalid data format", 6
		case e.Event == nil:
			text, code = "Event field is required", 12
		}
		if _, refused := s.refused.Load(e.Fields["unique_id"]); refused {
			text, code = "Error in handling indexed fields", 15
		} else if code != 0 || e.Time == nil || e.Source == "" {
			s.Broke("event %d: %v, %+v", i, err, e)
		}
		if code != 0 {
			answerJSON(w, 400, `{"text":%q,"code":%d,"invalid-event-number":%d}`, text, code, i)
			return
		}
		s.Take(e.Fields["unique_id"])
	}
	if s.channel != "" {
		answerJSON(w, 200, `{"text":"Success","code":0,"ackId":7}`)
		return
	}
	answerJSON(w, 200, `{"text":"Success","code":0}`)
}
