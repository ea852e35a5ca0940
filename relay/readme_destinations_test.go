package relay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/expression"
	"edgerelay/relay/hook"
	"edgerelay/relay/mask"
)

// docs are the two pages that tell of destinations.
var docs = []string{"../README.md", "destination/README.md"}

// readDoc is a page's text.
func readDoc(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// between is what stands in a page between two marks, on lines of their own.
func between(t *testing.T, text, begin, end string) string {
	t.Helper()
	_, rest, begins := strings.Cut(text, begin+"\n")
	inside, _, ends := strings.Cut(rest, end+"\n")
	if !begins || !ends {
		t.Fatalf("nothing stands between %s and %s", begin, end)
	}
	return inside
}

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// fences are the texts in fences of one language.
func fences(text, language string) (all []string) {
	for _, found := range fence.FindAllStringSubmatch(text, -1) {
		if found[1] == language {
			all = append(all, found[2])
		}
	}
	return all
}

// documented loads a text of the docs as "edgerelay check" would, with plausible values for all environment variables.
func documented(t *testing.T, text string) *Config {
	t.Helper()
	c, err := loadDocumented(text, documentedValues(t, text))
	if err != nil {
		t.Fatalf("%s%v", text, err)
	}
	return c
}

// loadDocumented loads a config of the docs beside the app demo.
func loadDocumented(text string, lookup func(name string) (string, bool)) (*Config, error) {
	return loadBytes("README.md", []byte(text+"\n[[app]]\nname = \"demo\"\nkey = \"demo-key\"\n"), lookup)
}

// documentedValues are values that fit a documented config's environment variables.
func documentedValues(t *testing.T, text string) func(name string) (string, bool) {
	t.Helper()
	key := ""
	if strings.Contains(text, "${BIGQUERY_KEY}") || strings.Contains(text, "${SNOWFLAKE_KEY}") {
		key = privateKey(t)
	}
	account, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "my-project", "private_key_id": "1",
		"private_key": key, "client_email": "edge@my-project.iam.gserviceaccount.com"})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"BIGQUERY_KEY": string(account), "SNOWFLAKE_KEY": key,
		"SLACK_WEBHOOK": "https://hooks.slack.com/services/T1/B1/x", "ZAPIER_HOOK": "https://hooks.zapier.com/hooks/catch/1/a/"}
	return func(name string) (string, bool) {
		if value, known := values[name]; known {
			return value, true
		}
		return "0123456789abcdef", true
	}
}

// privateKey is a key as warehouses want one.
func privateKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// TestDocumentedConfigs: check takes every config in the docs, and each type has one of some ten lines under its name.
func TestDocumentedConfigs(t *testing.T) {
	for _, path := range docs {
		for _, text := range fences(readDoc(t, path), "toml") {
			if c := documented(t, text); len(c.Webhooks) == 0 {
				t.Errorf("%s: there is no webhook in\n%s", path, text)
			}
		}
	}
	for name, text := range examples(t) {
		if n := strings.Count(text, "\n"); n > 12 {
			t.Errorf("the config of %s has %d lines", name, n)
		}
	}
}

// examples are the configs of the types, by their names.
func examples(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	var names []string
	for section := range strings.SplitSeq("\n"+readDoc(t, "destination/README.md"), "\n## ") {
		name, text, _ := strings.Cut(section, "\n")
		blocks := fences(text, "toml")
		if len(blocks) == 0 {
			continue
		}
		if c := documented(t, blocks[0]); len(c.Webhooks) != 1 || c.Webhooks[0].Type != name || !c.Webhooks[0].Enabled {
			t.Errorf("the config under %q is not that of one webhook of this type that is on", name)
		}
		all[name] = blocks[0]
		names = append(names, name)
	}
	if want := destination.Names(); !slices.Equal(names, want) {
		t.Errorf("there are configs of %q; want %q", names, want)
	}
	return all
}

