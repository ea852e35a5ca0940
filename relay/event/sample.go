package event

import (
	"encoding/hex"
	"strings"
)

// The values that all payloads of seed 000 share.
const (
	sampleApp          = `{"id":-323232,"name":"test_application","platform":"web"}`
	sampleSubscription = `{"id":4802463602049999,"name":"test_application"}`
	sampleUserAgent    = `"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.164 Safari/537.36"`
)

// The two guides of seed 000: a poll and an NPS survey.
const (
	samplePollGuide = `{"createdAt":1615411012615,"createdByUser":{"username":"pendo-user@example.com"},` +
		`"id":"Kg92trd4yOzpDb2inI5eTOdcR0U","lastUpdatedAt":1618322253073,` +
		`"lastUpdatedByUser":{"username":"pendo-user@example.com"},"name":"Poll 1 - Test",` +
		`"steps":[{"id":"UgG7AtWEXNuvHBBcTqSQ8NxGvAU","lastUpdatedAt":1618322251476,"resetAt":1617633741117,"type":"building-block"}]}`
	sampleNPSGuide = `{"createdAt":1591024335185,"createdByUser":{"username":"pendo-user@example.com"},` +
		`"id":"FjHsQ7S8z0ircYxe3vO4GHawvwI","lastUpdatedAt":1626804377122,` +
		`"lastUpdatedByUser":{"username":"pendo-user@example.com"},"name":"Quarterly NPS",` +
		`"steps":[{"id":"WkaB4F2droQ5sSqd-FvC7H9coJQ","lastUpdatedAt":1619546765626,"resetAt":1592592811776,"type":""},` +
		`{"id":"oFs_eA1lF61Ywsg0js945UcG798","lastUpdatedAt":1605640318713,"resetAt":1592592811776,"type":""}]}`
	samplePollResponses = `[{"duration":11964,"pollId":"afxd8uayh4u","pollType":"PositiveNegative","response":1},` +
		`{"duration":11964,"pollId":"rtzh4txwz4f","pollType":"NumberScale","response":2},` +
		`{"duration":11964,"pollId":"pspats0sy5f","pollType":"FreeForm","response":"Open Text Answer"},` +
		`{"duration":11964,"pollId":"braocb22n4j","pollType":"PickList","response":"Product Manager"}]`
	sampleNPS = `{"rating":9,"reason":"Keep up the great work!","source":"web"}`
)

// sampleVisit is what the sample of one of the visitors' kinds has of its own.
type sampleVisit struct {
	unix       int64  // seconds, as payloads print it
	id         string // uniqueId as 40 hex digits; seed 000 does not show one for every kind
	items      string // IDs without quotes, comma between
	properties string
}

const (
	samplePoll   = "Kg92trd4yOzpDb2inI5eTOdcR0U"
	sampleSurvey = "FjHsQ7S8z0ircYxe3vO4GHawvwI"
	sampleButton = `{"elementType":"button"}`
)

var sampleVisits = map[Kind]sampleVisit{
	PageLoaded:         {1626803875, "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0", "pageId1,pageId2", `{}`},
	FeatureClicked:     {1626804250, "b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1", "feature-xyz789", sampleButton},
	TrackEventReceived: {1626804144, "75c32838012a8311fba2b902857c2e848d98f457", "trackTypeId-abc123,trackTypeId-def456", `{"fromTier":"basic","toTier":"pro"}`},

	GuideDisplayed: {1626803876, "f9610795860d89fe29491846fe297bcc922e460b", samplePoll, ""},
	GuideAdvanced:  {1626803880, "", samplePoll, ""},
	GuideDismissed: {1626803884, "", samplePoll, ""},
	GuideCompleted: {1626803888, "", samplePoll, ""},
	NPSDisplayed:   {1626804384, "b1f15067d47df50a1207dc2d0ce6171a40f8304e", sampleSurvey, ""},
	NPSSubmitted:   {1626804431, "ccb0f95474ae8b630ede92f8f8dbac03cddfc1c3", sampleSurvey, ""},
	PollDisplayed:  {1626803876, "3373ffb08b355be4e53e3816a84a7bcdd4fbc6ed", samplePoll, ""},
	PollSubmitted:  {1626803991, "fbd70226173184006adc31b810b93f36bb52ec02", samplePoll, ""},

	VisitorCreated:             {1626803875, "1a2c20ed531bf920781d7f1449968b772840e36c", "", `{"browserName":"Chrome","browserVersion":"91.0.4472","sampleGroup":17}`},
	VisitorMetadataUpdated:     {1626803900, "", "", `{"metadata":{"agent":{"email":"visitor@example.com","role":"admin"}},"previous":{"agent":{"role":"user"}}}`},
	VisitorDoNotProcessUpdated: {1626803901, "", "", `{"doNotProcess":true}`},
	AccountCreated:             {1626803875, "38993a6dd7ff256c0112528ca44b291255603647", "", `{}`},
	AccountMetadataUpdated:     {1626803902, "", "", `{"metadata":{"agent":{"name":"Acme Corp","plan":"enterprise"}},"previous":{"agent":{"plan":"trial"}}}`},
	VisitorUnsubscribed:        {1761660300, "", "", `{}`},

	RageClick:  {1626804260, "", "pageId1,feature-xyz789", sampleButton},
	ErrorClick: {1626804261, "", "pageId1,feature-xyz789", `{"elementType":"button","errorClickLog":"Uncaught TypeError: total is undefined"}`},
	DeadClick:  {1626804262, "", "pageId1,feature-xyz789", sampleButton},
	UTurn:      {1626804263, "", "pageId1", `{}`},
}

