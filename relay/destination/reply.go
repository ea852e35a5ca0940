package destination

import (
	"bytes"
	"encoding/json"
	"strconv"

	"edgerelay/relay/event"
)

// What stands in a reply counts as much as its status: a 2xx may come from somebody between the relay and the vendor, or
// say in its body that nothing was taken.

// judgeReply is JudgeStatus for the API of a vendor that answers a request it took with JSON, or with nothing. A 2xx with
// something else in it is no delivery: the events go out again.
func judgeReply(a *Answer) Verdict {
	v := JudgeStatus(a)
	if v.Outcome == Delivered {
		if doubt := doubtOf(a.Body); doubt != "" {
			return Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, doubt)}
		}
	}
	return v
}

// judgeCounted is judgeReply for a vendor that says in a 2xx how many events it took, under this name. When those are fewer
// than were sent, nobody knows which: the batch is taken apart. It is for vendors that know repeats.
func judgeCounted(a *Answer, name string) Verdict {
	v := judgeReply(a)
	if v.Outcome != Delivered || len(a.Body) == 0 {
		return v
	}
	raw := event.Lookup(a.Body, name)
	if raw == nil { // or with spaces, which nothing but a proxy would put in
		var members map[string]json.RawMessage
		_ = json.Unmarshal(a.Body, &members) // what is no object gives no number
		raw = members[name]
	}
	if n, err := strconv.Atoi(string(raw)); err == nil && n < a.Count {
		v = Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, strconv.Itoa(n)+" of "+strconv.Itoa(a.Count)+" events were taken, and nobody knows which")}
		if a.Count > 1 {
			v.Outcome = Split
		}
	}
	return v
}

// The doubts about a 2xx.
const (
	doubtPage  = "the answer is a page, not that of an API; is a proxy or a login between, is url right?"
	doubtError = "the answer tells of an error"
	doubtKnown = "the reply is not the one that is documented, nobody knows what was taken"
)

// doubtOf says why a 2xx with this body is no delivery; "" when nothing speaks against it. It allocates only when
// something does, or seems to.
func doubtOf(body []byte) string {
	if page(body) {
		return doubtPage
	}
	if bytes.Contains(body, []byte(`"error`)) || bytes.Contains(body, []byte(`"success"`)) && bytes.Contains(body, []byte("false")) {
		var reply struct {
			Success       *json.RawMessage
			Error, Errors json.RawMessage
		}
		if json.Unmarshal(body, &reply) != nil || reply.Success != nil && string(*reply.Success) == "false" || says(reply.Error) || says(reply.Errors) {
			return doubtError
		}
	}
	return ""
}

// page says that a body is HTML or XML, as proxies, logins and captive portals answer, with 200 too.
func page(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(body) > 0 && body[0] == '<'
}

// says tells an error from a member that is there and says nothing.
func says(raw json.RawMessage) bool {
	switch string(bytes.Join(bytes.Fields(raw), nil)) {
	case "", "null", "false", "0", `""`, "[]", "{}":
		return false
	}
	return true
}
