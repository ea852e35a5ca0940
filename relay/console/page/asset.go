package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// AssetPath begins the paths of what pages load. It holds nothing that strangers may not see.
const AssetPath = "/asset/"

// sources are what pages load, by name, each made of the files that stand behind one another in it.
var sources = map[string][]string{
	"console.css": {"style/base.css", "style/inspect.css", "style/list.css", "style/form.css", "style/webhook.css", "style/log.css", "style/live.css", "style/catalog.css"},
	"console.js":  {"script/console.js"},
	"chart.js":    {"script/chart.js"},
	"form.js":     {"script/form.js"},
	"inspect.js":  {"script/inspect.js"},
	"live.js":     {"script/live.js"},
	"overview.js": {"script/overview.js"},
	"icon.svg":    {"style/icon.svg"},
	"htmx.js":     {"library/htmx.min.js"},
	"uplot.js":    {"library/uPlot.iife.min.js"},
	"uplot.css":   {"library/uPlot.min.css"},
}

var mediaTypes = map[string]string{
	"css": "text/css; charset=utf-8",
	"js":  "text/javascript; charset=utf-8",
	"svg": "image/svg+xml",
}

// asset is one thing that pages load.
type asset struct {
	kind    string
	content []byte
	version string // of the content, so that a browser may keep it for good
}

func readAssets() (map[string]asset, error) {
	all := map[string]asset{}
	for name, parts := range sources {
		var content bytes.Buffer
		for _, part := range parts {
			text, err := files.ReadFile(part)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			content.Write(text)
		}
		digest := sha256.Sum256(content.Bytes())
		_, suffix, _ := strings.Cut(name, ".")
		all[name] = asset{mediaTypes[suffix], content.Bytes(), hex.EncodeToString(digest[:6])}
	}
	return all, nil
}

// address is where a page finds an asset.
func (p *Pages) address(name string) (string, error) {
	a, ok := p.assets[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return AssetPath + name + "?v=" + a.version, nil
}

// serveAsset answers with an asset. One that was asked for by its version never changes.
func (p *Pages) serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := p.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	if r.URL.Query().Get("v") == a.version {
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	_, _ = w.Write(a.content)
}
