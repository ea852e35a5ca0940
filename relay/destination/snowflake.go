package destination

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"edgerelay/relay/format"
)

// snowflake is a table in Snowflake, which gets a row for each event through the elastic channel of Snowpipe Streaming's
// REST API (docs.snowflake.com/en/user-guide/snowpipe-streaming/snowpipe-streaming-high-performance-rest-api). Package
// freight makes the requests: they go to a host that the account names, with a token that a key pair gets.
var snowflake = Type{
	Name: "snowflake", Title: "Snowflake",
	Settings: []Setting{
		{Name: "account", Text: `the account's identifier, such as "myorg-myaccount"`, Required: true},
		{Name: "user", Text: "a user with key-pair authentication, whose default role may insert into the table", Required: true},
		{Name: "private_key", Text: "the user's private key in PEM, not encrypted", Required: true, Secret: true, Lines: true},
		{Name: "database", Text: "the database of the table", Required: true},
		{Name: "schema", Text: "the schema of the table", Default: "PUBLIC"},
		{Name: "table", Text: "the table, which must exist", Required: true},
	},
	Plan: planSnowflake,
}

const (
	// A request holds up to 4 MB after compression. Before it these are fewer, so that no row has to be given up because it
	// does not compress.
	snowflakeRows  = 5_000
	snowflakeBytes = 3_900_000
	snowflakeItem  = 3_800_000
	snowflakeAge   = 2 * time.Second
)

func planSnowflake(s *Settings, fault func(field, text string, args ...any)) *Plan {
	account := s.Of("account")
	if !plainName(account, "_-.") {
		fault("settings.account", `%q is no account's identifier; write it like "myorg-myaccount", without the host's rest`, account)
	}
	if !plainName(s.Of("user"), "_-.@$") {
		fault("settings.user", "%q is no user's name; use the LOGIN_NAME that DESCRIBE USER shows", s.Of("user"))
	}
	if _, err := PrivateKey(s.Of("private_key")); err != nil {
		fault("settings.private_key", "cannot be used: %s", err)
	}
	for _, name := range []string{"database", "schema", "table"} {
		if !plainName(s.Of(name), "_$") {
			fault("settings."+name, "%q is no %s's name: letters, digits, _ and $ alone, one name in each setting", s.Of(name), name)
		}
	}
	// Hosts have no underscores, though accounts may.
	host := strings.ToLower(strings.ReplaceAll(account, "_", "-"))
	address := fmt.Sprintf("https://%s.snowflakecomputing.com/v2/streaming/data/databases/%s/schemas/%s/tables/%s/rows",
		host, url.PathEscape(s.Of("database")), url.PathEscape(s.Of("schema")), url.PathEscape(s.Of("table")))
	return &Plan{
		URL:     endpoint(address, s, fault),
		Place:   "snowflake://" + account + "/" + s.Of("database") + "/" + s.Of("schema") + "/" + s.Of("table"),
		Header:  []Header{{"Content-Type", "application/x-ndjson"}},
		Body:    Body{Between: "\n", Close: "\n", Item: format.Snowflake},
		Batch:   Batch{Count: snowflakeRows, Bytes: snowflakeBytes, Item: snowflakeItem, Age: snowflakeAge},
		Judge:   judgeSnowflake,
		Carrier: true,
	}
}

// snowflakeMissing is how long to wait for a table that is not found: it or a grant may be on its way.
const snowflakeMissing = time.Minute

// judgeSnowflake judges the replies to rows. An elastic channel is neither opened nor has it offset or continuation tokens, which
// requests must not have: next_continuation_token is in replies of named channels. 200 with {"message":"OK"} says that Snowflake
// has the rows durably; which of them do not fit the table shows in its error table alone. Errors are
// {"code":"…","message":"…"}, of which the code counts.
func judgeSnowflake(a *Answer) Verdict {
	if a.Status == 200 && snowflakeTook(a.Body) {
		return Verdict{Outcome: Delivered, Status: a.Status}
	}
	v := JudgeStatus(a)
	code, message := snowflakeError(a.Body)
	switch {
	case a.fine():
		v.Outcome = Retry
		v.Reason = because(a.Status, strings.TrimSpace(doubtKnown+" "+code))
		return v
	case a.Status == 404:
		v.Outcome, v.After = Retry, snowflakeMissing
	case a.Status == 409:
		v.Outcome = Retry
	case strings.Contains(code, "DOES_NOT_EXIST") || strings.Contains(code, "NOT_AUTHORIZED"):
		v.Outcome = Off
	}
	if said := strings.TrimSpace(code + " " + message); said != "" {
		v.Reason = because(a.Status, said)
	}
	return v
}

// snowflakeTook says that body is a whole object, and none that tells of an error.
func snowflakeTook(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{' && json.Valid(body) && doubtOf(body) == "" && !bytes.Contains(body, []byte(`"code"`)) && !bytes.Contains(body, []byte(`\`))
}

// snowflakeError reads the members of an error. Codes are texts as documented, numbers in older replies.
func snowflakeError(body []byte) (code, message string) {
	var reply struct {
		Code    json.RawMessage
		Message string
	}
	if json.Unmarshal(body, &reply) != nil {
		return "", ""
	}
	if json.Unmarshal(reply.Code, &code) != nil {
		code = string(reply.Code)
	}
	return code, reply.Message
}
