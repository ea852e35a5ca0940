package intake

import (
	"bytes"
	"testing"

	"edgerelay/relay/event"
)

// FuzzReader compares the reader with package event's own on whatever stable JSON there can be.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{`{}`, `[]`, `7`, `"\\"`, `{"a":1,"b":[1,{"c":"\"]"}],"d\\":"\\\""}`, `[[],{},"",null,-1.5e+30,[[[]]]]`, `{"url":{"url":"x"}}`,
		`{"batch":[{"type":"track","properties":{"a":"{[\\"}}],"sentAt":""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s event.Stable
		stable, err := s.Append(nil, raw)
		if err != nil {
			return
		}
		p := reader{b: stable}
		if got := p.value(); !bytes.Equal(got, stable) || p.i != len(stable) {
			t.Fatalf("%s: value is %s", stable, got)
		}
		compare(t, stable)
	})
}

func compare(t *testing.T, stable []byte) {
	var want [][]byte
	p := reader{b: stable}
	switch stable[0] {
	case '{':
		event.Members(stable, func(key, value []byte) bool { want = append(want, key, value); return true })
		for more := p.enter(); more; more = p.next() {
			key := p.key()
			value := p.value()
			if len(want) < 2 || !bytes.Equal(key, want[0]) || !bytes.Equal(value, want[1]) {
				t.Fatalf("%s: member %s: %s", stable, key, value)
			}
			want = want[2:]
			compare(t, value)
			at := reader{b: stable}
			if got := at.member(string(key)); !bytes.Equal(got, value) || at.i != len(stable) {
				t.Fatalf("%s: member %s is %s", stable, key, got)
			}
		}
	case '[':
		event.Elements(stable, func(value []byte) bool { want = append(want, value); return true })
		for more := p.enter(); more; more = p.next() {
			value := p.value()
			if len(want) < 1 || !bytes.Equal(value, want[0]) {
				t.Fatalf("%s: element %s", stable, value)
			}
			want = want[1:]
			compare(t, value)
		}
	default:
		p.skip()
	}
	if len(want) > 0 || p.i != len(stable) {
		t.Fatalf("%s: %d left, at %d", stable, len(want), p.i)
	}
}
