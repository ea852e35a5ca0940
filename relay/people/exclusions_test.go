package people

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func TestExclusions(t *testing.T) {
	f := func(pattern, text string, want bool) {
		t.Helper()
		id := event.AppendString(nil, text)
		visitors, err := NewExclusions([]string{pattern}, nil)
		if err != nil {
			t.Fatal(err)
		}
		accounts, err := NewExclusions(nil, []string{"nobody", pattern})
		if err != nil {
			t.Fatal(err)
		}
		if visitors.Excludes(id, nil) != want || accounts.Excludes(nil, id) != want {
			t.Fatalf("%q on %q: %v, want %v", pattern, text, !want, want)
		}
		if visitors.Excludes(nil, id) || accounts.Excludes(id, nil) || visitors.Excludes(nil, nil) {
			t.Fatalf("%q on %q: the lists are mixed up", pattern, text)
		}
	}
	f("bob", "bob", true)
	f("bob", "Bob", false)
	f("bob", "bobby", false)
	f("test-*", "test-", true)
	f("test-*", "test-1", true)
	f("test-*", "my test-1", false)
	f("test-*", "test", false)
	f("*@example.com", "bob@example.com", true)
	f("*@example.com", "@example.com", true)
	f("*@example.com", "bob@example.com.de", false)
	f("*bot*", "a robot here", true)
	f("*bot*", "bot", true)
	f("*bot*", "bo", false)
	f("a*b", "ab", true)
	f("a*b", "a*b", true)
	f("a*b", "axxb", true)
	f("ab*ba", "aba", false)
	f("a*b*c", "a-b-c", true)
	f("a*b*c", "acb", false)
	f("a*bc*bc*c", "abcbc", false)
	f("a**c", "abc", true)
	f("*", "anybody", true)
	f("**", "anybody", true)
	f("*", "\ud7ff", true)
	f(`say "hi"`, `say "hi"`, true) // escaped in the JSON string
	f("line\n*", "line\nbreak", true)
	f(`a\b`, `a\b`, true)
	f(`a\\b`, `a\b`, false)
	f("*é", "café", true)

	if x, err := NewExclusions(nil, nil); err != nil || x.Excludes([]byte(`"bob"`), []byte(`"a"`)) {
		t.Fatal("empty lists exclude somebody")
	}
	if x, err := NewExclusions([]string{"*"}, []string{"*"}); err != nil || x.Excludes(nil, []byte(`""`)) {
		t.Fatal("nobody is excluded")
	}
	_, err := NewExclusions([]string{"a", ""}, []string{""})
	want := "exclude.visitors[1] is empty; leave it out, or write \"*\" for everybody\n" +
		"exclude.accounts[0] is empty; leave it out, or write \"*\" for everybody"
	if err == nil || err.Error() != want {
		t.Fatal(err)
	}
}

// glob is the stupid way: every split at every star.
func glob(pattern, text string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, before) {
		return false
	}
	for rest := text[len(before):]; ; rest = rest[1:] {
		if glob(after, rest) {
			return true
		}
		if rest == "" {
			return false
		}
	}
}

func FuzzExclusions(f *testing.F) {
	f.Add("test-*", "*@example.com", "a*b*c", "test-1")
	f.Add("*", "**", "ab*ba", "aba")
	f.Add("a", "b*", "*c", `"\`)
	f.Fuzz(func(t *testing.T, one, two, three, text string) {
		if text == "" || strings.Count(one+two+three, "*") > 6 || len(text) > 100 {
			return // nobody; and what the stupid way takes too long for
		}
		id := event.AppendString(nil, text)
		text = string(event.AppendText(nil, id)) // what is not UTF-8 has become U+FFFD
		x, err := NewExclusions([]string{one, two, three}, []string{"x"})
		if err != nil {
			if one != "" && two != "" && three != "" {
				t.Fatal(err)
			}
			return
		}
		want := glob(one, text) || glob(two, text) || glob(three, text)
		if got := x.Excludes(id, nil); got != want {
			t.Fatalf("%q %q %q on %q: %v, want %v", one, two, three, text, got, want)
		}
	})
}

func BenchmarkExclusions(b *testing.B) {
	for _, n := range []int{1, 10, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var list []string
			for i := range n {
				list = append(list, fmt.Sprintf("test-%d-*", i), fmt.Sprintf("*@host%d.example.com", i), fmt.Sprintf("user-%d", i))
			}
			x, err := NewExclusions(list, list)
			if err != nil {
				b.Fatal(err)
			}
			id := []byte(`"somebody@example.org"`)
			b.ReportAllocs()
			for b.Loop() {
				x.Excludes(id, id)
			}
		})
	}
}
