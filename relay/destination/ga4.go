package destination

import (
	"edgerelay/relay/format"
)

// ga4 is the Measurement Protocol of Google Analytics 4 (developers.google.com/analytics/devguides/collection/protocol/ga4).
// It answers 2xx to whatever arrives, also to what it throws away and to a wrong secret: what is wrong shows in its
// /debug/mp/collect only. Events that happened more than 72 hours before they arrive count as 72 hours old.
var ga4 = Type{
	Name: "ga4", Title: "Google Analytics 4",
	Single:  true,
	Regions: []string{"global", "eu"},
	Write:   "the data stream's API secret for the Measurement Protocol",
	Settings: []Setting{
		{Name: "measurement_id", Text: `the web stream's measurement ID, "G-…"`},
		{Name: "firebase_app_id", Text: "an app stream's Firebase app ID, in place of measurement_id"},
		onTimeout("drop"),
	},
	Plan: planGA4,
}

// planGA4 sends one event a request, for a request is about one user. The secret stands in the URL, where Google wants it:
// all that shows or logs a URL masks it by its name.
func planGA4(s *Settings, fault func(field, text string, args ...any)) *Plan {
	host := "https://www.google-analytics.com"
	if s.Region == "eu" {
		host = "https://region1.google-analytics.com"
	}
	u := endpoint(host+"/mp/collect", s, fault)
	query := u.Query()
	encode := format.GA4
	switch web, app := s.Of("measurement_id"), s.Of("firebase_app_id"); {
	case web != "" && app != "":
		fault("settings.firebase_app_id", "is one too many beside measurement_id: a webhook sends to one stream; leave one of them out")
	case app != "":
		encode = format.GA4App
		query.Set("firebase_app_id", app)
	case web != "":
		query.Set("measurement_id", web)
	default:
		fault("settings.measurement_id", `is missing; it is the web stream's measurement ID, "G-…", in Google Analytics under Admin, Data streams`)
	}
	query.Set("api_secret", s.WriteKey)
	u.RawQuery = query.Encode()
	return &Plan{
		URL:    u,
		Header: []Header{{"Content-Type", "application/json"}},
		Once:   once(s),
		Body:   Body{Item: encode},
		Batch:  Batch{Count: 1, Bytes: 128_000, Item: 128_000},
		Judge:  onlyOnce(once(s), judgeReply),
	}
}
