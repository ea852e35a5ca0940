package relay

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// notOnDashboard are metrics of the relay that the dashboard leaves out, each with its reason.
var notOnDashboard = map[string]string{}

// ofPrometheus are the labels that Prometheus adds to all that it scrapes.
var ofPrometheus = []string{"job", "instance"}

// TestDashboardShowsWhatThereIs holds the Grafana dashboard against a relay at work: each metric, label and label value in
// its queries is there, and all of the relay's metrics are on it.
func TestDashboardShowsWhatThereIs(t *testing.T) {
	seen := scrape(t)
	used := map[string]bool{}
	for _, q := range dashboardQueries(t) {
		expr := seen.check(t, q.title, q.expr)
		for _, name := range metricsOf(expr) {
			used[seen.family(name)] = true
		}
		for _, label := range legendLabel.FindAllStringSubmatch(q.legend, -1) {
			if !slices.Contains(resultLabels(seen, expr), label[1]) {
				t.Errorf("%s: the legend names %q, which %s does not keep", q.title, label[1], q.expr)
			}
		}
	}
	for _, name := range seen.own {
		reason, left := notOnDashboard[name]
		if !used[name] && !left {
			t.Errorf("%s is on no panel of the dashboard, and no reason is given for that", name)
		}
		if used[name] && left {
			t.Errorf("%s is on the dashboard, though it is left out because %s", name, reason)
		}
	}
}

// TestAlertsAskForWhatThereIs does the same for the alert rules.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	seen := scrape(t)
	for _, rule := range alertRules(t) {
		expr := seen.check(t, rule.Alert, rule.Expr)
		if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s lacks a severity, a summary or a description", rule.Alert)
		}
		if _, err := model.ParseDuration(rule.For); rule.For != "" && err != nil {
			t.Errorf("%s: for: %v", rule.Alert, err)
		}
		for _, text := range rule.Annotations {
			for _, label := range annotationLabel.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(resultLabels(seen, expr), label[1]) {
					t.Errorf("%s names the label %q, which its expression does not keep", rule.Alert, label[1])
				}
			}
		}
	}
}

var (
	legendLabel     = regexp.MustCompile(`{{(\w+)}}`)
	annotationLabel = regexp.MustCompile(`\$labels\.(\w+)`)
)

// alertRule is a rule as Prometheus reads it.
type alertRule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alertRules(t *testing.T) (rules []alertRule) {
	t.Helper()
	text, err := os.ReadFile("console/grafana/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string      `yaml:"name"`
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	strict := yaml.NewDecoder(bytes.NewReader(text))
	strict.KnownFields(true)
	if err := strict.Decode(&file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) == 0 {
		t.Fatal("there are no rules")
	}
	return rules
}

// query is one of the dashboard.
type query struct{ title, expr, legend string }

func dashboardQueries(t *testing.T) (queries []query) {
	t.Helper()
	text, err := os.ReadFile("console/grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the ID %d", p.ID)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			queries = append(queries, query{p.Title, target.Expr, target.LegendFormat})
		}
	}
	for _, v := range board.Templating.List {
		if v.Type != "query" {
			continue
		}
		series, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"), ", ")
		queries = append(queries, query{"variable " + v.Name, "sum by (" + label + ") (" + series + ")", "{{" + label + "}}"})
	}
	return queries
}

// family is the metric that a series is part of.
func (m *metrics) family(series string) string { return m.of[series] }

// check parses an expression and checks all names in it.
func (m *metrics) check(t *testing.T, title, text string) parser.Expr {
	t.Helper()
	text = strings.ReplaceAll(text, "$__rate_interval", "5m")
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Fatalf("%s: %v\n%s", title, err, text)
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			m.checkSelector(t, title, n)
		case *parser.AggregateExpr:
			for _, label := range n.Grouping {
				if !slices.Contains(resultLabels(m, n.Expr), label) {
					t.Errorf("%s: groups by %q, which is no label of %s", title, label, n.Expr)
				}
			}
		case *parser.BinaryExpr:
			if n.VectorMatching == nil {
				break
			}
			for _, label := range n.VectorMatching.MatchingLabels {
				if !slices.Contains(resultLabels(m, n.LHS), label) || !slices.Contains(resultLabels(m, n.RHS), label) {
					t.Errorf("%s: matches on %q, which is not on both sides of %s", title, label, n)
				}
			}
		}
		return nil
	})
	return expr
}

// checkSelector checks that there are such series: a label that is asked to be something is on them, and has had that value.
func (m *metrics) checkSelector(t *testing.T, title string, s *parser.VectorSelector) {
	t.Helper()
	own, found := m.labels[s.Name]
	if !found {
		t.Errorf("%s: there is no metric %q", title, s.Name)
		return
	}
	for _, matcher := range s.LabelMatchers {
		if matcher.Name == "__name__" {
			continue
		}
		values, found := own[matcher.Name]
		exact := matcher.Type == labels.MatchEqual || matcher.Type == labels.MatchNotEqual
		switch {
		case !found:
			t.Errorf("%s: %s has no label %q", title, s.Name, matcher.Name)
		case exact && len(values) > 0 && !values[matcher.Value]:
			t.Errorf("%s: no %s has %s=%q, there is %q", title, s.Name, matcher.Name, matcher.Value, slices.Sorted(maps.Keys(values)))
		}
	}
}

func metricsOf(expr parser.Expr) (names []string) {
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			names = append(names, s.Name)
		}
		return nil
	})
	return names
}

// resultLabels are the labels that an expression's results may have.
func resultLabels(m *metrics, expr parser.Expr) []string {
	switch e := expr.(type) {
	case *parser.VectorSelector:
		return slices.Collect(maps.Keys(m.labels[e.Name]))
	case *parser.MatrixSelector:
		return resultLabels(m, e.VectorSelector)
	case *parser.ParenExpr:
		return resultLabels(m, e.Expr)
	case *parser.AggregateExpr:
		if e.Without {
			return nil // the files group by what they keep
		}
		return e.Grouping
	case *parser.Call:
		if e.Func.Name == "absent" {
			return ofPrometheus // of those that the selector gives, and no rule counts on more
		}
		var all []string
		for _, arg := range e.Args {
			all = append(all, resultLabels(m, arg)...)
		}
		if e.Func.Name == "histogram_quantile" {
			all = slices.DeleteFunc(all, func(label string) bool { return label == "le" })
		}
		return all
	case *parser.BinaryExpr:
		return append(slices.Clone(resultLabels(m, e.LHS)), resultLabels(m, e.RHS)...)
	}
	return nil
}
