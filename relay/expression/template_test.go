package expression

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"edgerelay/relay/event"
)

func TestTemplateJSON(t *testing.T) {
	v := begin(sample(`{"q":"say \"hi\"\n\u0001","n":12345678901234567890123,"f":0.1,"b":true,"z":null,"o":{"y":[1,{}],"x":"é"},"l":["a",null],"e":{}}`))
	f := func(text, want string) {
		t.Helper()
		template, err := CompileTemplate(text, JSONBody)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := template.Append([]byte("before "), v)
		if string(got) != "before "+want || err != nil {
			t.Errorf("%s:\n%s\n%s %v", text, got, want, err)
		}
	}
	// Values.
	f(`{{ visitor }}`, `"ann@example.com"`)
	f(`{ "a": {{ timestamp }}, "b": {{event}}, "c" : [ {{ time }} ] }`, `{"a":1626805075,"b":"trackEventReceived","c":["2021-07-20T18:17:55.123Z"]}`)
	f(`{"p":{{ properties.o }}}`, `{"p":{"y":[1,{}],"x":"é"}}`)
	f(`[{{ properties.n }},{{ properties.f }},{{ properties.b }},{{ properties.z }},{{ properties.nope }}]`, `[12345678901234567890123,0.1,true,null,null]`)
	f(`[{{ properties.l }},{{ ids }},{{ guide }},{{ guide.id }},{{ properties.e }}]`, `[["a",null],["guide-1","guide-2"],null,null,{}]`)
	f(`{{ {b: properties.o, "a": [1, 1.0, 2 / 4, nil, true, "x"]} }}`, `{"a":[1,1,0.5,null,true,"x"],"b":{"x":"é","y":[1,{}]}}`)
	f(`{{ map(properties.l, text(#) + "!") }}`, `["a!","!"]`)
	f(`{{ properties.f > 0 ? "much" : "little" }}`, `"much"`)

	// In strings.
	f(`"{{ properties.q }}"`, `"say \"hi\"\n\u0001"`)
	f(`"{{ properties.q + "" }}, {{ upper(properties.q) }}"`, `"say \"hi\"\n\u0001, SAY \"HI\"\n\u0001"`)
	f(`"{{ properties.n }} {{ properties.f + 1 }} {{ properties.b }}"`, `"12345678901234567890123 1.1 true"`)
	f(`"[{{ properties.z }}{{ properties.nope }}{{ nil }}]"`, `"[]"`)
	f(`"{{ properties.o }} {{ [1, "a"] }} {{ {a: nil} }}"`, `"{\"y\":[1,{}],\"x\":\"é\"} [1,\"a\"] {\"a\":null}"`)
	f(`{"{{ event }}.{{ name }}": "\"{{ account }}\\{{ app }}"}`, `{"trackEventReceived.paid":"\"acme \"1\"\\shop"}`)
}

