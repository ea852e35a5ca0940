package relay

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is the version of the relay, also in its User-Agent.
const Version = "0.1.0"

// BuildVersion is one line with the version, the commit that the binary was built from, and Go's version.
func BuildVersion() string {
	commit, changed := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
	}
	return fmt.Sprintf("edgerelay %s, commit %s%s, %s %s/%s", Version, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
