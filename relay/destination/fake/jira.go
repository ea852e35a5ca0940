package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Jira is Jira Cloud's endpoint that makes issues in bulk: its fields are those of IssuesUpdateBean in Atlassian's
// specification of the REST API, as far as they are used here, its answers those of CreatedIssues and ErrorCollection. It
// knows no repeats, and books an issue by the uniqueId in its property edgerelay.event.
type Jira struct {
	Desk
	authorization, project string
	// Refuse is a part of the summaries of issues that are refused, as a workflow's rule would; "" refuses none.
	Refuse string
}

// NewJira makes a site with one project, whose issues are of type Task, that takes this API token of this person.
func NewJira(email, token, project string) *Jira {
	return &Jira{authorization: authorizationOf(email, "", token), project: project}
}

type jiraIssue struct {
	Fields struct {
		Project struct {
			Key string `json:"key"`
		} `json:"project"`
		IssueType struct {
			Name string `json:"name"`
		} `json:"issuetype"`
		Summary     string          `json:"summary"`
		Labels      []string        `json:"labels"`
		Description json.RawMessage `json:"description"`
	} `json:"fields"`
	Properties []struct {
		Key   string `json:"key"`
		Value struct {
			UniqueID   string `json:"uniqueId"`
			Event      string `json:"event"`
			OccurredAt string `json:"occurredAt"`
		} `json:"value"`
	} `json:"properties"`
}

func (j *Jira) ServeHTTP(w http.ResponseWriter, r *http.Request) { j.Serve(w, r, j.create) }

func (j *Jira) create(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r)
	var in struct {
		IssueUpdates []jiraIssue `json:"issueUpdates"`
	}
	switch {
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/rest/api/3/issue/bulk":
		j.refuse(w, 404, "no such resource: "+r.URL.Path)
	case r.Header.Get("Authorization") != j.authorization:
		j.refuse(w, 401, "Client must be authenticated to access this resource.")
	case r.Header.Get("Content-Type") != "application/json":
		j.refuse(w, 415, "Unsupported Media Type")
	case !json.Valid(body) || !utf8.Valid(body):
		j.refuse(w, 400, "There was an error parsing JSON. Check that your request body is valid.")
	case strictJSON(body, &in) != nil:
		j.refuse(w, 400, "Field cannot be set. It is not on the appropriate screen, or unknown: "+strictJSON(body, &in).Error())
	case len(in.IssueUpdates) == 0 || len(in.IssueUpdates) > 50:
		j.refuse(w, 400, fmt.Sprintf("%d issues, must be 1 to 50", len(in.IssueUpdates)))
	default:
		j.make(w, in.IssueUpdates)
	}
}

// make makes the issues that are right and says which are not; when none is, that is a 400.
func (j *Jira) make(w http.ResponseWriter, issues []jiraIssue) {
	var made, failed []string
	for i := range issues {
		one := &issues[i]
		fault := j.fault(one)
		if fault != "" {
			j.Broke("issue %d: %s", i, fault)
		} else if j.Refuse != "" && strings.Contains(one.Fields.Summary, j.Refuse) {
			fault = "Not in this project."
		}
		if fault != "" {
			text, _ := json.Marshal(fault)
			failed = append(failed, fmt.Sprintf(`{"status":400,"elementErrors":{"errorMessages":[],"errors":{"summary":%s}},"failedElementNumber":%d}`, text, i))
			continue
		}
		j.Take(one.Properties[0].Value.UniqueID)
		made = append(made, fmt.Sprintf(`{"id":"%d","key":"%s-%d","self":"https://acme.atlassian.net/rest/api/3/issue/%d"}`, 10000+i, j.project, i, 10000+i))
	}
	status := 201
	if len(made) == 0 {
		status = 400
	}
	answerJSON(w, status, `{"issues":[%s],"errors":[%s]}`, strings.Join(made, ","), strings.Join(failed, ","))
}

// fault is what is wrong with an issue.
func (j *Jira) fault(one *jiraIssue) string {
	f := &one.Fields
	switch {
	case f.Project.Key != j.project:
		return "valid project is required"
	case f.IssueType.Name != "Task":
		return "Specify a valid issue type"
	case strings.TrimSpace(f.Summary) == "":
		return "You must specify a summary of the issue."
	case strings.ContainsAny(f.Summary, "\r\n"):
		return "The summary is invalid because it contains newline characters."
	case len(utf16.Encode([]rune(f.Summary))) > 255:
		return "Summary can't exceed 255 characters."
	case len(one.Properties) != 1 || len(one.Properties[0].Value.UniqueID) != 40:
		return "property"
	case len(f.Description) > 32767:
		return "The entered text is too long."
	}
	for _, label := range f.Labels {
		switch {
		case label == "" || strings.Contains(label, " "):
			return "The label '" + label + "' contains spaces which is invalid."
		case len(utf16.Encode([]rune(label))) > 255:
			return "The label '" + label + "' is too long (max 255)."
		}
	}
	var doc adfNode
	if strictJSON(f.Description, &doc) != nil || doc.Type != "doc" || doc.Version != 1 || doc.broken() {
		return "Operation value must be an Atlassian Document"
	}
	return ""
}

// adfNode is a node of the Atlassian Document Format, as far as it is used here.
type adfNode struct {
	Type    string `json:"type"`
	Version int    `json:"version"`
	Text    string `json:"text"`
	Marks   []struct {
		Type string `json:"type"`
	} `json:"marks"`
	Content []adfNode `json:"content"`
}

// adfInside says which nodes may stand in which, and that a node of the kind must have some.
var adfInside = map[string]string{
	"doc": "paragraph bulletList", "paragraph": "text hardBreak", "bulletList": "listItem", "listItem": "paragraph bulletList",
}

func (n *adfNode) broken() bool {
	switch n.Type {
	case "text":
		return n.Text == "" || n.Content != nil || len(n.Marks) > 1 || len(n.Marks) == 1 && n.Marks[0].Type != "strong"
	case "hardBreak":
		return n.Content != nil || n.Text != ""
	}
	inside, known := adfInside[n.Type]
	if !known || len(n.Content) == 0 || n.Text != "" || n.Marks != nil {
		return true
	}
	for i := range n.Content {
		if !strings.Contains(" "+inside+" ", " "+n.Content[i].Type+" ") || n.Content[i].broken() {
			return true
		}
	}
	return false
}

func (j *Jira) refuse(w http.ResponseWriter, status int, message string) {
	j.Broke("%d %s", status, message)
	text, _ := json.Marshal(message)
	answerJSON(w, status, `{"errorMessages":[%s],"errors":{}}`, text)
}