// What a template prints is what JSON.stringify(JSON.parse(x)) would print.
func TestTemplateIsStable(t *testing.T) {
	v := begin(sample(`{"k":"7"}`))
	f := func(text, want string) {
		t.Helper()
		template, err := CompileTemplate(text, JSONBody)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got, err := template.Append(nil, v); string(got) != want || err != nil {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	f(`{"b": 1.0, "{{ properties.k }}": "\u00e9\/", "b": 1e3}`, `{"7":"é/","b":1000}`)
	f("\n[ {{ 1.50 }} ,\t{{ 1e21 * 1 }} , {{ 1 / 0 }} ]\n", `[1.5,1e+21,null]`)
}

func TestTemplateText(t *testing.T) {
	v := begin(sample(`{"q":"a b/ü&?\r\nX-Evil: 1","dots":"..","dot":"."}`))
	f := func(kind TemplateKind, text, want string) {
		t.Helper()
		template, err := CompileTemplate(text, kind)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := template.Append(nil, v)
		if string(got) != want || err != nil {
			t.Errorf("%s: %q %v", text, got, err)
		}
	}
	f(TextBody, `{{ visitor }} did {{ name }}, {{ properties.q }} {{ properties.nope }}{{ ids }}.`, "ann@example.com did paid, a b/ü&?\r\nX-Evil: 1 [\"guide-1\",\"guide-2\"].")
	f(TextBody, `no place, but } }} {`, `no place, but } }} {`)
	f(TextBody, `{{ "{{" }}x{{ "}}" }} {{ '{{' + "\"}}" }} {{{a: {b: 1}}}}`, `{{x}} {{"}} {"a":{"b":1}}`)
	f(TextBody, ``, ``)
	f(Header, `Bearer {{ properties.q }}{{ nil }}`, `Bearer a b/ü&?X-Evil: 1`)
	f(URL, `https://example.com/u/{{ visitor }}/e?q={{ properties.q }}&n={{ timestamp }}`,
		`https://example.com/u/ann%40example.com/e?q=a%20b%2F%C3%BC%26%3F%0D%0AX-Evil%3A%201&n=1626805075`)
	f(URL, `http://[::1]:80?{{ "a=b" }}`, `http://[::1]:80?a%3Db`)
	f(URL, `https://example.com`, `https://example.com`)
	f(URL, `https://example.com/x{{ properties.dots }}/?q={{ properties.dots }}`, `https://example.com/x../?q=..`)
	f(URL, `https://example.com/{{ properties.nope }}...`, `https://example.com/...`)
}

func TestTemplateFails(t *testing.T) {
	v := begin(sample(`{"long":"` + strings.Repeat("x", 600<<10) + `","text":"a","dots":"..","dot":".","up":"../../admin","over":"a\\..\\b","deep":` + strings.Repeat("[", 511) + strings.Repeat("]", 511) + `}`))
	f := func(kind TemplateKind, text, want string) {
		t.Helper()
		template, err := CompileTemplate(text, kind)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := template.Append([]byte("kept"), v)
		if string(got) != "kept" || err == nil || err.Error() != want {
			t.Errorf("%.50s: %v", text, err)
		}
	}
	f(JSONBody, "{\n  \"a\": {{ 1 }},\n  \"b\": {{ properties.text\n > 3 }}}", `4:2: {{ properties.text > 3 }}: cannot compare a text with a number`)
	f(JSONBody, `["{{ properties.long }}", "{{ properties.long }}"]`, `1:31: {{ properties.long }}: the result is too long`)
	f(TextBody, `{{ [properties.long, properties.long] }}`, `1:4: {{ [properties.long, properties.long] }}: the result is too long`)
	f(JSONBody, `[[{{ properties.deep }}]]`, `1:1: json: byte 512: nested deeper than 512`)
	f(URL, `https://example.com/{{ properties.dots }}/x`, `1:1: the URL's path has a segment ".", or "..", which would lead elsewhere`)
	f(URL, `https://example.com/x/.{{ properties.dot }}`, `1:1: the URL's path has a segment ".", or "..", which would lead elsewhere`)
	f(URL, `https://example.com/x/{{ properties.up }}/y`, `1:1: the URL's path has a segment ".", or "..", which would lead elsewhere`)
	f(URL, `https://example.com/x/{{ properties.over }}`, `1:1: the URL's path has a segment ".", or "..", which would lead elsewhere`)
	f(URL, `https://example.com/x/%2E{{ properties.dot }}/`, `1:1: the URL's path has a segment ".", or "..", which would lead elsewhere`)
}

// All places of a template share one allowance.
func TestTemplateIsBounded(t *testing.T) {
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 20_000), ",") + "]"
	v := begin(sample(`{"list":` + list + `}`))
	template, err := CompileTemplate(strings.Repeat(`{{ count(properties.list, # == 2) }}`, 100), TextBody)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Append(nil, v); !errors.Is(err, ErrCost) {
		t.Errorf("%v", err)
	}
	doubled, err := CompileTemplate(`{{ `+doubling(100, "x = [x, x]")+`x }}`, JSONBody)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := doubled.Append(nil, v); !errors.Is(err, errLimit) {
		t.Errorf("%v", err)
	}
}

