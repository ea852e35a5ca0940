package freight

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"edgerelay/relay/destination"
)

const (
	// bigQueryScope is all that a token is for: inserting rows (developers.google.com/identity/protocols/oauth2/scopes).
	bigQueryScope = "https://www.googleapis.com/auth/bigquery.insertdata"
	// bigQueryReplyMax is more than other replies may have: the errors of 500 rows.
	bigQueryReplyMax = 1 << 20
	assertionLife    = time.Hour // the most that Google takes
	assertionSkew    = 10 * time.Second
)

// bigQuery inserts rows into a table of Google BigQuery, with a service account's token. Who is asked for tokens stands in
// the account's key (developers.google.com/identity/protocols/oauth2/service-account).
type bigQuery struct {
	plan   *destination.Plan
	wire   *wire
	tokens *purse
	key    *destination.ServiceAccount
	signer *rsa.PrivateKey
}

func newBigQuery(plan *destination.Plan, o Options) (Carrier, error) {
	key, err := destination.ReadServiceAccount(plan.Settings.Of("credentials"))
	if err != nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: settings.credentials %w", o.Webhook, err)
	}
	signer, err := destination.PrivateKey(key.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: settings.credentials: %w", o.Webhook, err)
	}
	b := &bigQuery{plan: plan, wire: newWire(&o), key: key, signer: signer}
	b.tokens = newPurse(o.Now, b.fetchToken)
	return b, nil
}

// Ship inserts the parcel's rows in one request.
func (b *bigQuery) Ship(ctx context.Context, p *Parcel) destination.Verdict {
	a, err := b.tokens.authorized(ctx, func(t token) (*destination.Answer, error) {
		return b.wire.exchange(ctx, request{
			method: http.MethodPost, url: b.plan.URL.String(), body: p.Body, count: p.Count, most: bigQueryReplyMax,
			header: append([]destination.Header{{Name: "Authorization", Value: "Bearer " + t.text}}, b.plan.Header...),
		})
	})
	if err != nil {
		return patience(judgeError(err), p.Number)
	}
	return patience(b.plan.Judge(a), p.Number)
}

// Close lets go of connections.
func (b *bigQuery) Close() error {
	b.wire.close()
	return nil
}

// fetchToken exchanges a signed assertion for a token that is good for an hour.
func (b *bigQuery) fetchToken(ctx context.Context) (token, error) {
	now := b.wire.now()
	assertion := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": b.key.ClientEmail, "scope": bigQueryScope, "aud": b.key.TokenURI,
		"iat": now.Add(-assertionSkew).Unix(), "exp": now.Add(assertionLife - assertionSkew).Unix(),
	})
	assertion.Header["kid"] = b.key.PrivateKeyID
	signed, err := assertion.SignedString(b.signer)
	if err != nil {
		return token{}, fmt.Errorf("sign the assertion: %w", err)
	}
	body, err := b.wire.exchangeToken(ctx, b.key.TokenURI, url.Values{"grant_type": {grantJWT}, "assertion": {signed}})
	if err != nil {
		return token{}, err
	}
	text, life, ok := readGoogleToken(body)
	if !ok {
		return token{}, notUnderstood("a token")
	}
	return token{text: text, renew: now.Add(life - min(tokenMargin, life/4))}, nil
}

// readGoogleToken reads {"access_token":"…","expires_in":3599,"token_type":"Bearer"}.
func readGoogleToken(body []byte) (text string, life time.Duration, ok bool) {
	var reply struct {
		Text    string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if json.Unmarshal(body, &reply) != nil || !fitToken(reply.Text) || reply.Seconds <= 0 {
		return "", 0, false
	}
	return reply.Text, time.Duration(min(reply.Seconds, int64(24*time.Hour/time.Second))) * time.Second, true
}
