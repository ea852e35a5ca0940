package catalog

import (
	"strings"
	"testing"
)

// matches asks one rule about one URL, as a browser and as a hand would spell the rule.
func matches(t *testing.T, text, url string) bool {
	t.Helper()
	r, err := parseRule(text)
	if err != nil {
		t.Fatalf("rule %q: %v", text, err)
	}
	var a address
	a.parse([]byte(url))
	e, differs := r.escaped()
	return r.match(&a) || differs && e.match(&a)
}

// ruleCases returns closures that expect a rule to match each of the URLs, or none of them.
func ruleCases(t *testing.T) (yes, no func(rule string, urls ...string)) {
	expect := func(want bool) func(string, ...string) {
		return func(rule string, urls ...string) {
			t.Helper()
			for _, url := range urls {
				if got := matches(t, rule, url); got != want {
					t.Errorf("rule %q, URL %q: got %v, want %v", rule, url, got, want)
				}
			}
		}
	}
	return expect(true), expect(false)
}

// The table of Pendo's help page "URLs for Page tagging", in its order, and what it says beside.
func TestRulesOfTheHelpPage(t *testing.T) {
	yes, no := ruleCases(t)
	const index = "https://www.pendo.io/features/platform/index.html"
	yes(index, index, index+"/", index+"?a=b", index+"#top")
	no(index, index+"/users", "https://www.pendo.io/features/platform/Index.html", "https://app.pendo.io/features/platform/index.html")
	yes("https://www.pendo.io/features/*", "https://www.pendo.io/features/platform")
	no("https://www.pendo.io/features/*", index)
	yes(index+"/*/*", index+"/users/17")
	no(index+"/*/*", index+"/users", index+"/users/17/edit")
	yes(index+"/users/**", index+"/users/", index+"/users/17", index+"/users/17/edit?a=b#c")
	no(index+"/users/**", index+"/user", index)
	yes(index+"/users/~contains:dashboard", index+"/users/my-dashboard/3", index+"/users/dashboard")
	no(index+"/users/~contains:dashboard", index+"/users/17", index+"/dashboard", index+"/users/Dashboard")
	yes("https://domain.com/#page1", "https://domain.com/#page1", "https://domain.com#page1")
	no("https://domain.com/#page1", "https://domain.com/#page2", "https://domain.com/", "https://domain.com/#page11")
	yes("https://*", "https://domain.com/#page1", "https://domain.com/#page2", "https://domain.com")
	yes("https://pendo.io?mobile", "https://pendo.io?mobile", "https://pendo.io/?a=1&mobile=yes")
	no("https://pendo.io?mobile", "https://pendo.io", "https://pendo.io?mobiles", "https://pendo.io?a=mobile")
	yes("https://pendo.io?language=english", "https://pendo.io/?language=english&x")
	no("https://pendo.io?language=english", "https://pendo.io?language=englisch", "https://pendo.io?language")
	yes("https://pendo.io?mobile&language=english", "https://pendo.io?language=english&mobile", "https://pendo.io?mobile=1&language=english")
	no("https://pendo.io?mobile&language=english", "https://pendo.io?mobile", "https://pendo.io?language=english")
}

// A regular expression that Pendo made of the rule //*/media_gallery.html stands in public code:
// ^https?://[^/]*/media_gallery\.html/?(?:;[^#]*)?(?:\?[^#]*)?(?:#.*)?$
func TestRuleLooksOverWhatPendoLooksOver(t *testing.T) {
	yes, no := ruleCases(t)
	const rule = "//*/media_gallery.html"
	yes(rule, "http://h/media_gallery.html", "https://h:81/media_gallery.html/", "https://h/media_gallery.html;jsessionid=1",
		"https://h/media_gallery.html/;x?y#z", "https://h/media_gallery.html?a/b", "https://h/media_gallery.html#a?b/c", "//h/media_gallery.html")
	no(rule, "https://h/x/media_gallery.html", "https://h/media_galleryxhtml", "https://h/media_gallery.html//", "https://h/media_gallery.htmls")
}

