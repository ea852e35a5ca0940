package fake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf16"
)

// Productboard is the endpoint of notes, version 2. It knows no repeats, and books a note by its recordId.
type Productboard struct {
	Desk
	token string
	users map[string]bool
}

// NewProductboard makes a workspace with these users.
func NewProductboard(token string, users ...string) *Productboard {
	p := &Productboard{token: token, users: map[string]bool{}}
	for _, user := range users {
		p.users[user] = true
	}
	return p
}

type productboardNote struct {
	Data struct {
		Type   string
		Fields struct {
			Name, Content string
			Tags          []struct{ Name string }
		}
		Metadata struct {
			Source struct{ System, RecordID string }
		}
		Relationships []struct {
			Type   string
			Target struct{ Type, Email string }
		}
	}
}

func (p *Productboard) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.Serve(w, r, p.create) }

func (p *Productboard) create(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r)
	var in productboardNote
	switch {
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/v2/notes":
		p.refuse(w, 404, "route.notFound", r.URL.Path)
	case r.Header.Get("X-Version") != "":
		p.refuse(w, 400, "version", "X-Version is of version 1")
	case r.Header.Get("Authorization") != "Bearer "+p.token:
		p.Broke("authorization")
		answerJSON(w, 401, `{"message":"Bad token"}`)
	case r.Header.Get("Content-Type") != "application/json":
		p.refuse(w, 415, "contentType", "must be application/json")
	case json.Unmarshal(body, &in) != nil:
		p.refuse(w, 400, "validation.json", "no JSON")
	default:
		p.note(w, &in)
	}
}

// htmlTag is what notes may hold of HTML here, and that all else is escaped.
var htmlTag = regexp.MustCompile(`</?(p|ul|li|b)>|<br>`)

func (p *Productboard) note(w http.ResponseWriter, in *productboardNote) {
	d := &in.Data
	name := len(utf16.Encode([]rune(d.Fields.Name)))
	switch {
	case d.Type != "textNote":
		p.refuse(w, 400, "validation.type", d.Type)
		return
	case name == 0 || name > 255:
		p.refuse(w, 400, "validation.name", "1 to 255 characters")
		return
	case strings.ContainsAny(htmlTag.ReplaceAllString(d.Fields.Content, ""), "<>"):
		p.refuse(w, 400, "validation.content", "HTML that is not allowed")
		return
	case d.Metadata.Source.System == "" || len(d.Metadata.Source.RecordID) != 40:
		p.refuse(w, 400, "validation.metadata", "source")
		return
	}
	for _, one := range d.Relationships {
		if one.Type != "customer" || one.Target.Type != "user" {
			p.refuse(w, 400, "validation.relationships", one.Type)
			return
		}
		if !p.users[one.Target.Email] { // no rule is broken: nobody can know from outside
			answerJSON(w, 404, `{"errors":[{"code":"resource.notFound","title":"Not found","detail":"User not found"}]}`)
			return
		}
	}
	p.Take(d.Metadata.Source.RecordID)
	answerJSON(w, 201, `{"data":{"id":"a38f981d-52da-47b1-818c-fbaa9ab56e0c","type":"textNote","links":{}}}`)
}

func (p *Productboard) refuse(w http.ResponseWriter, status int, code, detail string) {
	p.Broke("%d %s %s", status, code, detail)
	text, _ := json.Marshal(detail)
	answerJSON(w, status, `{"errors":[{"code":"%s","title":"Refused","detail":%s}]}`, code, text)
}
