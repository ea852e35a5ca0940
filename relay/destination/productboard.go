package destination

import (
	"encoding/json"
	"strings"

	"edgerelay/relay/format"
)

// productboard makes a note of each event (version 2 of Productboard's API; version 1 is switched off). The API does not
// make users: a note of a customer whom Productboard does not know is answered with 404 (its guide to the move from version
// 1), which is why notes have no customer unless the settings say so.
var productboard = Type{
	Name: "productboard", Title: "Productboard",
	Single: true,
	Access: "an API token",
	Settings: []Setting{
		{Name: "customer", Text: "whose the note is: the user with the visitor's mail address, who must be in Productboard, or nobody's", Default: "none", Choices: []string{"none", "email"}},
		{Name: "tags", Text: "tags of the notes, with commas between"},
		{Name: "owner", Text: "the mail address of the member who owns the notes"},
		onTimeout("drop"),
	},
	Plan: planProductboard,
}

func planProductboard(s *Settings, fault func(field, text string, args ...any)) *Plan {
	owner := s.Of("owner")
	if owner != "" && (!strings.Contains(owner, "@") || strings.ContainsAny(owner, " \t\r\n")) {
		fault("settings.owner", `%q is no mail address; write it like "pm@example.com"`, owner)
	}
	customer := s.Of("customer") == "email"
	return &Plan{
		URL: endpoint("https://api.productboard.com/v2/notes", s, fault),
		Header: []Header{
			{"Authorization", "Bearer " + s.AccessToken},
			{"Content-Type", "application/json"},
			{"Accept", "application/json"},
		},
		Body: Body{Item: format.Productboard(format.ProductboardOptions{Tags: list(s.Of("tags")), Owner: owner, Customer: customer})},
		// 50 requests a second for each token.
		Rate: 40, Burst: 10,
		Once:  once(s),
		Judge: onlyOnce(once(s), judgeProductboard(customer)),
	}
}

// judgeProductboard makes a judge. customer says that notes are somebody's.
func judgeProductboard(customer bool) func(a *Answer) Verdict {
	return func(a *Answer) Verdict {
		v := judgeReply(a)
		if a.fine() {
			return v
		}
		said := saidByProductboard(a.Body)
		if customer && v.Outcome == Final && (a.Status == 404 || a.Status == 422) {
			v.Well = a.Status == 404 && strings.HasPrefix(said, "resource.notFound")
			said = strings.TrimSpace(`if Productboard does not know the visitor's mail address, make the user there or set settings.customer = "none", then replay. ` + said)
		}
		v.Reason = because(a.Status, said)
		return v
	}
}

// saidByProductboard reads {"errors":[{"code","title","detail"}]}, and the gateway's {"message"}.
func saidByProductboard(body []byte) string {
	var e struct {
		Errors []struct {
			Code   string `json:"code"`
			Title  string `json:"title"`
			Detail string `json:"detail"`
		} `json:"errors"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &e) // what cannot be read says nothing
	said := []string{e.Message}
	for _, one := range e.Errors {
		said = append(said, one.Code, one.Title, one.Detail)
	}
	return strings.TrimSpace(strings.Join(said, " "))
}
