package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestTokens: in signed mode the token says who it is, and nobody else may.
func TestTokens(t *testing.T) {
	app := demo()
	app.SigningKey = "signing key"
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	type claims = jwt.MapClaims
	sign := func(method jwt.SigningMethod, key any, c claims) string {
		t.Helper()
		token, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := claims{"visitor": map[string]any{"id": "signed", "role": "admin"}, "account": map[string]any{"id": "acct", "plan": "gold"}}
	at := func(c claims, name string, d time.Duration) claims {
		copied := claims{name: theTime.Add(d).Unix()}
		for k, v := range c {
			copied[k] = v
		}
		return copied
	}
	n := 0
	events := func() string { n++; return `[` + agentEventOf("load", n, `{}`, "") + `]` }
	f := func(what, token string, status int) {
		t.Helper()
		get := r.raw(sent("ptm.gif", events(), "&jwt="+token+"&signingKeyName=key1"))
		post := r.post("/data/ptm.gif/KEY?ct="+fmt.Sprint(theTime.UnixMilli()), `{"events":"`+jzb(events())+`","jwt":"`+token+`","signingKeyName":"key1"}`)
		for _, got := range []reply{get, post} {
			if checkPixel(t, what, got); got.status != status {
				t.Errorf("%s: %d %v", what, got.status, got.header)
			}
		}
		all := r.events()
		if status != 200 && len(all) != 0 {
			t.Errorf("%s: %d events", what, len(all))
		}
		for _, e := range all {
			if string(e.Visitor) != `"signed"` || e.Account != nil && string(e.Account) != `"acct"` {
				t.Errorf("%s: %s", what, show(e))
			}
		}
	}
	key := []byte(app.SigningKey)
	hs256 := sign(jwt.SigningMethodHS256, key, good)
	f("HS256", hs256, 200)
	f("HS384", sign(jwt.SigningMethodHS384, key, good), 200)
	f("HS512", sign(jwt.SigningMethodHS512, key, good), 200)
	f("no account", sign(jwt.SigningMethodHS256, key, claims{"visitor": map[string]any{"id": "signed"}}), 200)
	f("valid", sign(jwt.SigningMethodHS256, key, at(good, "exp", time.Hour)), 200)
	f("just expired", sign(jwt.SigningMethodHS256, key, at(good, "exp", -time.Minute)), 200)
	f("expired", sign(jwt.SigningMethodHS256, key, at(good, "exp", -time.Hour)), 403)
	f("not valid yet", sign(jwt.SigningMethodHS256, key, at(good, "nbf", time.Hour)), 403)
	f("another key", sign(jwt.SigningMethodHS256, []byte("other"), good), 403)
	f("none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good), 403)
	f("no signature", hs256[:strings.LastIndexByte(hs256, '.')+1], 403)
	f("changed", strings.Replace(hs256, ".", ".e", 1), 403)
	f("rubbish", "a.b.c", 403)
	f("no visitor", sign(jwt.SigningMethodHS256, key, claims{"account": map[string]any{"id": "acct"}}), 403)
	f("visitor of a wrong type", sign(jwt.SigningMethodHS256, key, claims{"visitor": map[string]any{"id": []int{1}}}), 403)
	f("visitor that is no object", sign(jwt.SigningMethodHS256, key, claims{"visitor": "v"}), 403)
	f("long", strings.Repeat("x", 10_000), 403)

	// without a token
	if got := r.raw(sent("ptm.gif", events())); got.status != 403 {
		t.Errorf("no token: %d", got.status)
	}
	r.stored()
	anonymous := strings.NewReplacer(`"v"`, `"_PENDO_T_x"`, `"a"`, "null").Replace(events())
	r.taken(sent("ptm.gif", anonymous))
	if n := len(r.events()); n != 2 {
		t.Errorf("anonymous: %d events", n)
	}
	r.taken(rawRequest("GET", "/data/guide.gif/KEY?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5", ""))
	if got := r.raw(rawRequest("GET", "/data/guide.json/KEY?jwt=a.b.c&jzb="+jzb(`{}`), "")); got.status != 403 {
		t.Errorf("guide.json: %d", got.status)
	}

	// metadata: the signed fields win
	n++
	meta := `[` + agentEventOf("meta", n, `{"visitor":{"id":"v","role":"root","language":"en_US"},"account":{"id":"a","plan":"free"},"parentAccount":{"id":"x","y":1}}`, "") + `]`
	r.taken(sent("ptm.gif", meta, "&jwt="+hs256))
	const who = ` visitor="signed" account="acct"`
	r.stored(`visitorMetadataUpdated`+who+` properties={"metadata":{"agent":{"role":"admin","language":"en_US"}},"previous":{"agent":{}}}`+onPage,
		`accountMetadataUpdated`+who+` properties={"metadata":{"agent":{"plan":"gold"}},"previous":{"agent":{}}}`+onPage)
	if got := r.counter("edge_intake_refused_requests_total", "reason", "bad_token"); got != 24 {
		t.Errorf("%v refused", got)
	}

	// without a key in the configuration a token means nothing
	plain := start(t)
	plain.meet()
	plain.taken(sent("ptm.gif", `[`+agentEventOf("load", 1, `{}`, "")+`]`, "&jwt=a.b.c"))
	plain.stored(`pageLoaded visitor="v" account="a" properties={}` + onPage)
}