func TestCompileTemplateFaults(t *testing.T) {
	f := func(kind TemplateKind, text, want string) {
		t.Helper()
		_, err := CompileTemplate(text, kind)
		var fault *Fault
		if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.50s: %v", text, err)
		}
	}
	f(TextBody, "a\n b {{ x", `2:4: "{{" without "}}"; to write two braces, say {{ "{{" }}`)
	f(TextBody, `{{ "}}`, `1:1: "{{" without "}}"`)
	f(TextBody, `{{ }}`, `1:4: {{  }}: the expression is empty`)
	f(TextBody, "é\n {{\n  plan }}", `3:3: {{ plan }}: unknown name plan; a text stands in quotes, a property is written properties.plan; README lists`)
	f(TextBody, `a {{ visitor + }}`, `1:14: {{ visitor + }}: ends too early; something must follow`)
	f(TextBody, strings.Repeat("x", TemplateMax+1), `1:1: the template is longer than 65536 bytes`)
	f(TextBody, strings.Repeat("{{1}}", placesMax+1), `1:1: the template has more than 200 places`)
	f(JSONBody, ``, `1:1: not JSON: unexpected end, a value is missing`)
	f(JSONBody, "{\n\"a\": {{ visitor }}\n\"b\": 1}", `3:1: not JSON: expected ',' or '}' in the object`)
	f(JSONBody, `{{ visitor }}{{ visitor }}`, `1:16: not JSON: unexpected 'n' after the value`)
	f(JSONBody, `{"a": 1{{ visitor }}}`, `1:10: not JSON: expected ',' or '}' in the object`)
	f(JSONBody, `{ {{ visitor }}: 1}`, `1:5: not JSON: expected a key in double quotes`)
	f(JSONBody, `"\{{ visitor }}"`, `1:5: a place behind a backslash`)
	f(JSONBody, `"\u00{{ visitor }}"`, `1:2: not JSON: expected four hex digits`)
	f(JSONBody, `"{{ visitor }}`, `1:15: not JSON: unexpected end in a string`)
	f(Header, "a\r\nb: {{ visitor }}", `1:2: control character in a header`)
	f(URL, `{{ url }}`, `1:1: the URL must begin with "https://" and a host`)
	f(URL, `ftp://example.com/`, `1:1: the URL must begin with`)
	f(URL, `https://{{ visitor }}.example.com/`, `1:9: a place in the host`)
	f(URL, `https://example.com{{ visitor }}/`, `1:20: a place in the host`)
	f(URL, `https:///{{ visitor }}/`, `1:1: not a URL`)
	f(URL, `https://example.com/#{{ visitor }}`, `1:21: a #fragment is never sent`)
	f(URL, `https://example.com/%{{ visitor }}`, `1:21: "%" without two hex digits`)
	f(URL, `https://example.com/a b`, `1:22: a character that must be percent-encoded`)
	f(URL, `https://example.com/../{{ visitor }}`, `1:1: the URL's path has a segment`)
}

func TestTemplatePrefix(t *testing.T) {
	template, err := CompileTemplate(`https://example.com/u/{{ visitor }}`, URL)
	if err != nil || template.Prefix() != `https://example.com/u/` || template.String() != `https://example.com/u/{{ visitor }}` {
		t.Errorf("%q, %v", template.Prefix(), err)
	}
}

func TestTemplateIsSharedByGoroutines(t *testing.T) {
	template, err := CompileTemplate(`{"n":{{ properties.n }},"t":"{{ text(properties.n) + visitor }}"}`, JSONBody)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			v := new(Env)
			var got []byte
			for range 200 {
				v.Begin(sample(fmt.Sprintf(`{"n":%d}`, i)), event.Note{All: true})
				var err error
				got, err = template.Append(got[:0], v)
				if want := fmt.Sprintf(`{"n":%d,"t":"%dann@example.com"}`, i, i); string(got) != want || err != nil {
					t.Errorf("%s, %v", got, err)
				}
				v.End()
			}
		})
	}
	group.Wait()
}
