package intake

import "testing"

// An SDK that sends an old identify once more, long after a newer one, must not undo it: the event is a repeat, and so is
// what it said.
func TestRepeatedTraitsDoNotUndoNewerOnes(t *testing.T) {
	r := start(t)
	send := func(id, plan string) {
		t.Helper()
		r.good("/v1/identify", `{"writeKey":"KEY","userId":"ada","messageId":"`+id+`","timestamp":"`+theTime.UTC().Format("2006-01-02T15:04:05.000Z")+`","traits":{"plan":"`+plan+`"}}`)
	}
	changes := func(want ...string) {
		t.Helper()
		var got []string
		for _, e := range r.events() {
			if e.Kind.String() == "visitorMetadataUpdated" {
				got = append(got, string(e.Properties))
			}
		}
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	send("m1", "free")
	changes(`{"metadata":{"segmentio":{"plan":"free"}},"previous":{"segmentio":{}}}`)
	send("m2", "gold")
	changes(`{"metadata":{"segmentio":{"plan":"gold"}},"previous":{"segmentio":{"plan":"free"}}}`)
	send("m1", "free")
	changes()
	send("m3", "free")
	changes(`{"metadata":{"segmentio":{"plan":"free"}},"previous":{"segmentio":{"plan":"gold"}}}`)
}
