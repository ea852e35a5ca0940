package page

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"testing"
)

// TestLibraries: the files of others are those that NOTICE.md names, byte for byte, and their licences are beside them.
func TestLibraries(t *testing.T) {
	notice, err := files.ReadFile("library/NOTICE.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{"NOTICE.md": true}
	lines := regexp.MustCompile("(?m)^\\| (\\S+) \\| \\S+ \\| [0-9.]+ \\| \\w+, (\\S+) \\| `([0-9a-f]{64})` \\|$")
	for _, line := range lines.FindAllStringSubmatch(string(notice), -1) {
		content, err := files.ReadFile("library/" + line[1])
		if err != nil {
			t.Fatal(err)
		}
		if digest := sha256.Sum256(content); hex.EncodeToString(digest[:]) != line[3] {
			t.Errorf("%s is not the file that NOTICE.md names", line[1])
		}
		named[line[1]], named[line[2]] = true, true
	}
	all, err := files.ReadDir("library")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if !named[file.Name()] {
			t.Errorf("NOTICE.md does not name %s", file.Name())
		}
	}
	if len(all) != len(named) {
		t.Errorf("NOTICE.md names %d files, there are %d", len(named), len(all))
	}
}

// TestNothingInline: the content security policy forbids scripts and styles in a page, and handlers in its elements.
func TestNothingInline(t *testing.T) {
	all, err := files.ReadDir("template")
	if err != nil {
		t.Fatal(err)
	}
	inline := regexp.MustCompile(`<script(?: [^>]*)?>[^<]|<style|\sstyle=|\son\w+=|javascript:|hx-on|hx-vals='js`)
	for _, file := range all {
		text, err := files.ReadFile("template/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range inline.FindAllString(string(text), -1) {
			t.Errorf("%s has %q", file.Name(), found)
		}
	}
}
