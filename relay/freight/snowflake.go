package freight

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/klauspost/compress/gzip"

	"edgerelay/relay/destination"
)

const (
	keyPairLife = 55 * time.Minute // of the token that is signed here; Snowflake takes an hour at the most
	// scopedLife is how long the token counts that it is exchanged for. Its end is published nowhere and does not stand in
	// it: Snowflake's own example of this API renews it as often as the one that it was got with (snowflakedb/
	// snowpipe-streaming-sdk-examples, elastic channel, REST), and once when the rows are answered 401. So does this.
	scopedLife = 50 * time.Minute
)

// snowflake streams rows into a table of Snowflake: it asks the account for the host that takes rows, gets a token that
// counts there in exchange for one that it signs, and posts the rows, compressed. Rows may arrive twice when an answer got
// lost; their unique_id tells.
type snowflake struct {
	plan    *destination.Plan
	webhook string
	wire    *wire
	tokens  *purse
	signer  *rsa.PrivateKey
	claims  jwt.RegisteredClaims // without times
	zips    sync.Pool            // of *zip
}

func newSnowflake(plan *destination.Plan, o Options) (Carrier, error) {
	signer, err := destination.PrivateKey(plan.Settings.Of("private_key"))
	if err != nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: settings.private_key: %w", o.Webhook, err)
	}
	public, err := x509.MarshalPKIXPublicKey(&signer.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: settings.private_key: %w", o.Webhook, err)
	}
	fingerprint := sha256.Sum256(public)
	user := accountName(plan.Settings.Of("account")) + "." + strings.ToUpper(plan.Settings.Of("user"))
	s := &snowflake{plan: plan, webhook: o.Webhook, wire: newWire(&o), signer: signer, claims: jwt.RegisteredClaims{
		Issuer: user + ".SHA256:" + base64.StdEncoding.EncodeToString(fingerprint[:]), Subject: user,
	}}
	s.zips.New = func() any { return &zip{} }
	s.tokens = newPurse(o.Now, s.fetchToken)
	return s, nil
}

// accountName is an account as tokens name it: in capitals, without the region that old identifiers have behind a point.
func accountName(account string) string {
	if !strings.Contains(account, ".global") {
		account, _, _ = strings.Cut(account, ".")
	} else {
		account, _, _ = strings.Cut(account, "-")
	}
	return strings.ToUpper(account)
}

// Ship posts the parcel's rows in one request.
func (s *snowflake) Ship(ctx context.Context, p *Parcel) destination.Verdict {
	z := s.zips.Get().(*zip)
	defer s.zips.Put(z)
	body, err := z.compress(p.Body)
	if err != nil {
		return judgeError(err)
	}
	query := "?requestId=" + s.requestID(p) + "&retryCount=" + strconv.Itoa(max(p.Number-1, 0))
	a, err := s.tokens.authorized(ctx, func(t token) (*destination.Answer, error) {
		at := *s.plan.URL
		at.Host, at.User = t.host, nil
		return s.wire.exchange(ctx, request{
			method: http.MethodPost, url: at.String() + query, body: body, count: p.Count, most: replyMax,
			header: append([]destination.Header{{Name: "Authorization", Value: "Bearer " + t.text}, {Name: "Content-Encoding", Value: "gzip"}}, s.plan.Header...),
		})
	})
	if err != nil {
		return patience(judgeError(err), p.Number)
	}
	return patience(s.plan.Judge(a), p.Number)
}

// Close lets go of connections.
func (s *snowflake) Close() error {
	s.wire.close()
	return nil
}

// requestID is a UUID that is the same for the same rows of the same place in the log, on every attempt and after a
// restart, and another one for others.
func (s *snowflake) requestID(p *Parcel) string {
	h := sha256.New()
	h.Write([]byte(s.webhook))
	h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte{0}, p.First), p.Last))
	h.Write(p.Body)
	id := h.Sum(nil)
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8, whose bits are the maker's own (RFC 9562)
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}

// fetchToken asks where rows go and gets a token that counts there.
func (s *snowflake) fetchToken(ctx context.Context) (token, error) {
	now := s.wire.now()
	claims := s.claims
	claims.IssuedAt, claims.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(keyPairLife))
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(s.signer)
	if err != nil {
		return token{}, fmt.Errorf("sign the token: %w", err)
	}
	proof := []destination.Header{{Name: "Authorization", Value: "Bearer " + signed}, {Name: "X-Snowflake-Authorization-Token-Type", Value: "KEYPAIR_JWT"}}
	account := (&url.URL{Scheme: s.plan.URL.Scheme, Host: s.plan.URL.Host}).String()
	a, err := s.wire.exchange(ctx, request{method: http.MethodGet, url: account + "/v2/streaming/hostname", header: proof, most: replyMax})
	if err != nil {
		return token{}, err
	}
	body, err := readReply(a, "the host that takes rows")
	if err != nil {
		return token{}, err
	}
	host, ok := readHost(body)
	if !ok {
		return token{}, notUnderstood("the host that takes rows")
	}
	body, err = s.wire.exchangeToken(ctx, account+"/oauth/token", url.Values{"grant_type": {grantJWT}, "scope": {host}}, proof...)
	if err != nil {
		return token{}, err
	}
	text, ok := readText(body, "token", "access_token")
	if !ok || !fitToken(text) {
		return token{}, notUnderstood("a token")
	}
	return token{text: text, host: host, renew: now.Add(scopedLife)}, nil
}

// readHost reads the host that takes rows. Hosts have no underscores, though the accounts in them may.
func readHost(body []byte) (string, bool) {
	text, ok := readText(body, "hostname")
	host := strings.ReplaceAll(text, "_", "-")
	at, err := url.Parse("//" + host)
	if !ok || err != nil || at.Host != host || at.Hostname() == "" || strings.HasSuffix(host, ":") || len(host) > 260 || strings.Trim(at.Hostname(), hostLetters) != "" {
		return "", false
	}
	return host, true
}

const hostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

// readText reads one text out of a reply: a member of an object, as documented, or the text alone with or without quotes,
// as the service answers clients that do not ask for JSON.
func readText(body []byte, members ...string) (string, bool) {
	body = bytes.TrimSpace(body)
	var text string
	switch {
	case len(body) == 0:
		return "", false
	case body[0] == '{':
		var reply map[string]json.RawMessage
		if json.Unmarshal(body, &reply) != nil {
			return "", false
		}
		for _, name := range members {
			if json.Unmarshal(reply[name], &text) == nil && text != "" {
				return text, true
			}
		}
		return "", false
	case body[0] == '"':
		return text, json.Unmarshal(body, &text) == nil && text != ""
	}
	return string(body), true
}

// zip compresses bodies one after the other into the same room.
type zip struct {
	room   bytes.Buffer
	writer *gzip.Writer
}

// compress returns text compressed; it is good until the next call.
func (z *zip) compress(text []byte) ([]byte, error) {
	z.room.Reset()
	if z.writer == nil {
		writer, err := gzip.NewWriterLevel(&z.room, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		z.writer = writer
	}
	z.writer.Reset(&z.room)
	if _, err := z.writer.Write(text); err != nil {
		return nil, err
	}
	if err := z.writer.Close(); err != nil {
		return nil, err
	}
	return z.room.Bytes(), nil
}
