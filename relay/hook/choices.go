package hook

import (
	"slices"

	"edgerelay/relay/format"
	"edgerelay/relay/sign"
)

// Choices are the values that some settings can have in this build, for people to choose from. The first of each is the
// default, but for Signatures: there it is that of a webhook with a secret.
type Choices struct {
	Types                       []Type // those that may be made by the admin API
	Formats, Signatures, Orders []string
}

// AllChoices are copies, which the caller may change.
func AllChoices() Choices {
	return Choices{Offered(), defaultFirst(format.Names(), "pendo"), defaultFirst(sign.Names(), sign.Pendo.String()), slices.Clone(orders)}
}

func defaultFirst(names []string, first string) []string {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == first })
	return slices.Insert(names, 0, first)
}
