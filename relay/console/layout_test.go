package console

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPretty(t *testing.T) {
	f := func(compact, want string) {
		t.Helper()
		got, cut := pretty([]byte(compact), 1<<20)
		if got != want || cut {
			t.Errorf("%s is shown as\n%s\nwant\n%s", compact, got, want)
		}
	}
	f(`{}`, `{}`)
	f(`[]`, `[]`)
	f(`{"a":{},"b":[],"c":[1,{"d":null}]}`, "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [\n    1,\n    {\n      \"d\": null\n    }\n  ]\n}")
	f(`{"a:,{}[]\\":"\"x\\"}`, "{\n  \"a:,{}[]\\\\\": \"\\\"x\\\\\"\n}")
	f(`"{"`, `"{"`)
	f(`["[","]"]`, "[\n  \"[\",\n  \"]\"\n]")
	f(``, ``)
}

// TestPrettyIsBounded: what is small and deep must not become large.
func TestPrettyIsBounded(t *testing.T) {
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	if !json.Valid([]byte(deep)) {
		t.Fatal("too deep already")
	}
	text, cut := pretty([]byte(deep), 1000)
	if !cut || len(text) > 1000+indentMax*len(indent)+8 {
		t.Errorf("%d bytes, cut %v", len(text), cut)
	}
	text, cut = pretty([]byte(deep), 1<<30)
	if cut || len(text) > len(deep)*(indentMax*len(indent)+2) {
		t.Errorf("%d bytes, cut %v", len(text), cut)
	}
	if text, cut := pretty([]byte(`"aüü"`), 3); !cut || text != `"a` {
		t.Errorf("%q, cut %v: a character is cut in two", text, cut)
	}
	if text, cut := pretty([]byte(`"aüü"`), 4); !cut || text != `"aü` {
		t.Errorf("%q, cut %v: a whole character is cut off", text, cut)
	}
}

func TestFigures(t *testing.T) {
	f := func(key, value, name, want, exact string) {
		t.Helper()
		got := newFigure(key, []byte(value))
		if got.Name != name || got.Value != want || got.Exact != exact {
			t.Errorf("%s %s is shown as %+v, want %q %q %q", key, value, got, name, want, exact)
		}
	}
	f("accepted", "1284031", "accepted", "1,284,031", "1284031")
	f("accepted", "18446744073709551615", "accepted", "18,446,744,073,709,551,615", "18446744073709551615")
	f("lag", "-1234", "lag", "-1,234", "-1234")
	f("rate", "412.5", "rate", "412.50", "412.5")
	f("rate", "1e300", "rate", "1e+300", "1e300")
	f("logBytes", "734003200", "log", "700 MiB", "734003200 bytes")
	f("log_bytes", "-1", "log", "0 B", "-1 bytes")
	f("bytes", "10", "bytes", "10", "10")
	f("oldest_undelivered_seconds", "0.42", "oldest undelivered", "420ms", "0.42 seconds")
	f("uptimeSeconds", "93784", "uptime", "26h 3m", "93784 seconds")
	f("uptime_seconds", "200000", "uptime", "2d 7h", "200000 seconds")
	f("p99_ms", "1500", "p99", "1.5s", "1500 ms")
	f("p99_ms", "90000", "p99", "1m 30s", "90000 ms")
	f("wait_seconds", "1e300", "wait", "53375d 23h", "1e300 seconds")
	f("full", "false", "full", "no", "")
	f("full", "true", "full", "yes", "")
	f("state", `"enabled"`, "state", "enabled", "")
	f("count", `"12"`, "count", "12", "")
	f("last", "null", "last", "–", "")
}

func TestSections(t *testing.T) {
	f := func(stats any, want string) {
		t.Helper()
		list, err := sections(stats)
		var b strings.Builder
		for _, s := range list {
			b.WriteString("[" + s.Name + "]")
			for _, f := range s.Figures {
				b.WriteString(" " + f.Name + "=" + f.Value)
			}
			for _, row := range s.Rows {
				b.WriteString(" |")
				for _, f := range row {
					b.WriteString(" " + f.Name + "=" + f.Value)
				}
			}
		}
		if b.String() != want || err != nil {
			t.Errorf("got  %s, %v\nwant %s", b.String(), err, want)
		}
	}
	type hook struct {
		Name string `json:"name"`
		Lag  *int   `json:"lag,omitempty"`
		More any    `json:"more"`
	}
	lag := 3
	f(struct {
		Webhooks []hook         `json:"webhooks"`
		B        int            `json:"b"`
		Log      map[string]any `json:"logState"`
		A        int            `json:"a"`
	}{[]hook{{"crm", &lag, map[string]int{}}, {"archive", nil, []int{1}}}, 1, map[string]any{"x": 1, "y": []int{}}, 2},
		"[] b=1 a=2[webhooks] | name=crm lag=3 | name=archive lag=–[log state] x=1")
	f(struct{}{}, "[]")
	f(nil, "")
	f([]int{1}, "")
	f(12, "")
	f(map[string]any{"list": []int{1, 2}}, "[][list]")
	if _, err := sections(func() {}); err == nil {
		t.Error("what is no JSON is no fault")
	}
	many, err := sections(map[string]any{"rows": make([]hook, rowsMax+7)})
	if err != nil || len(many[1].Rows) != rowsMax || many[1].More != 7 {
		t.Errorf("%d rows, %d more: %v", len(many[1].Rows), many[1].More, err)
	}
}
