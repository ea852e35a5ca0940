package destination

import (
	"errors"
	"net/mail"
	"net/url"
	"strings"
)

// exportMail is a CSV file by mail, every day, week or month (seed 001), through the mail server of [smtp].
var exportMail = Type{
	Name: "mail", Title: "Mail",
	NoAddress: true,
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
