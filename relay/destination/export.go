package destination

import (
	"time"
)

// What exports have in common.
const (
	atText = `when a file is shipped, in hours and minutes UTC after its period's end; what comes later goes with the next`
	atIf   = "02:00"
)

func periods() []string { return []string{"daily", "weekly", "monthly"} }

// exportSettings make an export of an archive.
func exportSettings() []Setting {
	return []Setting{
		{Name: "every", Text: "has batches collected and shipped as one file a period (UTC); else each batch is an object", Choices: periods()},
		{Name: "at", Text: atText, Default: atIf},
	}
}

// checkAt refuses what is no time of day.
func checkAt(at string, fault func(field, text string, args ...any)) {
	if _, err := time.Parse("15:04", at); at != "" && err != nil {
		fault("settings.at", `%q is no time of day; write it like "02:00"`, at)
	}
}
