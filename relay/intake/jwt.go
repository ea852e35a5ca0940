package intake

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// tokenLeeway is how much the clock of who signs tokens may be wrong, and how long a batch may wait in the browser behind
// its token's end.
const tokenLeeway = 5 * time.Minute

// tokenMax is how long a token may be, in bytes. It travels in URLs of at most 16 KiB, and in bodies.
const tokenMax = 64 << 10

// claims is who a signed token says the visitor is. All are stable JSON, nil when there was no token.
type claims struct {
	visitor, account         []byte // JSON strings
	visitorData, accountData []byte // JSON objects: metadata that nobody but the signer can have set
}

// newTokenParser makes the parser of an app's tokens. Only signatures by shared secret count: with a public key as the
// secret, anybody could sign.
func newTokenParser(now func() time.Time) *jwt.Parser {
	return jwt.NewParser(jwt.WithValidMethods([]string{"HS256", "HS384", "HS512"}), jwt.WithTimeFunc(now), jwt.WithLeeway(tokenLeeway))
}

// tokenBody takes a token's middle part as it stands, for the stable reader; the parser reads the registered claims.
type tokenBody struct {
	jwt.RegisteredClaims
	raw []byte
}

// UnmarshalJSON keeps the text beside what the parser checks.
func (t *tokenBody) UnmarshalJSON(text []byte) error {
	t.raw = append(t.raw[:0], text...)
	return json.Unmarshal(text, &t.RegisteredClaims)
}

// openToken checks the token of the agent's signed mode, for apps with a signing key. Without one in the app's
// configuration tokens mean nothing, as nobody can tell whether they are forged.
func (r *request) openToken(token []byte) error {
	if r.app.signingKey == nil || len(token) == 0 {
		return nil
	}
	if len(token) > tokenMax {
		return badToken("it is too long")
	}
	var body tokenBody
	_, err := r.server.tokens.ParseWithClaims(string(token), &body, func(*jwt.Token) (any, error) { return r.app.signingKey, nil })
	if err != nil {
		return badToken(tokenFault(err))
	}
	return r.readClaims(body.raw)
}

func tokenFault(err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "it has expired"
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "it is not valid yet"
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return "its signature is not that of the app's signing_key"
	}
	return "it is no token"
}

func badToken(why string) *refusal {
	return &refusal{status: fasthttp.StatusForbidden, code: "bad_token", message: "the jwt is refused: " + why, field: "jwt"}
}

// readClaims reads {"visitor":{"id":"v",…},"account":{"id":"a",…}}.
func (r *request) readClaims(raw []byte) error {
	start := len(r.text)
	text, err := r.stable.Append(r.text, raw)
	if err != nil {
		return badToken("it holds no JSON")
	}
	r.text = text
	body := text[start:len(text):len(text)]
	t := &r.agent.token
	t.visitorData, t.accountData = event.Lookup(body, "visitor"), event.Lookup(body, "account")
	var badVisitor, badAccount fault
	t.visitor, badVisitor = r.id(event.Lookup(t.visitorData, "id"))
	t.account, badAccount = r.id(event.Lookup(t.accountData, "id"))
	if t.visitor == nil || badVisitor != fine || badAccount != fine {
		return badToken("it does not name a visitor")
	}
	return nil
}

// anonymousPrefix begins the IDs that the agent makes up for visitors who are not logged in.
const anonymousPrefix = `"_PENDO_T_`

// requireToken refuses what an app with a signing key gets without a token, unless it is about anonymous visitors alone:
// for them the agent has none, and a forger gains nothing by being one more of them.
func (r *request) requireToken() error {
	if r.app.signingKey == nil || r.agent.token.visitor != nil {
		return nil
	}
	for i := range r.items {
		e := &r.items[i].event
		if len(e.Visitor) < len(anonymousPrefix) || string(e.Visitor[:len(anonymousPrefix)]) != anonymousPrefix || e.Account != nil {
			return badToken("there is none, and the app's signing_key asks for one")
		}
	}
	return nil
}
