package relay

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics is what a relay showed.
type metrics struct {
	labels map[string]map[string]map[string]bool // of each series name: the labels, and the values of each
	of     map[string]string                     // series name → metric
	own    []string                              // the metrics that the relay registered itself
}

// scrape has a relay do a little of everything and reads its /metrics.
func scrape(t *testing.T) *metrics {
	to := newTarget(t)
	r := run(t, fmt.Sprintf("[telemetry]\notlp = %q\n", newCollector(t).URL)+"[smtp]\nserver = \"127.0.0.1:1\"\nfrom = \"relay@example.com\"\n"+
		reloadApp+fmt.Sprintf("key = \"k2\"\nupstream = %q\n", to.URL)+reloadHook("a", to.URL, "trackEventReceived")+"where = 'visitor != nil'\n"+
		"[[webhook]]\nname = \"report\"\ntype = \"file\"\nenabled = true\nevents = [\"trackEventReceived\"]\nsettings = { every = \"daily\" }\n")
	r.track("k1", "one")
	to.wait(`"one"`)
	for path, status := range map[string]int{"/data/ptm.gif/k2?jzb=eJyLjgUAARUAuQ": http.StatusOK, "/data/ptm.gif/wrong": http.StatusForbidden} {
		resp, err := http.Get(r.intake + path)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != status {
			t.Fatalf("GET %s: %s", path, resp.Status)
		}
	}
	resp, err := http.Get(r.console + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	m := readMetrics(t, text)
	m.own = registered(r.registry)
	for _, name := range m.own {
		if !slices.Contains(slices.Collect(maps.Values(m.of)), name) {
			t.Errorf("%s is registered and the test's relay does not show it; have it do what makes it appear", name)
		}
	}
	return m
}

var descName = regexp.MustCompile(`fqName: "([^"]+)"`)

// registered are the names that the project's own metrics have.
func registered(r *prometheus.Registry) (names []string) {
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		r.Describe(descs)
	}()
	for d := range descs {
		if m := descName.FindStringSubmatch(d.String()); m != nil && strings.HasPrefix(m[1], "edge_") {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func readMetrics(t *testing.T, text []byte) *metrics {
	t.Helper()
	reader := expfmt.NewTextParser(model.UTF8Validation)
	families, err := reader.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	m := &metrics{labels: map[string]map[string]map[string]bool{}, of: map[string]string{}}
	m.add("up", "up", nil) // which Prometheus makes
	for name, f := range families {
		for _, one := range f.Metric {
			own := map[string]string{}
			for _, l := range one.Label {
				own[l.GetName()] = l.GetValue()
			}
			switch {
			case one.Histogram != nil:
				bucket := maps.Clone(own)
				bucket["le"] = "+Inf"
				m.add(name, name+"_bucket", bucket)
				m.add(name, name+"_sum", own)
				m.add(name, name+"_count", own)
			case one.Summary != nil:
				m.add(name, name+"_sum", own)
				m.add(name, name+"_count", own)
				for _, q := range one.Summary.Quantile {
					own["quantile"] = fmt.Sprint(q.GetQuantile())
					m.add(name, name, own)
				}
			default:
				m.add(name, name, own)
			}
		}
	}
	return m
}

func (m *metrics) add(family, series string, own map[string]string) {
	m.of[series] = family
	if m.labels[series] == nil {
		m.labels[series] = map[string]map[string]bool{}
	}
	for _, name := range ofPrometheus {
		m.labels[series][name] = map[string]bool{}
	}
	for name, value := range own {
		if m.labels[series][name] == nil {
			m.labels[series][name] = map[string]bool{}
		}
		m.labels[series][name][value] = true
	}
}
