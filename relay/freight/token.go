package freight

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"edgerelay/relay/destination"
)

// grantJWT asks an OAuth server for a token in exchange for a signed one (RFC 7523).
const grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

const (
	replyMax     = 64 << 10 // bytes of a reply that are read
	replyHeadMax = 64 << 10 // bytes of its headers
	tokenMax     = 16 << 10 // bytes of a token: it travels in a header
	tokenMin     = 8        // of one that is a secret
	tokenMargin  = 5 * time.Minute
)

// token is what requests prove themselves with.
type token struct {
	text  string
	host  string    // where it counts; "" when that is known
	renew time.Time // from then on a new one is fetched
}

// purse holds a carrier's one token, and fetches a new one when there is none, when it is about to expire, or when it was
// refused. One goroutine fetches, the others wait for what it got. Safe for concurrent use.
type purse struct {
	fetch func(ctx context.Context) (token, error)
	now   func() time.Time
	turn  chan struct{} // holds the one place of who looks at held
	held  token
}

func newPurse(now func() time.Time, fetch func(ctx context.Context) (token, error)) *purse {
	return &purse{fetch: fetch, now: now, turn: make(chan struct{}, 1)}
}

// get returns a token that is not the refused one, which is "" unless the destination has just refused it.
func (p *purse) get(ctx context.Context, refused string) (token, error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return token{}, ctx.Err()
	}
	defer func() { <-p.turn }()
	if p.held.text != "" && p.held.text != refused && p.now().Before(p.held.renew) {
		return p.held, nil
	}
	p.held = token{}
	got, err := p.fetch(ctx)
	if err != nil {
		return token{}, err
	}
	p.held = got
	return got, nil
}

// authorized makes a request with a token, and once more with a new one when the destination says that it does not know
// the first (401): it may have expired early, or been withdrawn. What the answer repeats of the token is masked, since reasons
// are logged and kept, and nobody else knows this secret.
func (p *purse) authorized(ctx context.Context, try func(t token) (*destination.Answer, error)) (*destination.Answer, error) {
	refused := ""
	for {
		t, err := p.get(ctx, refused)
		if err != nil {
			return nil, err
		}
		a, err := try(t)
		if err == nil && len(t.text) >= tokenMin {
			a.Body = bytes.ReplaceAll(a.Body, []byte(t.text), []byte("••••"))
		}
		if err != nil || a.Status != http.StatusUnauthorized || refused != "" {
			return a, err
		}
		refused = t.text
	}
}

// exchangeToken posts a form to a token server. The error is a refusal when it answered anything but 200: a server that is
// busy may have a token later, any other will have one when somebody has looked at the webhook.
func (w *wire) exchangeToken(ctx context.Context, server string, form url.Values, header ...destination.Header) ([]byte, error) {
	a, err := w.exchange(ctx, request{
		method: http.MethodPost, url: server, body: []byte(form.Encode()), most: replyMax,
		header: append(header, destination.Header{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}),
	})
	if err != nil {
		return nil, err
	}
	return readReply(a, "a token")
}

// readReply is a reply's body when its status is 200, and else a refusal that says what could not be had.
func readReply(a *destination.Answer, what string) ([]byte, error) {
	if a.Status == http.StatusOK {
		return a.Body, nil
	}
	v := destination.JudgeStatus(a)
	switch {
	case a.Status == http.StatusNotFound: // an account may be on its way
		v.Outcome, v.After = destination.Retry, missingPause
	case v.Outcome != destination.Retry:
		v.Outcome = destination.Off
	}
	v.Reason = "cannot get " + what + ": " + destination.StatusText(a.Status)
	if said := tokenError(a.Body); said != "" {
		v.Reason += ": " + said
	}
	if v.Outcome == destination.Off {
		v.Reason += "; check the key, what it may do, and this machine's clock"
	}
	v.Reason = clip(v.Reason)
	return nil, &refusal{v}
}

// tokenError is what a token server says of an error: OAuth's error and error_description (RFC 6749), or Snowflake's code
// and message.
func tokenError(body []byte) string {
	var reply struct {
		Error       json.RawMessage
		Description string `json:"error_description"`
		Code        json.RawMessage
		Message     string
	}
	if json.Unmarshal(body, &reply) != nil {
		return ""
	}
	return clip(fmt.Sprintf("%s %s %s %s", bytes.Trim(reply.Error, `"`), reply.Description, bytes.Trim(reply.Code, `"`), reply.Message))
}

// notUnderstood is the refusal of a reply that came with 200 and is not what it should be. It may be somebody else's, such
// as a proxy's, so it passes.
func notUnderstood(what string) error {
	return &refusal{destination.Verdict{Outcome: destination.Retry, Status: http.StatusOK, Reason: "cannot get " + what + ": the reply is not the one that is documented"}}
}

// fitToken says that text can be a token: letters, digits and signs that a header takes.
func fitToken(text string) bool {
	return text != "" && len(text) <= tokenMax && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '"' })
}

const (
	missingAttempts = 3 // this one turns the webhook off when it finds no table either
	missingPause    = time.Minute
)

// patience gives a table that was not found time to appear, as those who were just created do, and then turns the webhook
// off, so that its events wait for somebody to look, and do not die one by one.
func patience(v destination.Verdict, number int) destination.Verdict {
	if v.Status == http.StatusNotFound && v.Outcome == destination.Retry && number >= missingAttempts {
		v = refused(v.Status, v.Reason[:min(len(v.Reason), reasonMax/2)]+"; create what is missing or correct the settings, then turn the webhook on")
	}
	return v
}
