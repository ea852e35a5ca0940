package upstream

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// beacon is a request with everything that a record can hold.
func beacon() *Request {
	q := &Request{Method: []byte("POST"), Target: []byte("data/ptm.gif/KEY?v=2.291.4_prod&ct=1795240774235&s=12"),
		Body: []byte(`{"events":"eJwFwIEIAAAAwDDQd3-N1QABFQC5"}`)}
	for h, value := range map[Header]string{UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", Referer: "https://app.example.com/",
		Origin: "https://app.example.com", ContentType: "text/plain;charset=UTF-8", ContentEncoding: "gzip",
		AcceptLanguage: "de-AT,de;q=0.9", ForwardedFor: "203.0.113.9, 10.0.0.7", Via: "another"} {
		q.Set(h, []byte(value))
	}
	q.Trace = bytes.Repeat([]byte{7}, 25)
	return q
}

// TestRecordBytes holds the bytes that are in logs on disk.
func TestRecordBytes(t *testing.T) {
	q := Request{Method: []byte("GET"), Target: []byte("data/log.gif/K?msg=x")}
	q.Set(UserAgent, []byte("UA"))
	q.Set(ForwardedFor, []byte("::1"))
	q.Set(AcceptEncoding, []byte("gzip")) // is no part of a record
	want := "\x02" + "\x01\x03GET" + "\x02\x14data/log.gif/K?msg=x" + "\x10\x02UA" + "\x16\x03::1"
	if got := string(q.AppendRecord(nil)); got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	q.Trace = []byte("t")
	want += "\x04\x01t"
	if got := string(q.AppendRecord(nil)); got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	q.Body = bytes.Repeat([]byte("b"), 300)
	want += "\x03\xac\x02" + strings.Repeat("b", 300)
	if got := string(q.AppendRecord([]byte("before"))); got != "before"+want {
		t.Errorf("%q", got)
	}
}

func TestRecordComesBack(t *testing.T) {
	for _, q := range []*Request{beacon(), {Method: []byte("GET")}, {Method: []byte("POST"), Target: []byte("data/errorlog")}} {
		rec := q.AppendRecord(nil)
		if len(rec) > q.RecordSize() {
			t.Errorf("a record of %d bytes was said to have %d at most", len(rec), q.RecordSize())
		}
		var back Request
		if err := ParseRecord(append(rec, 0x7f, 2, 'n', 'w'), &back); err != nil { // with a field of a later version
			t.Fatal(err)
		}
		if !reflect.DeepEqual(&back, q) {
			t.Errorf("%v came back as %v", q, &back)
		}
	}
}

func TestDamagedRecord(t *testing.T) {
	f := func(rec, want string) {
		t.Helper()
		q := beacon()
		err := ParseRecord([]byte(rec), q)
		if err == nil || err.Error() != "parse request: "+want {
			t.Errorf("%q: %v, want %s", rec, err, want)
		}
		if !reflect.DeepEqual(q, &Request{}) {
			t.Errorf("%q left %v", rec, q)
		}
	}
	f("", "the record is empty")
	f("\x01\x01\x03GET", "the record is of kind 1, a request's is 2")
	f("\x02", `its method is ""`)
	f("\x02\x01\x06DELETE", `its method is "DELETE"`)
	f("\x02\x01\x04GET", "byte 1 of 6: field 1 is cut short")
	f("\x02\x01\x03GET\x02", "byte 6 of 7: field 2 is cut short")
	f("\x02\x01\x03GET\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "byte 6 of 18: field 2 is cut short")
	f("\x02\x01\x03GET\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "byte 6 of 16: field 2 is cut short")
}

// TestSetLeavesOutWhatBreaksHeaders: nobody can write a header of their own into another's value.
func TestSetLeavesOutWhatBreaksHeaders(t *testing.T) {
	var q Request
	for _, bad := range []string{"", "a\r\nX-Injected: 1", "a\nb", "a\x00b", "a\x7f"} {
		q.Set(UserAgent, []byte(bad))
		if q.Header[UserAgent] != nil {
			t.Errorf("%q was taken", bad)
		}
	}
	q.Set(UserAgent, []byte("tab\tand ä are fine"))
	if q.Header[UserAgent] == nil {
		t.Error("a good value was left out")
	}
	if UserAgent.String() != "User-Agent" || IfNoneMatch.String() != "If-None-Match" {
		t.Error("headers have the wrong names")
	}
}

// TestIdentity holds numbers that logs remember, and that different requests have different ones.
func TestIdentity(t *testing.T) {
	one := Identity("/data/ptm.gif", []byte("KEY"), []byte("eJwF"))
	if one != 0x559ee180fdf5b0eb {
		t.Errorf("%#x", one)
	}
	for _, other := range []uint64{Identity("/data/guide.gif", []byte("KEY"), []byte("eJwF")), Identity("/data/ptm.gif", []byte("KEY2"), []byte("eJwF")),
		Identity("/data/ptm.gif", []byte("KEY"), []byte("eJwG")), Identity("/data/ptm.gif", []byte("KEYe"), []byte("JwF")), Identity("", nil, nil)} {
		if other == one || other == 0 {
			t.Errorf("%#x", other)
		}
	}
}

// FuzzRecord: whatever a record holds, it is refused or printed as one request, which a server reads back.
func FuzzRecord(f *testing.F) {
	f.Add(beacon().AppendRecord(nil))
	f.Add([]byte("\x02\x01\x03GET\x02\x10data/a b\r\n\r\nGET\x10\x03a\nb"))
	f.Add([]byte("\x02\x01\x04POST\x03\x02{}\x7f\x00"))
	f.Fuzz(func(t *testing.T, rec []byte) {
		var q Request
		if ParseRecord(rec, &q) != nil {
			return
		}
		var again Request
		if err := ParseRecord(q.AppendRecord(nil), &again); err != nil {
			t.Fatalf("%v cannot be read again: %v", q, err)
		}
		if a, b := again.AppendRecord(nil), q.AppendRecord(nil); !bytes.Equal(a, b) {
			t.Fatalf("%q and %q are the same request", a, b)
		}
		checkPrinted(t, &q)
	})
}
