package desk

import "slices"

// App is who may send, as an operator sees it. Keys are not shown in full.
type App struct {
	Name            string   `json:"name"`
	Platform        string   `json:"platform"`
	Keys            []string `json:"keys"`             // of SDKs
	IntegrationKeys []string `json:"integration_keys"` // of servers
	Upstream        string   `json:"upstream,omitempty"`
	SegmentTrack    bool     `json:"segment_track"`
	Excluded        int      `json:"excluded"` // patterns of visitors and accounts that yield no event
}

// Apps are the configured apps, in the order of the config file.
func (d *Desk) Apps() []App {
	apps := slices.Clone(d.opt.Apps())
	for i := range apps {
		apps[i].Keys, apps[i].IntegrationKeys = maskAll(apps[i].Keys), maskAll(apps[i].IntegrationKeys)
	}
	return apps
}

func maskAll(keys []string) []string {
	shown := make([]string, len(keys))
	for i, key := range keys {
		shown[i] = maskKey(key)
	}
	return shown
}

// maskKey leaves of a key what tells it from others, at most a quarter of it.
func maskKey(key string) string {
	return key[:min(len(key)/4, 4)] + "••••"
}