func TestRuleHosts(t *testing.T) {
	yes, no := ruleCases(t)
	yes("//App.Example.com/a", "https://app.example.com/a", "HTTPS://APP.EXAMPLE.COM/a")
	no("//App.Example.com/a", "https://app.example.com/A", "https://app.example.com:8443/a", "https://www.example.com/a")
	yes("//*.example.com/a", "https://app.example.com/a", "https://a.b.example.com/a", "https://evil.com.example.com/a")
	no("//*.example.com/a", "https://example.com/a", "https://app.example.com.evil.com/a", "https://evil.com/app.example.com/a")
	yes("//localhost:*/a", "http://localhost:3000/a")
	yes("http://h/a", "http://h/a", "HTTP://h/a")
	no("http://h/a", "https://h/a", "//h/a")
	yes("http*://h/a", "http://h/a", "https://h/a")
	yes("/a", "http://h/a", "https://other:1/a", "/a")
	yes("//h**", "https://h", "https://h/a/b?c", "https://h.example.com/a")
	no("//h**", "https://x/h")
	yes("//**/a", "https://h/a")
	no("//**/a", "https://h/b/a")
	yes("//*/a", "http://user:pass@h:1/a", "app://screen/a")
	no("//*/a", "about:blank", "", "a", "data:text/html,/a")
}

func TestRulePaths(t *testing.T) {
	yes, no := ruleCases(t)
	yes("//*/", "https://h", "https://h/", "https://h?a", "https://h/#b", "https://h;x")
	no("//*/", "https://h/a", "https://h//")
	yes("//*/a/", "https://h/a", "https://h/a/")
	yes("//*/user-*/edit", "https://h/user-17/edit", "https://h/user-/edit/")
	no("//*/user-*/edit", "https://h/user/edit", "https://h/user-1/2/edit", "https://h/user-1?/edit")
	yes("//*/*-v*.html", "https://h/a-v2.html", "https://h/a-v-v.html", "https://h/-v.html")
	no("//*/*-v*.html", "https://h/a-v2.htm", "https://h/av2.html", "https://h/a-v2.html5")
	yes("//*/users/*userId*/profile", "https://h/users/17/profile", "https://h/users/a-b/profile")
	no("//*/users/*userId*/profile", "https://h/users/17/settings", "https://h/users/17/x/profile", "https://h/users/profile")
	yes("//*/*parameter*/", "https://h/anything", "https://h/anything/")
	yes("//*/*.pdf*", "https://h/a.pdf", "https://h/a.pdf2") // no name between the stars
	yes("//*/settings/**", "https://h/settings", "https://h/settings/", "https://h/settings/a/b", "https://h/settings;x=1", "https://h/settings?a#b")
	no("//*/settings/**", "https://h/settingsx", "https://h/a/settings/b")
	yes("//*/set**", "https://h/set", "https://h/settings", "https://h/set/a")
	no("//*/set**", "https://h/se", "https://h/a/set")
	yes("/**", "https://h", "https://h/a/b", "/")
	yes("//*/**/edit", "https://h/a/edit", "https://h/a/b/edit/", "https://h//edit")
	no("//*/**/edit", "https://h/edit", "https://h/a/edit/b", "https://h/a/b")
	yes("//*/a/**/b-*/c/**", "https://h/a/x/y/b-1/c/d", "https://h/a/b-/b-2/c")
	no("//*/a/**/b-*/c/**", "https://h/a/b-1/c/d", "https://h/a/x/b-1/d/c")
	yes("//*//a", "https://h//a")
	no("//*//a", "https://h/a")
	yes("//*/a;b", "https://h/a;b")
	yes("//*/über uns", "https://h/%C3%BCber%20uns", "https://h/über uns")
	no("//*/über uns", "https://h/%c3%bcber%20uns")
}

