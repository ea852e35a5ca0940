package freight

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestObjectName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := func(webhook, want string) {
		t.Helper()
		got, err := objectName(&Options{Webhook: webhook, Dir: dir})
		rest, ok := strings.CutPrefix(got, want)
		if err != nil || !ok || !originPattern.MatchString(rest) {
			t.Errorf("%q: %q, %v, want %q and an origin", webhook, got, err, want)
		}
	}
	f("product", "product-")
	f("../../etc/x", "etc-x-") // the name of a folder within a name means nothing
	f("-rf .", "rf-.-")
	f("日本", "")
	f(strings.Repeat("x", 300), strings.Repeat("x", nameMax)+"-")
}

func TestOrigin(t *testing.T) {
	dir := t.TempDir()
	first, err := origin(dir)
	if again, errAgain := origin(dir); err != nil || errAgain != nil || again != first {
		t.Fatalf("%q %v, then %q %v", first, err, again, errAgain)
	}
	if other, err := origin(t.TempDir()); err != nil || other == first {
		t.Errorf("another folder has the origin %q, %v", other, err)
	}
	if err := os.WriteFile(filepath.Join(dir, originFile), nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := origin(dir); err == nil || !strings.Contains(err.Error(), "restore it") {
		t.Errorf("a damaged origin: %v", err)
	}
	if _, err := origin(""); err == nil {
		t.Error("no folder is taken for one")
	}
}
