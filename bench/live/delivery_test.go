package live

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// delivery is the body of a webhook as a receiver reads it (seed 000).
type delivery struct {
	App        struct{ Name string }
	Event      string
	VisitorID  string
	AccountID  string
	UserAgent  string
	UniqueID   string
	Timestamp  int64 // Unix seconds
	Properties struct {
		Name            string
		Source          string
		EventProperties map[string]any
		IDs             []string
		Metadata        map[string]map[string]any
		BrowserName     string

		GuideID, GuideStepID string
		GuideProperties      struct{ Name string }
		NPS                  *struct {
			Rating json.Number
			Reason string
		}
		PollResponses []struct {
			PollID   string
			Response any
		}
	}
}

// line is all of a delivery that a test can foresee, in one line:
//
//	featureClicked ada@acme export
//	trackEventReceived ada@acme "Exported" (web) {"rows":3}
//	visitorMetadataUpdated ada@acme {"agent":{"role":"admin"}}
//	npsSubmitted ada@acme survey/ask Survey 9 "Keep going!"
func (d *delivery) line() string {
	p := &d.Properties
	parts := []string{d.Event, d.VisitorID + "@" + d.AccountID}
	if p.Name != "" {
		parts = append(parts, fmt.Sprintf("%q (%s)", p.Name, p.Source))
	} else {
		parts = append(parts, p.IDs...)
	}
	if p.GuideID != "" {
		parts = append(parts, p.GuideID+"/"+p.GuideStepID, p.GuideProperties.Name)
	}
	if p.NPS != nil {
		parts = append(parts, fmt.Sprintf("%s %q", p.NPS.Rating, p.NPS.Reason))
	}
	for _, answer := range p.PollResponses {
		parts = append(parts, fmt.Sprintf("%s=%v", answer.PollID, answer.Response))
	}
	if len(p.EventProperties) > 0 {
		parts = append(parts, printed(p.EventProperties))
	}
	if len(p.Metadata) > 0 {
		parts = append(parts, printed(p.Metadata))
	}
	if p.BrowserName != "" {
		parts = append(parts, p.BrowserName)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// printed is v as JSON with sorted keys.
func printed(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, and what came from JSON
	}
	return string(text)
}
