package freight

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"edgerelay/relay/destination"
)

const (
	// salesforceLife is when a token is replaced in any case: the org does not say how long a session lasts, a 401 does
	// when it has ended.
	salesforceLife = 24 * time.Hour
	// salesforceReplyMax is more than 200 results with an error each have.
	salesforceReplyMax = 512 << 10
)

// salesforce makes records in an org, with a token of the OAuth client credentials flow (RFC 6749, 4.4), which the org's
// own host gives out. All requests go to the host that the webhook names, whichever the org calls its instance.
type salesforce struct {
	plan   *destination.Plan
	wire   *wire
	tokens *purse
	server string // that gives out tokens
	form   url.Values
}

func newSalesforce(plan *destination.Plan, o Options) *salesforce {
	server := url.URL{Scheme: plan.URL.Scheme, Host: plan.URL.Host, Path: "/services/oauth2/token"}
	s := &salesforce{plan: plan, wire: newWire(&o), server: server.String(), form: url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {plan.Settings.Of("client_id")},
		"client_secret": {plan.Settings.Of("client_secret")},
	}}
	s.tokens = newPurse(o.Now, s.fetchToken)
	return s
}

// Ship makes the parcel's records in one request.
func (s *salesforce) Ship(ctx context.Context, p *Parcel) destination.Verdict {
	var sent atomic.Bool // the transport may still write when the context has ended
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	a, err := s.tokens.authorized(ctx, func(t token) (*destination.Answer, error) {
		sent.Store(false)
		return s.wire.exchange(httptrace.WithClientTrace(ctx, trace), request{
			method: http.MethodPost, url: s.plan.URL.String(), body: p.Body, count: p.Count, most: salesforceReplyMax,
			header: append([]destination.Header{{Name: "Authorization", Value: "Bearer " + t.text}}, s.plan.Header...),
		})
	})
	if err == nil {
		return s.plan.Judge(a)
	}
	v := judgeError(err)
	if s.plan.Once && sent.Load() && v.Outcome == destination.Retry {
		v.Outcome = destination.Final
		v.Reason = clip(v.Reason[:min(len(v.Reason), reasonMax/2)] + "; the records may be there, and are not sent again because they would be there twice")
	}
	return v
}

// Close lets go of connections.
func (s *salesforce) Close() error {
	s.wire.close()
	return nil
}

func (s *salesforce) fetchToken(ctx context.Context) (token, error) {
	body, err := s.wire.exchangeToken(ctx, s.server, s.form)
	if err != nil {
		return token{}, err
	}
	var reply struct {
		Text string `json:"access_token"`
	}
	if json.Unmarshal(body, &reply) != nil || !fitToken(reply.Text) {
		return token{}, notUnderstood("a token")
	}
	return token{text: reply.Text, renew: s.wire.now().Add(salesforceLife)}, nil
}
