package destination

import (
	"encoding/json"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// mixpanel is Mixpanel's import API in its strict way (docs.mixpanel.com: "Import Events", "400 Bad Request").
var mixpanel = Type{
	Name: "mixpanel", Title: "Mixpanel",
	Regions: []string{"us", "eu", "in"},
	Write:   "the project's token",
	Settings: []Setting{
		{Name: "project_id", Text: "the project's number, which a service account needs"},
		{Name: "service_account", Text: "the user name of a service account that imports in place of the token"},
		{Name: "service_secret", Text: "the service account's secret", Secret: true},
	},
	Plan: planMixpanel,
}

// planMixpanel stays below 2000 events and 2 MB a request: the documents say 10 MB, the errors that Mixpanel answers with 2.
func planMixpanel(s *Settings, fault func(field, text string, args ...any)) *Plan {
	host := map[string]string{"us": "api.mixpanel.com", "eu": "api-eu.mixpanel.com", "in": "api-in.mixpanel.com"}[s.Region]
	u := endpoint("https://"+host+"/import", s, fault)
	query := u.Query()
	query.Set("strict", "1")
	user, password := s.WriteKey, ""
	if account := s.Of("service_account"); account != "" {
		user, password = account, s.Of("service_secret")
		if password == "" {
			fault("settings.service_secret", "is missing; a service account has one, it was shown when the account was made")
		}
		if s.Of("project_id") == "" {
			fault("settings.project_id", "is missing; a service account may have several projects, see the project's settings in Mixpanel")
		}
	} else if s.Of("service_secret") != "" {
		fault("settings.service_account", "is missing; the secret is of no use without the account's name")
	}
	if id := s.Of("project_id"); id != "" {
		if strings.Trim(id, "0123456789") != "" {
			fault("settings.project_id", "%q is no number; see the project's settings in Mixpanel", id)
		}
		query.Set("project_id", id)
	}
	if strings.Contains(user, ":") {
		fault("settings.service_account", "has a colon in it; it is the name alone, and the secret goes into service_secret")
	}
	u.RawQuery = query.Encode()
	return &Plan{
		URL: u,
		Header: []Header{
			{"Content-Type", "application/x-ndjson"},
			{"Authorization", basic(user, password)},
		},
		Gzip:  true,
		Body:  Body{Between: "\n", Item: format.Mixpanel},
		Batch: Batch{Count: 2000, Bytes: 1_900_000, Item: 950_000, Age: time.Second},
		Judge: judgeMixpanel,
	}
}

// mixpanelReply is what Mixpanel says of a request of which it did not take all. The ID of an event is called one way in
// the text of its documents and another in its OpenAPI.
type mixpanelReply struct {
	Error    string `json:"error"`
	Imported *int   `json:"num_records_imported"`
	Failed   []struct {
		Index    *int   `json:"index"`
		ID       string `json:"$insert_id"`
		InsertID string `json:"insert_id"`
		Field    string `json:"field"`
		Message  string `json:"message"`
	} `json:"failed_records"`
}

// judgeMixpanel: a 400 took all events but those that it names. It is believed when its numbers add up to the batch; else
// parts are sent again, which Mixpanel does not count twice.
func judgeMixpanel(a *Answer) Verdict {
	v := judgeCounted(a, "num_records_imported")
	if a.Status != 400 {
		return v
	}
	var r mixpanelReply
	if json.Unmarshal(a.Body, &r) != nil {
		return v
	}
	v.Reason = because(a.Status, r.Error)
	each, failed := rulings(a.Count, Ruling{Outcome: Delivered}), 0
	var places map[string]int
	for _, one := range r.Failed {
		i := -1
		if one.Index != nil {
			i = *one.Index
		} else {
			if places == nil {
				places = insertIDs(a)
			}
			if at, sent := places[one.ID+one.InsertID]; sent {
				i = at
			}
		}
		if i >= 0 && i < a.Count && each[i].Outcome == Delivered {
			each[i] = Ruling{Outcome: Final, Reason: because(a.Status, one.Field+" "+one.Message)}
			failed++
		}
	}
	switch {
	case failed == 0 || r.Imported == nil || *r.Imported+failed != a.Count:
		return v
	case a.Count == 1:
		v.Outcome, v.Reason = Final, each[0].Reason
		return v
	case failed == a.Count:
		v.Outcome = Final
	default:
		v.Outcome = Delivered
	}
	v.Each = each
	return v
}

// insertIDs are the places in the batch by $insert_id; none when it is not known any more what was sent.
func insertIDs(a *Answer) map[string]int {
	places := map[string]int{}
	if a.Item == nil {
		return places
	}
	for i := range a.Count {
		id := event.AppendText(nil, event.Lookup(event.Lookup(a.Item(i), "properties"), "$insert_id"))
		places[string(id)] = i
	}
	return places
}
