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
	// clientLife is when a token is replaced whose life nobody told: a 401 says when it has ended before.
	clientLife = 24 * time.Hour
	// clientReplyMax is more than 200 results of records with an error each have.
	clientReplyMax = 512 << 10
)

// client makes requests with a token of the OAuth client credentials flow (RFC 6749, 4.4), which the destination's own host
// gives out. All requests go to the host that the webhook names.
type client struct {
	plan   *destination.Plan
	wire   *wire
	tokens *purse
	ask    func(ctx context.Context) ([]byte, error) // the token server's reply
}

// newSalesforce makes the carrier to an org. Requests go to the webhook's host, whichever the org calls its instance.
func newSalesforce(plan *destination.Plan, o Options) *client {
	c := &client{plan: plan, wire: newWire(&o)}
	server, form := tokenServer(plan, "/services/oauth2/token"), url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {plan.Settings.Of("client_id")},
		"client_secret": {plan.Settings.Of("client_secret")},
	}
	c.ask = func(ctx context.Context) ([]byte, error) { return c.wire.exchangeToken(ctx, server, form) }
	c.tokens = newPurse(o.Now, c.fetchToken)
	return c
}

// newZendesk makes the carrier to an account of Zendesk, whose access_token is a client's secret. Zendesk documents the
// request for a token in JSON (its reference of tokens for grant types).
func newZendesk(plan *destination.Plan, o Options) (*client, error) {
	c := &client{plan: plan, wire: newWire(&o)}
	server := tokenServer(plan, "/oauth/tokens")
	body, err := json.Marshal(map[string]string{
		"grant_type":    "client_credentials",
		"client_id":     plan.Settings.Of("client_id"),
		"client_secret": plan.Settings.AccessToken,
		"scope":         plan.Settings.Of("scope"),
	})
	if err != nil {
		return nil, err
	}
	c.ask = func(ctx context.Context) ([]byte, error) {
		a, err := c.wire.exchange(ctx, request{method: http.MethodPost, url: server, body: body, most: replyMax,
			header: []destination.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "Accept", Value: "application/json"}}})
		if err != nil {
			return nil, err
		}
		return readReply(a, "a token")
	}
	c.tokens = newPurse(o.Now, c.fetchToken)
	return c, nil
}

// tokenServer is where the plan's host gives out tokens.
func tokenServer(plan *destination.Plan, path string) string {
	server := url.URL{Scheme: plan.URL.Scheme, Host: plan.URL.Host, Path: path}
	return server.String()
}

// Ship sends the parcel in one request.
func (c *client) Ship(ctx context.Context, p *Parcel) destination.Verdict {
	var sent atomic.Bool // the transport may still write when the context has ended
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	a, err := c.tokens.authorized(ctx, func(t token) (*destination.Answer, error) {
		sent.Store(false)
		return c.wire.exchange(httptrace.WithClientTrace(ctx, trace), request{
			method: http.MethodPost, url: c.plan.URL.String(), body: p.Body, count: p.Count, most: clientReplyMax,
			header: append([]destination.Header{{Name: "Authorization", Value: "Bearer " + t.text}}, c.plan.Header...),
		})
	})
	if err == nil {
		return c.plan.Judge(a)
	}
	v := judgeError(err)
	if c.plan.Once && sent.Load() && v.Outcome == destination.Retry {
		v.Outcome = destination.Final
		v.Reason = clip(v.Reason[:min(len(v.Reason), reasonMax/2)] + "; what was sent may be there, and is not sent again because it would be there twice")
	}
	return v
}

// Close lets go of connections.
func (c *client) Close() error {
	c.wire.close()
	return nil
}

func (c *client) fetchToken(ctx context.Context) (token, error) {
	body, err := c.ask(ctx)
	if err != nil {
		return token{}, err
	}
	var reply struct {
		Text string  `json:"access_token"`
		Life float64 `json:"expires_in"` // seconds
	}
	if json.Unmarshal(body, &reply) != nil || !fitToken(reply.Text) {
		return token{}, notUnderstood("a token")
	}
	life := clientLife
	if reply.Life > 0 && reply.Life < clientLife.Seconds() {
		life = time.Duration(reply.Life * float64(time.Second))
		life -= min(tokenMargin, life/2)
	}
	return token{text: reply.Text, renew: c.wire.now().Add(life)}, nil
}
