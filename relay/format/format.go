// Package format turns an event into the body of a request: one function for each wire shape, each in its own file, with
// golden files for every kind of event in testdata.
//
// It knows the shapes that receivers document. It knows no webhook, no signature and no HTTP: what a body needs beyond
// the event comes with the event's note. An encoder keeps nothing between calls and is safe concurrently as long as
// nobody changes the event.
//
// All JSON in an event is stable JSON and encoders write their own keys in the order of the documents, so what comes
// out is stable JSON as well: a receiver may parse it, print it again with JSON.stringify, and verify the signature over
// that (seed 001). The same event and note give the same bytes, on every attempt and after every restart.
package format

import "edgerelay/relay/event"

// Encoder appends the body for e to dst and returns the extended slice. n says which of e's IDs the webhook selected.
// The encoder keeps neither e nor n and cannot fail: what e does not have is written in the way that its shape has for
// it. It allocates only to extend dst, but for HubSpot, Jira and Productboard, which take little and want texts for people.
type Encoder func(dst []byte, e *event.Event, n event.Note) []byte

// shapes are the encoders by the name that a webhook's configuration calls them, in the order in which Names lists them.
var shapes = []struct {
	name    string
	encoder Encoder
}{
	{"pendo", Pendo},
	{"pendo-dotted", Dotted},
	{"segment", Segment},
	{"userpilot", Userpilot},
	{"standard", Standard},
	{"cloudevents", CloudEvents},
}

// ByName finds the encoder of a configured format. Upper and lower case differ.
func ByName(name string) (Encoder, bool) {
	for _, shape := range shapes {
		if shape.name == name {
			return shape.encoder, true
		}
	}
	return nil, false
}

// Names are the formats that ByName finds. The slice is the caller's.
func Names() []string {
	names := make([]string, len(shapes))
	for i, shape := range shapes {
		names[i] = shape.name
	}
	return names
}
