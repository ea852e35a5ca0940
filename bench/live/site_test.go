package live

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"testing"
)

//go:embed site
var pages embed.FS

// site is the product whose users are watched: its pages, and the clients as npm installed them.
type site struct {
	server *httptest.Server
}

func startSite(t *testing.T) *site {
	t.Helper()
	installed := need(t, packages)
	own, err := fs.Sub(pages, "site")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(own))
	mux.HandleFunc("/npm/", func(w http.ResponseWriter, r *http.Request) { serveModule(w, installed, r.URL.Path[len("/npm"):]) })
	s := &site{httptest.NewServer(mux)}
	t.Cleanup(s.server.Close)
	return s
}

// serveModule serves a file of a package. Bundlers import JSON as it is; browsers want the type to be said.
func serveModule(w http.ResponseWriter, installed, name string) {
	file, err := os.ReadFile(filepath.Join(installed, filepath.FromSlash(path.Clean(name))))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	switch path.Ext(name) {
	case ".json":
		w.Header().Set("Content-Type", "application/json")
	case ".js", ".mjs":
		w.Header().Set("Content-Type", "text/javascript")
	}
	_, _ = w.Write(bytes.ReplaceAll(file, []byte(`.json';`), []byte(`.json' with { type: 'json' };`)))
}
