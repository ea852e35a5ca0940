package format

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// archived is an encoder of package-own archives with the folder of its golden files and what their names end in.
type archived struct {
	folder, ending string
	encode         Encoder
}

func archives(t testing.TB) []archived {
	t.Helper()
	rows, _, err := CSV(ColumnsAll, true)
	if err != nil {
		t.Fatal(err)
	}
	return []archived{{"archive", ".json", Archive}, {"csv", ".csv", rows}}
}

// TestArchiveGolden: every kind's sample has its line and its row in a file, and no file is beside these.
func TestArchiveGolden(t *testing.T) {
	for _, a := range archives(t) {
		stray := map[string]bool{}
		files, err := filepath.Glob(filepath.Join("testdata", a.folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			stray[file] = true
		}
		for _, k := range event.Kinds() {
			name, e := filepath.Join("testdata", a.folder, k.String()+a.ending), event.Sample(k)
			got := a.encode(nil, &e, event.Note{All: true})
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, got, want)
			}
			if bytes.ContainsAny(got, "\r\n") {
				t.Errorf("%s: an item is more than one line", name)
			}
			delete(stray, name)
		}
		if len(stray) > 0 {
			t.Errorf("files of no kind: %q", slices.Sorted(maps.Keys(stray)))
		}
	}
}

// TestArchiveIsStable: lines are stable JSON with the same fields for every kind.
func TestArchiveIsStable(t *testing.T) {
	var stable event.Stable
	var names []string
	for _, k := range event.Kinds() {
		e := event.Sample(k)
		line := Archive(nil, &e, event.Note{All: true})
		if got, err := stable.Append(nil, line); err != nil || !bytes.Equal(got, line) {
			t.Errorf("%s: %v\ngot  %s\nwant %s", k, err, got, line)
		}
		var own []string
		if err := event.Members(line, func(key, _ []byte) bool { own = append(own, string(key)); return true }); err != nil {
			t.Fatal(err)
		}
		if names == nil {
			names = own
		}
		if !slices.Equal(own, names) {
			t.Errorf("%s has the fields %q, want %q", k, own, names)
		}
	}
}

func TestArchiveSelectedIDs(t *testing.T) {
	f := func(n event.Note, want string) {
		t.Helper()
		e := event.Sample(event.PageLoaded)
		var line struct{ IDs []string }
		if err := json.Unmarshal(Archive(nil, &e, n), &line); err != nil || strings.Join(line.IDs, " ") != want || line.IDs == nil {
			t.Errorf("%v: %v, want %s", line.IDs, err, want)
		}
		rows, _, err := CSV("event,ids", true)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(rows(nil, &e, n)); got != "pageLoaded,"+want {
			t.Errorf("csv has %q, want the IDs %q", got, want)
		}
	}
	f(event.Note{All: true}, "pageId1 pageId2")
	f(event.Note{Bits: []byte{2}}, "pageId2")
	f(event.Note{}, "")
}

// TestCSVReads: what encoding/csv reads of every kind's row is as many cells as the header has, and the last is JSON.
func TestCSVReads(t *testing.T) {
	rows, header, err := CSV(ColumnsAll, true)
	if err != nil || header != ColumnsAll {
		t.Fatalf("the header is %q, %v", header, err)
	}
	file := []byte(header)
	for _, k := range event.Kinds() {
		e := event.Sample(k)
		file = rows(append(file, "\r\n"...), &e, event.Note{All: true})
	}
	records, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil || len(records) != len(event.Kinds())+1 {
		t.Fatalf("%d rows, %v", len(records), err)
	}
	for i, k := range event.Kinds() {
		r := records[i+1]
		if r[2] != k.String() || !json.Valid([]byte(r[len(r)-1])) {
			t.Errorf("%s: row %q", k, r)
		}
	}
}

