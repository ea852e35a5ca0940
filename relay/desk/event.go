package desk

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// Event is one event as an operator sees it.
type Event struct {
	Seq      uint64          `json:"seq,omitempty"` // its number in the log
	Time     time.Time       `json:"time"`          // when it happened
	Received time.Time       `json:"received"`      // when the relay took it
	Event    string          `json:"event"`
	UniqueID string          `json:"unique_id"`
	App      string          `json:"app"`
	Visitor  string          `json:"visitor,omitempty"`
	Account  string          `json:"account,omitempty"`
	IDs      []string        `json:"ids,omitempty"`
	Name     string          `json:"name,omitempty"` // of the track event or the guide
	URL      string          `json:"url,omitempty"`
	Webhooks []string        `json:"webhooks,omitempty"` // who it was for when it came; those that are no more are left out
	Payload  json.RawMessage `json:"payload"`            // as the format pendo has it, with all IDs
}

// showEvent copies an event.
func showEvent(e *event.Event) Event {
	shown := Event{Time: time.UnixMilli(e.Time).UTC(), Received: time.UnixMilli(e.Received).UTC(), Event: e.Kind.String(),
		UniqueID: hex.EncodeToString(e.UniqueID[:]), App: string(e.AppName), Visitor: plain(e.Visitor), Account: plain(e.Account),
		Name: plain(e.Name), URL: plain(e.URL), IDs: ids(e), Payload: format.Pendo(nil, e, event.Note{All: true})}
	if e.Guide.Name != nil {
		shown.Name = plain(e.Guide.Name)
	}
	return shown
}

func ids(e *event.Event) []string {
	all := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		all[i] = plain(id)
	}
	return all
}
