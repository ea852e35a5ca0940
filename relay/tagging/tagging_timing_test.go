package tagging

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/catalog"
)

// full is a store with 10,000 rules and 10,000 selectors made by the admin API.
func full(b *testing.B) *rig {
	b.Helper()
	r := rigOn(b, vfs.NewMem(), &File{Apps: []string{"web"}})
	r.fill(Pages, 9_999, `{"app":"web","id":"p%[1]d","name":"Page %[1]d","rules":["//*/accounts/*/section-%[1]d/**"]}`)
	r.fill(Features, 9_999, `{"app":"web","id":"f%[1]d","name":"Feature %[1]d","selectors":["form.form-%[1]d > button.save"]}`)
	return r
}

// BenchmarkCatalog is how long a change takes until it is in force, beside what is written.
func BenchmarkCatalog(b *testing.B) {
	r := full(b)
	b.ReportAllocs()
	for b.Loop() {
		r.look.RLock()
		options := r.shelf.options(r.catalog)
		r.look.RUnlock()
		if _, err := catalog.New(options); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChange is a change until it is on disk and seen, without its catalog.
func BenchmarkChange(b *testing.B) {
	r := full(b)
	for i := 0; b.Loop(); i++ {
		r.mu.Lock()
		before, next, err := r.revise(Ref{List: Pages, ID: "p5000"}, doc(b, fmt.Sprintf(`{"name":"n%d"}`, i)), nil)
		if err == nil {
			err = r.commit(change{before, next})
		}
		r.mu.Unlock()
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	r := full(b)
	for name, q := range map[string]Query{"page": {List: Pages}, "search": {List: Pages, Search: "section-77"}, "app": {List: Features, App: "web", Limit: 1000}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.List(q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTry(b *testing.B) {
	r := full(b)
	for b.Loop() {
		if _, err := r.Try("web", "https://x/accounts/7/section-77/a", `<form class="form-78"><button class="save"><svg/></button></form>`); err != nil {
			b.Fatal(err)
		}
	}
}
