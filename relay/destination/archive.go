package destination

import (
	"slices"
	"strings"
	"time"

	"edgerelay/relay/format"
)

// What one object of an archive holds. 8 MiB are some ten thousand events, 1 MiB once compressed: a minute's worth of 200
// events a second, and a size that readers of many objects still like. It is in memory while it is shipped.
const (
	archiveEvents = 50_000
	archiveBytes  = 8 << 20
	archiveAge    = time.Minute

	// exportBytes is less: an export's batch is on its way to this machine's own disk.
	exportBytes = 1 << 20
)

// archiveSettings are those that all archives take, behind a type's own.
func archiveSettings(own ...Setting) []Setting {
	own = append(own,
		Setting{Name: "prefix", Text: `what the names of all objects begin with, such as "edgerelay/events"`},
		Setting{Name: "format", Text: "ndjson, or csv; csv where every is set, else ndjson", Choices: []string{"ndjson", "csv"}},
		Setting{Name: "compression", Text: "of each object", Default: "gzip", Choices: []string{"gzip", "zstd", "none"}},
	)
	return slices.Concat(own, columnSettings(), exportSettings())
}

// columnSettings are those of CSV.
func columnSettings() []Setting {
	return []Setting{
		{Name: "columns", Text: `of csv: "time,event,Who=visitorId,Plan=properties.plan"`, Default: format.ColumnsAll},
		{Name: "csv_guard", Text: "whether an apostrophe goes before texts that a spreadsheet takes for a formula", Default: "yes", Choices: []string{"yes", "no"}},
	}
}

// planArchive is the plan of an archive, but for what is its type's own. It fills in settings whose default depends on
// others.
func planArchive(s *Settings, fault func(field, text string, args ...any)) *Plan {
	checkPrefix(s.Of("prefix"), fault)
	checkAt(s.Of("at"), fault)
	if s.Of("format") == "" {
		s.More["format"] = "ndjson"
		if s.Of("every") != "" {
			s.More["format"] = "csv"
		}
	}
	plan := &Plan{
		Carrier: true,
		Archive: true,
		Body:    Body{Item: format.Archive, Between: "\n", Close: "\n"},
		Batch:   Batch{Count: archiveEvents, Bytes: archiveBytes, Age: archiveAge},
	}
	if s.Of("format") == "csv" {
		rows, header, err := format.CSV(s.Of("columns"), s.Of("csv_guard") == "yes")
		if err != nil {
			fault("settings.columns", "%v", err)
		}
		plan.Body = Body{Open: header + "\r\n", Item: rows, Between: "\r\n", Close: "\r\n"}
	}
	if s.Of("every") != "" { // batches are parts of a file, whose first row stands at its beginning only
		plan.Body.Open, plan.Batch.Bytes = "", exportBytes
	}
	return plan
}

// join is a path of parts that are not empty.
func join(parts ...string) string {
	path := ""
	for _, part := range parts {
		switch part = strings.TrimRight(part, "/"); {
		case part == "":
		case path == "" || part[0] == '/':
			path += part
		default:
			path += "/" + part
		}
	}
	return path
}

// prefixMax bounds a prefix in bytes: S3 has room for 1024 in a whole key.
const prefixMax = 500

// checkPrefix refuses what is no path everywhere. The prefix is a key's beginning for S3, and folders elsewhere.
func checkPrefix(prefix string, fault func(field, text string, args ...any)) {
	parts := strings.Split(strings.Trim(prefix, "/"), "/")
	switch {
	case len(prefix) > prefixMax:
		fault("settings.prefix", "is %d bytes long; it may have %d", len(prefix), prefixMax)
	case prefix == "":
	case slices.Contains(parts, "") || slices.Contains(parts, ".") || slices.Contains(parts, ".."):
		fault("settings.prefix", `is not a path like "edgerelay/events"; leave out empty parts, "." and ".."`)
	case strings.ContainsFunc(prefix, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == 0xFFFD }):
		fault("settings.prefix", "has a backslash or a control character in it; leave it out")
	}
}
