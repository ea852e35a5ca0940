package destination

import (
	"errors"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"edgerelay/relay/format"
)

// exportMail is a CSV file by mail, every day, week or month (seed 001), through the mail server of [smtp].
var exportMail = Type{
	Name: "mail", Title: "Mail",
	Settings: append([]Setting{
		{Name: "to", Text: "who gets the file; several addresses with commas between", Required: true},
		{Name: "every", Text: "how much one file holds", Default: "daily", Choices: periods()},
		{Name: "at", Text: atText, Default: atIf},
		{Name: "compression", Text: "of the file", Default: "none", Choices: []string{"none", "gzip"}},
	}, columnSettings()...),
	Plan: planMail,
}

func planMail(s *Settings, fault func(field, text string, args ...any)) *Plan {
	if s.URL != "" {
		fault("url", "is of no use to a webhook of type mail; set settings.to")
	}
	if _, err := Recipients(s.Of("to")); err != nil {
		fault("settings.to", "%v", err)
	}
	s.More["format"] = "csv"
	plan := planArchive(s, fault)
	plan.URL = &url.URL{Scheme: "mailto", Path: "/"}
	plan.Place = "mailto:" + s.Of("to")
	return plan
}

// recipientsMax bounds who gets one mail; more people are better served by a list's address.
const recipientsMax = 20

// Recipients are the bare addresses in a list with commas between.
func Recipients(list string) ([]string, error) {
	var to []string
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if a, err := mail.ParseAddress(one); err != nil || a.Address != one {
			return nil, errors.New(`is not a mail address, or several with commas between; write it like "analysts@example.com"`)
		}
		to = append(to, one)
	}
	if len(to) > recipientsMax {
		return nil, errors.New("has more than 20 addresses; set it to a list's address")
	}
	return to, nil
}

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

func columnSettings() []Setting {
	return []Setting{
		{Name: "columns", Text: `of csv: "time,event,Who=visitorId,Plan=properties.plan"`, Default: format.ColumnsAll},
		{Name: "csv_guard", Text: "whether an apostrophe goes before texts that a spreadsheet takes for a formula", Default: "yes", Choices: []string{"yes", "no"}},
	}
}

// checkAt refuses what is no time of day.
func checkAt(at string, fault func(field, text string, args ...any)) {
	if _, err := time.Parse("15:04", at); at != "" && err != nil {
		fault("settings.at", `%q is no time of day; write it like "02:00"`, at)
	}
}