// TestDocumentedSettings holds what the docs say of settings against the types.
func TestDocumentedSettings(t *testing.T) {
	page := readDoc(t, "destination/README.md")
	for _, kind := range hook.Types() {
		begin := "<!-- settings " + kind.Name + " -->"
		if got, want := between(t, page, begin, "<!-- /settings -->"), settingsTable(&kind); got != want {
			t.Errorf("below %s should stand:\n%s", begin, want)
		}
	}
}

// settingsTable is what a type takes beyond what all take, as a table in Markdown.
func settingsTable(kind *hook.Type) string {
	var rows strings.Builder
	row := func(name, text string) { fmt.Fprintf(&rows, "| `%s` | %s |\n", name, text) }
	for _, field := range [][2]string{{"url", kind.URL}, {"write_key", kind.WriteKey}, {"access_token", kind.AccessToken}} {
		if field[1] != "" {
			row(field[0], field[1]+"; must be set")
		}
	}
	if len(kind.Regions) > 0 {
		row("region", strings.Join(kind.Regions, ", ")+"; default "+kind.Regions[0])
	}
	for _, s := range kind.Settings {
		text := s.Text
		if len(s.Choices) > 0 {
			text += "; one of " + strings.Join(s.Choices, ", ")
		}
		if s.Default != "" {
			text += "; default `" + s.Default + "`"
		}
		if s.Required {
			text += "; must be set"
		}
		row("settings."+s.Name, text)
	}
	if rows.Len() == 0 {
		return ""
	}
	return "| key | what it is |\n|---|---|\n" + rows.String()
}

// TestDocumentedTypes: the README's table has every type, with the keys, regions and settings that it takes, and what goes
// into a request.
func TestDocumentedTypes(t *testing.T) {
	table := between(t, readDoc(t, "../README.md"), "<!-- destinations -->", "<!-- /destinations -->")
	configs := examples(t)
	var names []string
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		name, isType := strings.CutPrefix(cells[0], "`")
		if !isType {
			continue
		}
		name = strings.TrimSuffix(name, "`")
		names = append(names, name)
		kind, known := hook.TypeByName(name)
		if !known || len(cells) != 5 {
			t.Errorf("no row of a type: %s", line)
			continue
		}
		if want := settingsCell(&kind); cells[3] != want {
			t.Errorf("settings of %s are %q; want %q", name, cells[3], want)
		}
		plan := documented(t, configs[name]).Webhooks[0].Plan
		if want := requestCell(plan); !strings.HasSuffix(cells[4], want) {
			t.Errorf("a request of %s has %q; want %q", name, cells[4], want)
		}
	}
	if want := destination.Names(); !slices.Equal(names, want) {
		t.Errorf("README's table has the types %q; there are %q", names, want)
	}
}

// settingsCell is a type's regions and settings, those that must be set in bold.
func settingsCell(kind *hook.Type) string {
	var all []string
	if len(kind.Regions) > 0 {
		all = append(all, "region: "+strings.Join(kind.Regions, ", "))
	}
	for _, s := range kind.Settings {
		name := "`" + s.Name + "`"
		if s.Required {
			name = "**" + name + "**"
		}
		all = append(all, name)
	}
	if len(all) == 0 {
		return "–"
	}
	return strings.Join(all, "; ")
}

// requestCell is how much goes into a request of a plan.
func requestCell(plan *destination.Plan) string {
	if plan.Settings.Of("every") != "" {
		return "a file a period"
	}
	text, b := "1 event", plan.Batch
	if b.Count > 1 {
		text = fmt.Sprintf("%d events, %s", b.Count, sizeText(b.Bytes))
		if b.Age > 0 {
			text += fmt.Sprintf(", %v s", b.Age.Seconds())
		}
	}
	if plan.Rate > 0 {
		text += fmt.Sprintf("; %v a second", plan.Rate)
	}
	return text
}

