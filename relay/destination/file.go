package destination

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// archiveFile is a folder of this machine, or one that is mounted (seed 000). A file is there whole or not at all.
var archiveFile = Type{
	Name: "file", Title: "Folder",
	Local:     true,
	NoAddress: true,
	Settings: archiveSettings(
		Setting{Name: "path", Text: "the folder, from the root; left out, it is one of the webhook's own below the data folder", Local: true},
	),
	Plan: planFile,
}

func planFile(s *Settings, fault func(field, text string, args ...any)) *Plan {
	if s.URL != "" {
		fault("url", "is of no use to a webhook of type file; set settings.path")
	}
	switch folder := s.Of("path"); {
	case folder == "":
	case !filepath.IsAbs(folder) || filepath.Clean(folder) != strings.TrimSuffix(folder, string(filepath.Separator)) && filepath.Clean(folder) != folder:
		fault("settings.path", `%q is not a folder from the root without "." and ".."; write it like "/var/lib/edgerelay-archive"`, folder)
	case strings.ContainsRune(folder, 0):
		fault("settings.path", "has a control character in it; leave it out")
	}
	plan := planArchive(s, fault)
	plan.URL = &url.URL{Scheme: "file", Path: path.Join("/", filepath.ToSlash(s.Of("path")))}
	plan.Place = "file://" + join(s.Of("path"), s.Of("prefix"))
	if s.Of("path") == "" {
		plan.Place = "a folder below the data folder"
	}
	return plan
}
