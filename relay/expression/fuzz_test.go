package expression

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// No text makes the compiler or an evaluation panic, and none runs on for ever.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{
		`properties.plan == "pro"`, `any(properties.items, .n > 4)`, `let x = ids; len(x) in [1, 2]`, `!guide?.nps.rating`,
		`properties["a b"] ?? "x" matches "^a+"`, `reduce(properties.items, #acc + #index, 0) ** 2 > 3`, `{a: [1, nil]} == {}`,
		`if event == "x" { true } else { false }`, `join(split(visitor, "@"), 1) | upper() == iso(timestamp)`, `properties.user["tags"][-1]`,
	} {
		f.Add(text)
	}
	e := sample(properties)
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := CompileFilter(text)
		if (filter == nil) == (err == nil) {
			t.Fatalf("%v, %v", filter, err)
		}
		if err != nil {
			return
		}
		first, firstErr := filter.Match(begin(e))
		again, againErr := filter.Match(begin(e))
		if first != again || (firstErr == nil) != (againErr == nil) {
			t.Errorf("%v, %v, then %v, %v", first, firstErr, again, againErr)
		}
	})
}

// Whatever a JSON template makes of whatever event is stable JSON, and it stays the same.
func FuzzTemplateJSON(f *testing.F) {
	for _, text := range []string{
		`{"a":"{{ properties.s }}","b":{{ properties.v }}}`, `{{ properties }}`, `["{{ properties }}",{{ json(properties) }}]`,
		`{"{{ properties.s }}":1,"a":2}`, `"\\{{ lower(properties.s) }}\""`, `[{{ properties.v + 1 }}, {{ {x: properties} }}]`,
	} {
		f.Add(text, "a \"b\"\x00\xff\u2028", `{"2":[1e21,-0],"1":"\ud800"}`)
		f.Add(text, "7", `1.50`)
	}
	f.Fuzz(func(t *testing.T, text, s, value string) {
		var stable event.Stable
		raw := append(event.AppendString([]byte(`{"s":`), s), `,"v":`...)
		properties, err := stable.Append(nil, append(append(raw, value...), '}'))
		if err != nil {
			return
		}
		template, err := CompileTemplate(text, JSONBody)
		if err != nil {
			return
		}
		e := sample(string(properties))
		got, err := template.Append(nil, begin(e))
		again, againErr := template.Append(nil, begin(e))
		if (err == nil) != (againErr == nil) || !bytes.Equal(got, again) {
			t.Fatalf("%s, %v, then %s, %v", got, err, again, againErr)
		}
		if err != nil {
			return
		}
		if twice, err := stable.Append(nil, got); err != nil || !bytes.Equal(got, twice) {
			t.Errorf("%s is not stable: %s, %v", got, twice, err)
		}
	})
}

// Whatever an event holds, it has no say in where a request goes, and cannot begin a header of its own.
func FuzzTemplatePlaces(f *testing.F) {
	f.Add("a/../b?c#d", "x")
	f.Add("..", "%2e")
	f.Add("\r\nA: b", "\x00")
	address, err := CompileTemplate(`https://example.com/a/{{ properties.s }}/{{ properties.u }}?q={{ properties.s }}`, URL)
	if err != nil {
		f.Fatal(err)
	}
	header, err := CompileTemplate(`{{ properties.s }}`, Header)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s, u string) {
		v := begin(sample(`{"s":` + string(event.AppendString(nil, s)) + `,"u":` + string(event.AppendString(nil, u)) + `}`))
		if got, err := address.Append(nil, v); err == nil {
			parsed, err := url.Parse(string(got))
			if err != nil || parsed.Host != "example.com" || parsed.Fragment != "" || parsed.User != nil ||
				strings.Count(parsed.EscapedPath(), "/") != 3 || s != "" && u != "" && parsed.JoinPath().EscapedPath() != parsed.EscapedPath() ||
				len(parsed.Query()) != 1 || utf8.ValidString(s) && parsed.Query().Get("q") != s {
				t.Errorf("%q, %q: %s, %v", s, u, got, err)
			}
		}
		if got, err := header.Append(nil, v); err != nil || bytes.ContainsFunc(got, isControl) {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	})
}