// TestCSVCell: hostile texts come back as they were when the guard is off, and with an apostrophe when it is on and a
// spreadsheet would take them for a formula.
func TestCSVCell(t *testing.T) {
	f := func(text string, want string) {
		t.Helper()
		for _, guard := range []bool{true, false} {
			rows, _, err := CSV("time,name,event", guard)
			if err != nil {
				t.Fatal(err)
			}
			e := event.Event{Kind: event.TrackEventReceived, Name: event.AppendString(nil, text)}
			row := rows(nil, &e, event.Note{})
			reader := csv.NewReader(bytes.NewReader(append([]byte("a,b,c\n"), row...)))
			reader.TrimLeadingSpace = true // what is not in quotes may lose its spaces
			records, err := reader.ReadAll()
			if err != nil || len(records) != 2 || len(records[1]) != 3 {
				t.Fatalf("%q: row %q reads as %q, %v", text, row, records, err)
			}
			expect := text
			if guard {
				expect = want
			}
			// A reader makes \r\n within a cell one line's end.
			if got := records[1][1]; got != strings.ReplaceAll(expect, "\r\n", "\n") || records[1][2] != "trackEventReceived" {
				t.Errorf("%q, guard %v: row %q reads as %q, want %q", text, guard, row, got, expect)
			}
		}
	}
	for _, same := range []string{"", "plain", `"`, `""`, `a"b`, `,`, "a,b", "a\nb", "a\r\nb", " a", "a ", "é,\"ü\"", strings.Repeat(`"`, 300)} {
		f(same, same)
	}
	for _, formula := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", `=cmd|'/C calc'!A0`, `="a","b"`} {
		f(formula, "'"+formula)
	}
}

func TestCSVColumns(t *testing.T) {
	e := event.Sample(event.TrackEventReceived)
	e.Properties = []byte(`{"plan":"pro","count":3,"none":null,"deep":{"a":{"b":"=x"}},"list":[1,"2"]}`)
	f := func(list, header, want string) {
		t.Helper()
		rows, got, err := CSV(list, true)
		if err != nil || got != header {
			t.Fatalf("%s: header %q, want %q, %v", list, got, header, err)
		}
		if row := string(rows(nil, &e, event.Note{All: true})); row != want {
			t.Errorf("%s: row %s, want %s", list, row, want)
		}
	}
	f("event", "event", "trackEventReceived")
	f("guideId", "guideId", `""`)
	f("Who=visitorId, What = name", "Who,What", "Webhook Visitor,Account Upgraded")
	f("properties.plan,properties.count,properties.none,properties.gone", "properties.plan,properties.count,properties.none,properties.gone", "pro,3,,")
	f(`Deep "b"=properties.deep.a.b,properties.plan.x,properties.list`, `"Deep ""b""",properties.plan.x,properties.list`, `'=x,,"[1,""2""]"`)

	e = event.Sample(event.NPSSubmitted)
	f("Score=nps.rating,nps.reason,guideProperties.name,app.platform,subscription.id,properties.x",
		"Score,nps.reason,guideProperties.name,app.platform,subscription.id,properties.x",
		"9,Keep up the great work!,Quarterly NPS,web,4802463602049999,")

	refuse := func(list, part string) {
		t.Helper()
		if _, _, err := CSV(list, true); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want %q", list, err, part)
		}
	}
	refuse("", `"" is no column`)
	refuse("event,visitor", `"visitor" is no column; use one of time, received`)
	refuse("properties.", "is no column")
	refuse("nps", "is no column")
	refuse("guide.id", "is no column")
	refuse("properties.a..b", "is no column")
	refuse("=event", "no title")
	refuse(strings.Repeat("event,", columnsMax)+"event", "more than 200")
}

// FuzzCSVCell: encoding/csv reads any text back, and no row has a line's end outside quotes.
func FuzzCSVCell(f *testing.F) {
	f.Add("a", "b")
	f.Add(`"=`, "\r\n,")
	f.Fuzz(func(t *testing.T, a, b string) {
		rows, _, err := CSV("name,source", false)
		if err != nil {
			t.Fatal(err)
		}
		e := event.Event{Name: event.AppendString(nil, a), Source: event.AppendString(nil, b)}
		row := rows(nil, &e, event.Note{})
		reader := csv.NewReader(bytes.NewReader(append([]byte("a,b\n"), row...)))
		records, err := reader.ReadAll()
		if err != nil || len(records) != 2 {
			t.Fatalf("row %q reads as %q, %v", row, records, err)
		}
		plain := func(text string) string { return strings.ReplaceAll(string([]rune(text)), "\r\n", "\n") }
		if records[1][0] != plain(a) || records[1][1] != plain(b) {
			t.Errorf("row %q reads as %q", row, records[1])
		}
	})
}