// sizeText is a size in the unit in which it is a round one.
func sizeText(n int) string {
	switch {
	case n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1_000_000:
		return fmt.Sprintf("%v MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%v kB", float64(n)/1e3)
}

// TestDocumentedConditions: of the samples of all kinds, each condition takes those that the README says.
func TestDocumentedConditions(t *testing.T) {
	table := between(t, readDoc(t, "../README.md"), "<!-- where -->", "<!-- /where -->")
	tried := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		text, isCondition := strings.CutPrefix(cells[0], "`")
		if !isCondition {
			continue
		}
		text = strings.TrimSuffix(text, "`")
		filter, err := expression.CompileFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var taken []string
		for _, k := range event.Kinds() {
			e := event.Sample(k)
			var env expression.Env
			env.Begin(&e, event.Note{All: true})
			if wanted, err := filter.Match(&env); err != nil {
				t.Errorf("%s of %s: %v", text, k, err)
			} else if wanted {
				taken = append(taken, k.String())
			}
		}
		if len(taken) == 0 {
			taken = []string{"nothing"}
		}
		if got := strings.Join(taken, ", "); len(cells) != 2 || cells[1] != got {
			t.Errorf("%s takes %s", text, got)
		}
		tried++
	}
	if tried < 5 {
		t.Errorf("%d conditions were found", tried)
	}
}

// section is a part of the README by its headline.
func section(t *testing.T, headline string) string {
	t.Helper()
	text := readDoc(t, "../README.md")
	_, rest, found := strings.Cut(text, "\n"+headline+"\n")
	if !found {
		t.Fatalf("README has no %q", headline)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

// TestDocumentedMask: the properties that the README shows leave as it shows.
func TestDocumentedMask(t *testing.T) {
	text := section(t, "## What does not leave")
	w := documented(t, fences(text, "toml")[0]).Webhooks[0]
	shown := fences(text, "json")
	if len(shown) != 2 {
		t.Fatalf("%d objects are shown; want one, and what leaves of it", len(shown))
	}
	properties, err := new(event.Stable).Append(nil, []byte(shown[0]))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(w.Mask.AppendObject(nil, properties, &mask.Scratch{})); got+"\n" != shown[1] {
		t.Errorf("what leaves is\n%s\nwant\n%s", got, shown[1])
	}
}

// TestDocumentedTemplates: the request that the README shows is made of the sample.
func TestDocumentedTemplates(t *testing.T) {
	text := section(t, "## Requests of your own")
	w := documented(t, fences(text, "toml")[0]).Webhooks[0]
	e := event.Sample(event.TrackEventReceived)
	var env expression.Env
	env.Begin(&e, event.Note{All: true})
	template := w.Plan.Template
	uri, err := template.AppendURI(nil, &env)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %s\n", w.Plan.Method, uri)
	for i := range template.Header {
		value, err := template.Header[i].Append(nil, &env)
		if err != nil {
			t.Fatal(err)
		}
		got += fmt.Sprintf("%s: %s\n", template.Header[i].Name, value)
	}
	body, err := template.AppendBody(nil, &env)
	if err != nil {
		t.Fatal(err)
	}
	if got += "\n" + string(body) + "\n"; got != fences(text, "http")[0] {
		t.Errorf("the request is\n%s", got)
	}
}

var (
	headline = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link     = regexp.MustCompile(`\]\(([^)#]*)#([^)]*)\)`)
)

// TestDocumentedLinks: each link into a page of the docs leads to one of its headlines.
func TestDocumentedLinks(t *testing.T) {
	anchors := func(path string) (all []string) {
		for _, found := range headline.FindAllStringSubmatch(readDoc(t, path), -1) {
			all = append(all, strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(found[1], ",", "")), " ", "-"))
		}
		return all
	}
	pages := map[string][]string{"../../README.md": anchors("../README.md")}
	for _, path := range docs {
		pages[""] = anchors(path)
		for _, found := range link.FindAllStringSubmatch(readDoc(t, path), -1) {
			if !slices.Contains(pages[found[1]], found[2]) && !strings.HasPrefix(found[1], "https://") {
				t.Errorf("%s: the link %s#%s leads nowhere", path, found[1], found[2])
			}
		}
	}
}
