package destination

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// amplitude is Amplitude's HTTP V2 API, or its Batch Event Upload for those who send much of one user (amplitude.com/docs:
// "HTTP V2 API", "Batch and retry HTTP V2 API requests", "Batch Event Upload").
var amplitude = Type{
	Name: "amplitude", Title: "Amplitude",
	Regions: []string{"us", "eu"},
	Write:   "the project's API key",
	Settings: []Setting{
		{Name: "endpoint", Text: "which of Amplitude's APIs takes the events: batch takes more events of one user, and shows them later",
			Default: "httpapi", Choices: []string{"httpapi", "batch"}},
	},
	Plan: planAmplitude,
}

// planAmplitude stays below 1 MB and 2000 events a request. Amplitude's Starter plan takes 100 requests and 1000 events a
// second and asks for about ten events each: those who have it set batch_events to 10. A request of 100 waits a second at
// most, and is small enough that one hot user throttles few others.
func planAmplitude(s *Settings, fault func(field, text string, args ...any)) *Plan {
	host := "https://api2.amplitude.com"
	if s.Region == "eu" {
		host = "https://api.eu.amplitude.com"
	}
	path, batch := "/2/httpapi", Batch{Count: 100, Bytes: 900_000, Item: 900_000, Age: time.Second}
	if s.Of("endpoint") == "batch" {
		path, batch = "/batch", Batch{Count: 1000, Bytes: 4_000_000, Item: 900_000, Age: 5 * time.Second}
	}
	key := event.AppendString(nil, s.WriteKey)
	return &Plan{
		URL:    endpoint(host+path, s, fault),
		Header: []Header{{"Content-Type", "application/json"}},
		Body: Body{
			Open:    `{"api_key":` + string(key) + `,"options":{"min_id_length":1},"events":[`,
			Between: ",", Close: "]}", Item: format.Amplitude,
		},
		Batch: batch,
		Judge: judgeAmplitude,
	}
}

// amplitudeReply is what Amplitude says of a request that it did not take.
type amplitudeReply struct {
	Error   string          `json:"error"`
	Missing string          `json:"missing_field"`
	Fields  json.RawMessage `json:"events_with_invalid_fields"` // these: indexes by the field that is wrong
	Absent  json.RawMessage `json:"events_with_missing_fields"`
	Lengths json.RawMessage `json:"events_with_invalid_id_lengths"`

	Silenced  json.RawMessage `json:"silenced_events"` // these: indexes
	Throttled json.RawMessage `json:"throttled_events"`

	QuotaUsers   map[string]json.RawMessage `json:"exceeded_daily_quota_users"`
	QuotaDevices map[string]json.RawMessage `json:"exceeded_daily_quota_devices"`
}

// invalidKey is how Amplitude's error begins when there is no project with the key.
const invalidKey = "Invalid API key"

// throttlePause is how long Amplitude wants throttled users to be left alone.
const throttlePause = 30 * time.Second

// judgeAmplitude: a request is taken as a whole or not at all. What a 400 names is given up and the rest sent again at
// once. What a 429 names waits, unless its user has had its share of the day; the rest is sent again at once.
func judgeAmplitude(a *Answer) Verdict {
	v := judgeCounted(a, "events_ingested")
	if a.Status != 400 && a.Status != 429 {
		return v
	}
	var r amplitudeReply
	if json.Unmarshal(a.Body, &r) == nil {
		v.Reason = because(a.Status, strings.TrimSpace(r.Error+" "+r.Missing))
	} else {
		r = amplitudeReply{}
	}
	switch {
	case a.Status == 429:
		return r.throttle(a, v)
	case strings.HasPrefix(r.Error, invalidKey): // and the key, which must not get into a reason
		v.Outcome, v.Reason = Off, because(a.Status, invalidKey)
		return v
	}
	return r.refuse(a, v)
}

// refuse is the verdict of a 400.
func (r *amplitudeReply) refuse(a *Answer, v Verdict) Verdict {
	each, named := rulings(a.Count, Ruling{Outcome: Split, Reason: "sent again without those that Amplitude refuses"}), 0
	final := func(i int, what, field string) {
		if i >= 0 && i < len(each) && each[i].Outcome != Final {
			each[i] = Ruling{Outcome: Final, Reason: because(a.Status, strings.TrimSpace(what+" "+field))}
			named++
		}
	}
	eachIndex(r.Absent, func(i int, field string) { final(i, "missing", field) })
	eachIndex(r.Fields, func(i int, field string) { final(i, "invalid", field) })
	eachIndex(r.Lengths, func(i int, field string) { final(i, "too short or too long", field) })
	eachIndex(r.Silenced, func(i int, _ string) { final(i, "Amplitude was told to take no such events", "") })
	switch {
	case named == 0:
		return v // as of any request that is wrong somewhere
	case named == a.Count && a.Count == 1:
		v.Outcome, v.Reason = Final, each[0].Reason
		return v
	case named == a.Count:
		v.Outcome = Final
	default:
		v.Outcome = Delivered // it answers well and takes the others at once
	}
	v.Each = each
	return v
}

// throttle is the verdict of a 429.
func (r *amplitudeReply) throttle(a *Answer, v Verdict) Verdict {
	rest := Ruling{Outcome: Split, Reason: "sent again without those that Amplitude throttles"}
	each, named := rulings(a.Count, rest), 0
	eachIndex(r.Throttled, func(i int, _ string) {
		if i < 0 || i >= len(each) || each[i].Outcome != Split {
			return
		}
		named++
		each[i] = Ruling{Outcome: Retry, After: throttlePause, Reason: v.Reason}
		if r.quotaUsed(a, i) {
			each[i] = Ruling{Outcome: Final, Reason: because(a.Status, "the daily quota of the event's user or device is used up; replay it tomorrow")}
		}
	})
	if named == 0 || a.Count == 1 && each[0].Outcome == Retry {
		v.After = max(v.After, throttlePause)
		return v
	}
	v.Each = each
	if named < a.Count {
		v.Outcome = Delivered // it takes the others at once
	}
	return v
}

// quotaUsed says that an event's user or device is over its daily quota, as far as it is known what was sent.
func (r *amplitudeReply) quotaUsed(a *Answer, i int) bool {
	if a.Item == nil || len(r.QuotaUsers)+len(r.QuotaDevices) == 0 {
		return false
	}
	item := a.Item(i)
	_, user := r.QuotaUsers[string(event.AppendText(nil, event.Lookup(item, "user_id")))]
	_, device := r.QuotaDevices[string(event.AppendText(nil, event.Lookup(item, "device_id")))]
	return user || device
}

// rulings are so many of the same.
func rulings(count int, r Ruling) []Ruling { return slices.Repeat([]Ruling{r}, count) }

// eachIndex calls f with the indexes in a reply, which are in an array, or in arrays by a field's name. What is neither has
// none.
func eachIndex(raw json.RawMessage, f func(i int, field string)) {
	var list []int
	if json.Unmarshal(raw, &list) == nil {
		for _, i := range list {
			f(i, "")
		}
		return
	}
	var fields map[string][]int
	if json.Unmarshal(raw, &fields) != nil {
		return
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		for _, i := range fields[field] {
			f(i, field)
		}
	}
}