func TestRuleConditions(t *testing.T) {
	yes, no := ruleCases(t)
	yes("//*/a?x=*", "https://h/a?x=1", "https://h/a?x=", "https://h/a?x", "https://h/a?x=1/2")
	no("//*/a?x=*", "https://h/a", "https://h/a?y=1", "https://h/a#?x=1")
	yes("//*/a?x=1*2", "https://h/a?x=1/2", "https://h/a?y&x=12&z")
	yes("//*/a?utm_*", "https://h/a?utm_source=b")
	yes("//*/a?x=", "https://h/a?x=", "https://h/a?x")
	no("//*/a?x=", "https://h/a?x=1")
	yes("//*/a?x=1&x=2", "https://h/a?x=2&x=1")
	yes("//*/a?x=b=c", "https://h/a?x=b=c")
	yes("//*/a?q=grün", "https://h/a?q=gr%C3%BCn")
	yes("//*/a?x#b?c", "https://h/a?x#b?c")
	no("//*/a?x#b?c", "https://h/a#b?c", "https://h/a?x#b")
	yes("//*/a/**?x", "https://h/a/b?x", "https://h/a?y&x")
	yes("?tab=new", "https://h/any/path?tab=new", "?tab=new")
	yes("#top", "https://h/any/path?x#top")
	yes("~contains:dash", "https://h/dash", "https://h/?dash", "https://h/#/dash", "dash")
	no("~contains:dash", "https://dash/a")
	yes("//*/app/~contains:#/users/", "https://h/app/#/users/17", "https://h/app#/users/17")
	yes("//*/app~contains:?", "https://h/app?", "https://h/apps/x?y")
	yes("//*/a?x~contains:dash", "https://h/a?x=1&y=dash", "https://h/a?x#dash")
	no("//*/a?x~contains:dash", "https://h/a/dash?x", "https://h/ab?x=dash", "https://h/a?dash")
	yes("//*/users/~contains:*", "https://h/users/*")
	no("//*/users/~contains:*", "https://h/users/17")
}

func TestRuleErrors(t *testing.T) {
	f := func(rule, want string) {
		t.Helper()
		err := CheckRule(rule)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("rule %q: got error %v, want one with %q", cutText(rule, 40), err, want)
		}
	}
	f("", "empty")
	f(" //*/a", "white space")
	f("//*/a\n", "white space")
	f("//*/a\x00b", "control character")
	f("//*/\xff", "UTF-8")
	f("//*/"+strings.Repeat("a", ruleMax), "2052 bytes; it may have 2048")
	f("www.example.com/a", `write "//www.example.com/a"`)
	f("*", `"/**"`)
	f("**", `"/**"`)
	f("///a", "host is missing")
	f("//", "host is missing")
	f("https:///a", "host is missing")
	f("//"+strings.Repeat("h", 256), "host has 256 bytes")
	f("ht_tp://h/a", "no scheme")
	f("://h/a", "no scheme")
	f("//*/a#", `behind "#"`)
	f("//*/a#b*", `"*" cannot stand behind "#"`)
	f("//*/a#b~contains:c", `~contains: cannot stand behind "#"`)
	f("//*/a~contains:", "nothing stands behind ~contains:")
	f("//*/a?", "no name")
	f("//*/a?x&&y", "no name")
	f("//*/a?=x", "no name")
}

// What URLs can be written like must not lead anywhere: the longest ones cost little.
func TestRuleHostileURLs(t *testing.T) {
	yes, no := ruleCases(t)
	slashes, letters := strings.Repeat("/", 1<<20), strings.Repeat("a", 1<<20)
	yes("/**/a", "https://h/x/a")
	no("/**/b", slashes, "https://h"+slashes, "https://h/"+letters)
	no("//*/*a*a*a*b", "https://h/"+letters)
	no("//*/**a*a*b", "https://h/"+letters)
	no("?a=b", "https://h/?"+strings.Repeat("a&", 1<<19))
	yes("//*/**", "https://"+letters+"/x")
	no("//h/**", "https://"+letters+"/x", letters+"://h/")
	yes("/"+strings.Repeat("a", 100)+"**", "https://h/"+letters)
}
