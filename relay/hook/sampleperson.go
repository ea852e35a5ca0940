package hook

import (
	"edgerelay/relay/event"
)

// SampleNote is the note of an event that is sent to try the webhook out: all of its IDs, and of its visitor and account
// every field that the webhook chose, with made-up values. Nobody's own data leave for a trial.
func (w *Webhook) SampleNote(e *event.Event) []byte {
	return w.AppendNote(nil, nil, e, string(e.AppName), samplePeople{})
}

// samplePeople has every field of everybody: the values of the samples of metadata events where those have one of that name.
type samplePeople struct{}

func (samplePeople) AppendVisitorFields(dst []byte, _ string, id []byte, names []string) []byte {
	return appendSampleFields(dst, event.VisitorMetadataUpdated, id, names)
}

func (samplePeople) AppendAccountFields(dst []byte, _ string, id []byte, names []string) []byte {
	return appendSampleFields(dst, event.AccountMetadataUpdated, id, names)
}

func (samplePeople) Err() error { return nil }

func appendSampleFields(dst []byte, from event.Kind, id []byte, names []string) []byte {
	if len(id) <= len(`""`) || len(names) == 0 {
		return dst
	}
	sample := event.Sample(from)
	fields := event.Lookup(event.Lookup(sample.Properties, "metadata"), "agent")
	open := byte('{')
	for _, name := range names {
		dst = append(event.AppendString(append(dst, open), name), ':')
		if value := event.Lookup(fields, name); value != nil {
			dst = append(dst, value...)
		} else {
			dst = event.AppendString(dst, "sample "+name)
		}
		open = ','
	}
	return append(dst, '}')
}
