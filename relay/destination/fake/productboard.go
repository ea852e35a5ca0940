package fake

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"unicode/utf16"
)

// Productboard is the endpoint of notes, version 2. It knows no repeats, and books a note by its recordId. What it takes
// follows Productboard's pages on creating notes and on rich text; which bodies its errors have, the gateway's among them,
// follows what segevsh/w6w-apps (apps/productboard/lib/client.ts) measured.
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
		Type   string `json:"type"`
		Fields struct {
			Name    string `json:"name"`
			Content string `json:"content"`
			Tags    []struct {
				Name string `json:"name"`
			} `json:"tags"`
			Owner *struct {
				Email string `json:"email"`
			} `json:"owner"`
		} `json:"fields"`
		Metadata struct {
			Source struct {
				System   string `json:"system"`
				RecordID string `json:"recordId"`
			} `json:"source"`
		} `json:"metadata"`
		Relationships []struct {
			Type   string `json:"type"`
			Target struct {
				Type  string `json:"type"`
				Email string `json:"email"`
			} `json:"target"`
		} `json:"relationships"`
	} `json:"data"`
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
	case r.Header.Get("Authorization") == "":
		p.Broke("no authorization")
		answerJSON(w, 401, `{"message":"Unauthorized"}`)
	case r.Header.Get("Authorization") != "Bearer "+p.token:
		p.Broke("authorization")
		answerJSON(w, 401, `{"message":"Bad token; invalid JSON"}`)
	case r.Header.Get("Content-Type") != "application/json":
		p.refuse(w, 415, "contentType", "must be application/json")
	case strictJSON(body, &in) != nil:
		p.refuse(w, 400, "validation.json", strictJSON(body, &in).Error())
	default:
		p.note(w, &in)
	}
}

// richText are the tags that Productboard's page on rich text lists. Notes lose what else they have, so that a line break
// is gone without a trace; and every tag must be closed.
const richText = " h1 h2 p b i u code ul ol li a hr pre blockquote s "

// richTextFault is what is wrong with a text of HTML; "" when nothing is.
func richTextFault(text string) string {
	d := xml.NewDecoder(strings.NewReader("<p>" + text + "</p>"))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return ""
		}
		if err != nil {
			return err.Error()
		}
		if start, ok := token.(xml.StartElement); ok && !strings.Contains(richText, " "+start.Name.Local+" ") {
			return "<" + start.Name.Local + "> is no tag of rich text"
		}
	}
}

func (p *Productboard) note(w http.ResponseWriter, in *productboardNote) {
	if code, detail := in.fault(); code != "" {
		p.refuse(w, 400, code, detail)
		return
	}
	d := &in.Data
	for _, one := range d.Relationships {
		if !p.users[one.Target.Email] { // no rule is broken: nobody can know from outside
			answerJSON(w, 404, `{"id":"0192f0c4","errors":[{"code":"resource.notFound","title":"Not found","detail":"User not found"}]}`)
			return
		}
	}
	p.Take(d.Metadata.Source.RecordID)
	answerJSON(w, 201, `{"data":{"id":"a38f981d-52da-47b1-818c-fbaa9ab56e0c","type":"textNote","links":{"self":"https://api.productboard.com/v2/notes/a38f981d-52da-47b1-818c-fbaa9ab56e0c"}}}`)
}

// fault is the rule that a note breaks, and how; "" when it breaks none.
func (in *productboardNote) fault() (code, detail string) {
	d := &in.Data
	name := len(utf16.Encode([]rune(d.Fields.Name)))
	switch {
	case d.Type != "textNote":
		return "validation.type", d.Type
	case name == 0 || name > 255:
		return "validation.name", "1 to 255 characters"
	case richTextFault(d.Fields.Content) != "":
		return "validation.content", richTextFault(d.Fields.Content)
	case d.Fields.Owner != nil && !strings.Contains(d.Fields.Owner.Email, "@"):
		return "validation.owner", d.Fields.Owner.Email
	case d.Metadata.Source.System == "" || len(d.Metadata.Source.RecordID) != 40:
		return "validation.metadata", "source"
	case len(d.Relationships) > 1:
		return "validation.relationships", "a note has one customer"
	}
	for _, tag := range d.Fields.Tags {
		if tag.Name == "" {
			return "validation.tags", "no name"
		}
	}
	for _, one := range d.Relationships {
		if one.Type != "customer" || one.Target.Type != "user" || !strings.Contains(one.Target.Email, "@") {
			return "validation.relationships", one.Type + " " + one.Target.Type
		}
	}
	return "", ""
}

func (p *Productboard) refuse(w http.ResponseWriter, status int, code, detail string) {
	p.Broke("%d %s %s", status, code, detail)
	text, _ := json.Marshal(detail)
	answerJSON(w, status, `{"id":"0192f0c4","errors":[{"code":"%s","title":"Refused","detail":%s}]}`, code, text)
}