// Sample is a plausible event of kind k: for the kinds of seed 000 the very values of its example payloads, for
// Userpilot's those of seed 003, for the others values of the same make. It has the fields that the relay's own events of
// that kind have, so that what fits a sample fits those. It shares no memory with other samples. The sample of what is no
// kind is the empty event.
func Sample(k Kind) Event {
	e := Event{
		Kind:         k,
		UniqueID:     UniqueID([]byte("sample"), []byte(k.String())),
		AppName:      []byte("test_application"),
		App:          []byte(sampleApp),
		Subscription: []byte(sampleSubscription),
	}
	switch {
	case k.String() == "":
		return Event{}
	case k >= FlowSeen:
		sampleUserpilot(&e)
	case k >= PageTagged:
		sampleObject(&e)
	default:
		sampleVisitor(&e)
	}
	e.Received = e.Time + 250
	return e
}

// sampleVisitor is something that a visitor did in the app (seeds 000 to 002).
func sampleVisitor(e *Event) {
	visit := sampleVisits[e.Kind]
	if id, err := hex.DecodeString(visit.id); err == nil && len(id) == len(e.UniqueID) {
		e.UniqueID = [20]byte(id)
	}
	e.Time = visit.unix * 1000
	e.Visitor, e.Account = []byte(`"Webhook Visitor"`), []byte(`"Webhook Account"`)
	e.UserAgent, e.IP = []byte(sampleUserAgent), []byte(`"203.0.113.7"`)
	e.URL = []byte(`"https://app.example.com/dashboard"`)
	if visit.items != "" {
		for item := range strings.SplitSeq(visit.items, ",") {
			e.IDs = append(e.IDs, AppendString(nil, item))
		}
	}
	if visit.properties != "" {
		e.Properties = []byte(visit.properties)
	}
	sampleOwn(e)
}

// sampleOwn fills in what only some of the visitors' kinds have.
func sampleOwn(e *Event) {
	switch e.Kind {
	case TrackEventReceived:
		e.Name, e.Source = []byte(`"Account Upgraded"`), []byte(`"web"`)
	case GuideDisplayed, GuideAdvanced, GuideDismissed, GuideCompleted, PollDisplayed, PollSubmitted:
		e.Guide = sampleGuide(samplePollGuide, `"UgG7AtWEXNuvHBBcTqSQ8NxGvAU"`)
	case NPSDisplayed, NPSSubmitted:
		e.Guide = sampleGuide(sampleNPSGuide, `"WkaB4F2droQ5sSqd-FvC7H9coJQ"`)
	case VisitorCreated:
		e.Subscription = []byte(`{"id":4802463602049024,"name":"test_application"}`)
	case VisitorUnsubscribed:
		e.Subscription = []byte(`{"id":4802463602009999,"name":"test_application"}`)
		e.UserAgent = []byte(`"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/11.0.4472.164 Safari/537.36"`)
		e.Visitor = []byte(`"abc123"`)
		e.IP, e.URL = nil, nil // a mail system tells of it
	case VisitorDoNotProcessUpdated:
		e.Account, e.UserAgent, e.IP, e.URL = nil, nil, nil, nil // a server tells of it, and of nobody but the visitor
	}
	switch e.Kind {
	case NPSSubmitted:
		e.Guide.NPS = []byte(sampleNPS)
	case PollSubmitted:
		e.Guide.PollResponses = []byte(samplePollResponses)
	}
}

func sampleGuide(properties, step string) Guide {
	g := Guide{StepID: []byte(step), Language: []byte(`"en-US"`), Properties: []byte(properties)}
	g.ID = Lookup(g.Properties, "id")
	g.Name = Lookup(g.Properties, "name")
	return g
}

// sampleObject is something that an administrator did to an object (seed 002). No visitor took part.
func sampleObject(e *Event) {
	object, action, _ := strings.Cut(e.Kind.Dotted(), ".")
	id, name := map[string]string{"nps": sampleSurvey, "poll": samplePoll}[object], "Sample "+object
	if id == "" {
		id = object + "Id1"
	}
	e.Time = 1626805000_000 + int64(e.Kind)*1000
	e.IDs = [][]byte{AppendString(nil, id)}
	e.Properties = append(e.Properties, `{"id":`...)
	e.Properties = AppendString(e.Properties, id)
	e.Properties = append(e.Properties, `,"name":`...)
	e.Properties = AppendString(e.Properties, name)
	if action == "status_changed" {
		e.Properties = append(e.Properties, `,"status":"public"`...)
	}
	e.Properties = append(e.Properties, '}')
}

// sampleUserpilot is an event of seed 003. Its properties are the payload's data without user and company, which a
// webhook chooses.
func sampleUserpilot(e *Event) {
	_, action, _ := strings.Cut(e.Kind.String(), ".")
	e.Time = 1679578625_000
	e.Visitor, e.Account = []byte(`"1"`), []byte(`"1"`)
	e.URL = []byte(`"https://demo.userpilot.io/dashboard"`)
	data := `{"type":"` + e.Kind.Items() + `","action":"` + action + `","id":1,`
	if e.Kind.Items() == "" { // NPS has neither type nor id
		e.Time = 1679578619_000
		data = `{"action":"` + action + `",`
	} else {
		e.IDs = [][]byte{[]byte(`"1"`)}
	}
	if e.Kind == UserpilotNPSScore || e.Kind == UserpilotNPSFeedback {
		data += `"survey_question":"How likely it is that you would recommend us to your friends?","score":10,`
	}
	if e.Kind == UserpilotNPSFeedback {
		data += `"follow_up_question":"Why did you choose this score? ","feedback":"Great Product",`
	}
	e.Properties = []byte(data + `"hostname":"demo.userpilot.io","pathname":"/dashboard"}`)
}
