package event

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

// bytesOf reads hex digits in which white space counts for nothing.
func bytesOf(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// small is the event that the golden record holds.
func small() Event {
	e := Event{Kind: TrackEventReceived, Time: 0x0102030405060708, Received: -2, AppName: []byte("app"), Visitor: []byte(`"v"`)}
	for i := range e.UniqueID {
		e.UniqueID[i] = byte(0xa0 + i)
	}
	e.IDs = [][]byte{[]byte(`"1"`), []byte(`"22"`)}
	e.Properties = []byte(`{"k":"` + strings.Repeat("x", 130) + `"}`)
	e.Guide.NPS = []byte(`{}`)
	return e
}

// golden is small's record. Logs hold such bytes: this must never change.
const golden = `01
	01 25  03  a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3  0807060504030201  feffffffffffffff
	02 03  617070
	05 03  227622
	0a 03  223122
	0a 04  22323222
	0d 8a01  7b226b223a22` +
	`78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878 78` +
	`78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878 78` +
	`227d
	25 02  7b7d`

func TestRecordGolden(t *testing.T) {
	want, e := bytesOf(t, golden), small()
	if got := e.AppendRecord(nil); !bytes.Equal(got, want) {
		t.Errorf("AppendRecord:\n got %x\nwant %x", got, want)
	}
	var got Event
	if err := ParseRecord(want, &got); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("ParseRecord: %v\n got %+v\nwant %+v", err, got, e)
	}
}

// A trace is one field more, and nothing else.
func TestRecordGoldenTraced(t *testing.T) {
	e := small()
	e.Trace = []byte{1, 2, 3}
	want := bytesOf(t, strings.Replace(golden, "25 02  7b7d", "0e 03  010203\n25 02  7b7d", 1))
	if got := e.AppendRecord(nil); !bytes.Equal(got, want) {
		t.Errorf("AppendRecord:\n got %x\nwant %x", got, want)
	}
	var got Event
	if err := ParseRecord(want, &got); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("ParseRecord: %v\n got %+v\nwant %+v", err, got, e)
	}
}

func TestRecordOfEveryKind(t *testing.T) {
	var e Event // one for all: what the last record left must not show
	for _, k := range Kinds() {
		want := Sample(k)
		rec := want.AppendRecord([]byte("before"))[len("before"):]
		if err := ParseRecord(rec, &e); err != nil {
			t.Errorf("%v: %v", k, err)
			continue
		}
		if !equal(&e, &want) {
			t.Errorf("%v:\n got %+v\nwant %+v", k, e, want)
		}
	}
}

// equal compares two events; no IDs are no IDs, nil or empty.
func equal(a, b *Event) bool {
	x, y := *a, *b
	if len(x.IDs) == 0 && len(y.IDs) == 0 {
		x.IDs, y.IDs = nil, nil
	}
	return reflect.DeepEqual(x, y)
}

// Every field on its own comes back as itself, absent stays absent, empty stays empty.
func TestRecordOfEveryField(t *testing.T) {
	fields := func(e *Event) []*[]byte {
		g := &e.Guide
		return []*[]byte{&e.AppName, &e.App, &e.Subscription, &e.Visitor, &e.Account, &e.UserAgent, &e.IP, &e.URL, &e.Name, &e.Source,
			&e.Properties, &e.Trace, &g.ID, &g.Name, &g.StepID, &g.Language, &g.Properties, &g.NPS, &g.PollResponses}
	}
	for i := range fields(new(Event)) {
		for _, value := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("y"), 127), bytes.Repeat([]byte("z"), 128), bytes.Repeat([]byte("w"), 70_000)} {
			want := Event{Kind: PageLoaded}
			*fields(&want)[i] = value
			var got Event
			if err := ParseRecord(want.AppendRecord(nil), &got); err != nil || !equal(&got, &want) {
				t.Fatalf("field %d of %d bytes: %v", i, len(value), err)
			}
		}
	}
}

func TestRecordOfALaterVersion(t *testing.T) {
	rec := bytesOf(t, `01
		ff 03 010203
		01 27  01  a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3  0807060504030201  feffffffffffffff  abcd
		05 03 227622
		7f 00`)
	var e Event
	if err := ParseRecord(rec, &e); err != nil || e.Kind != PageLoaded || string(e.Visitor) != `"v"` || e.Received != -2 {
		t.Errorf("unknown fields and a longer head: %v, %+v", err, e)
	}
}

func TestRecordDamaged(t *testing.T) {
	f := func(digits, want string) {
		t.Helper()
		e := Sample(TrackEventReceived)
		err := ParseRecord(bytesOf(t, digits), &e)
		if err == nil || err.Error() != "parse record: "+want {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if e.Kind != 0 || e.Visitor != nil || len(e.IDs) != 0 {
			t.Errorf("the event is not empty after %v", err)
		}
	}
	head := "0125 03 a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3 0807060504030201 feffffffffffffff"
	f("", "it is empty")
	f("02"+head, "it is of kind 2, an event's is 1")
	f("01", "it has no head")
	f("01 0500", "it has no head")
	f("01 01", "byte 1 of 2: field 1 has no length")
	f("01 0180", "byte 1 of 3: field 1 has no length")
	f("01 01ffffffffffffffffffff01", "byte 1 of 13: field 1 has no length")
	f("01"+head+"05 04 227622", "byte 40 of 45: field 5 has 3 of 4 bytes")
	f("01"+head+"05 ffffffffffffffffff01", "byte 40 of 51: field 5 has 0 of 18446744073709551615 bytes")
	f("01 0102 0300", "byte 1 of 5: head has 2 of 37 bytes")
	f("01"+strings.Replace(head, "03", "00", 1), "byte 1 of 40: kind 0 is unknown; if a later version wrote it, run that one")
	f("01"+strings.Replace(head, "03", "fe", 1), "byte 1 of 40: kind 254 is unknown; if a later version wrote it, run that one")
}

// A record cut anywhere is an error, or, cut between two fields, the event without the later ones.
func TestRecordCut(t *testing.T) {
	whole := Sample(PollSubmitted)
	rec := whole.AppendRecord(nil)
	var e Event
	good := 0
	for n := range rec {
		err := ParseRecord(rec[:n:n], &e)
		if err == nil {
			good++
		}
		if err == nil && !bytes.Equal(e.AppendRecord(nil), rec[:n]) {
			t.Fatalf("cut at %d of %d: %+v", n, len(rec), e)
		}
	}
	if want := 15; good != want {
		t.Errorf("%d cuts stand between fields, want %d", good, want)
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	e := Sample(TrackEventReceived)
	dst := e.AppendRecord(nil)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = e.AppendRecord(dst[:0])
	}
}

func BenchmarkParseRecord(b *testing.B) {
	sample := Sample(TrackEventReceived)
	rec := sample.AppendRecord(nil)
	var e Event
	b.SetBytes(int64(len(rec)))
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseRecord(rec, &e); err != nil {
			b.Fatal(err)
		}
	}
}
