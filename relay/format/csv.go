package format

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// ColumnsAll are the columns of a CSV file whose user chose none: all there are, what differs most from event to event in
// the last.
const ColumnsAll = "time,received,event,uniqueId,app,visitorId,accountId,url,ip,userAgent,ids,name,source," +
	"guideId,guideName,guideStepId,language,properties"

// columnsMax bounds the columns of one file: what a spreadsheet still shows, and more than anybody types.
const columnsMax = 200

// columns are the values that a column may have. Each appends its cell's plain text.
var columns = []struct {
	name   string
	append func(dst []byte, e *event.Event, n event.Note) []byte
}{
	{"time", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendMoment(dst, e.Time) }},
	{"received", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendMoment(dst, e.Received) }},
	{"event", func(dst []byte, e *event.Event, _ event.Note) []byte { return append(dst, e.Kind.String()...) }},
	{"uniqueId", func(dst []byte, e *event.Event, _ event.Note) []byte { return hex.AppendEncode(dst, e.UniqueID[:]) }},
	{"app", func(dst []byte, e *event.Event, _ event.Note) []byte { return append(dst, e.AppName...) }},
	{"visitorId", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Visitor) }},
	{"accountId", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Account) }},
	{"url", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.URL) }},
	{"ip", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.IP) }},
	{"userAgent", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.UserAgent) }},
	{"ids", appendIDCell},
	{"name", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Name) }},
	{"source", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Source) }},
	{"guideId", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Guide.ID) }},
	{"guideName", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Guide.Name) }},
	{"guideStepId", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Guide.StepID) }},
	{"language", func(dst []byte, e *event.Event, _ event.Note) []byte { return appendPlain(dst, e.Guide.Language) }},
	{"properties", appendBlob},
}

// roots are the objects that a column may have a member of: "nps.rating".
var roots = []struct {
	name string
	of   func(e *event.Event) []byte
}{
	{"properties", func(e *event.Event) []byte { return e.Properties }},
	{"nps", func(e *event.Event) []byte { return e.Guide.NPS }},
	{"guideProperties", func(e *event.Event) []byte { return e.Guide.Properties }},
	{"app", func(e *event.Event) []byte { return e.App }},
	{"subscription", func(e *event.Event) []byte { return e.Subscription }},
}

// cell is one column of one user's file.
type cell struct {
	append func(dst []byte, e *event.Event, n event.Note) []byte // nil: the member of root at path
	root   func(e *event.Event) []byte
	path   []string
}

// CSV makes an encoder of rows as RFC 4180 has them, without the line's end, and the header row above them, from a list of
// columns: "time,event,Who=visitorId,Plan=properties.plan". A column is a name of ColumnsAll or a path into one of the
// event's objects (properties, nps, guideProperties, app, subscription), with what the header calls it before an equals
// sign.
//
// With guard, a text that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a line's end)
// gets an apostrophe in front: visitors choose the texts, and somebody else opens the file. The encoder is safe
// concurrently.
func CSV(list string, guard bool) (encode Encoder, header string, err error) {
	var cells []cell
	var head []byte
	for column := range strings.SplitSeq(list, ",") {
		title, value, renamed := strings.Cut(column, "=")
		if !renamed {
			value = title
		}
		title, value = strings.TrimSpace(title), strings.TrimSpace(value)
		one, known := cellOf(value)
		switch {
		case !known:
			return nil, "", fmt.Errorf("%q is no column; use one of %s, or properties.NAME", value, strings.ReplaceAll(ColumnsAll, ",", ", "))
		case title == "":
			return nil, "", fmt.Errorf("the column %q has no title before its equals sign", value)
		case len(cells) == columnsMax:
			return nil, "", fmt.Errorf("there are more than %d columns", columnsMax)
		}
		if len(cells) > 0 {
			head = append(head, ',')
		}
		head = closeCell(append(head, title...), len(head), guard)
		cells = append(cells, one)
	}
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		for i := range cells {
			if i > 0 {
				dst = append(dst, ',')
			}
			start := len(dst)
			if cells[i].append != nil {
				dst = cells[i].append(dst, e, n)
			} else {
				dst = appendAt(dst, cells[i].root(e), cells[i].path)
			}
			dst = closeCell(dst, start, guard)
			if len(cells) == 1 && len(dst) == start {
				dst = append(dst, `""`...) // readers skip an empty line
			}
		}
		return dst
	}, string(head), nil
}

func cellOf(value string) (cell, bool) {
	for _, c := range columns {
		if c.name == value {
			return cell{append: c.append}, true
		}
	}
	name, path, nested := strings.Cut(value, ".")
	names := strings.Split(path, ".")
	if !nested || slices.Contains(names, "") {
		return cell{}, false
	}
	for _, r := range roots {
		if r.name == name {
			return cell{root: r.of, path: names}, true
		}
	}
	return cell{}, false
}

// closeCell makes a cell of the plain text from start on: guarded if it has to be, in quotes if it has to be.
func closeCell(dst []byte, start int, guard bool) []byte {
	text := dst[start:]
	if guard && formula(text) {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '\''
		text = dst[start:]
	}
	if !bytes.ContainsAny(text, ",\"\r\n") && (len(text) == 0 || text[0] > ' ' && text[len(text)-1] > ' ') {
		return dst
	}
	from, more := len(dst), bytes.Count(text, []byte{'"'})+2
	for range more {
		dst = append(dst, '"')
	}
	to := len(dst) - 1 // the closing quote is in its place
	for from > start { // from the end, so that nothing is written over before it was read
		from--
		to--
		if dst[to] = dst[from]; dst[from] == '"' {
			to--
			dst[to] = '"'
		}
	}
	dst[start] = '"'
	return dst
}

// formula says that a spreadsheet may take text for a formula. Some take the full-width signs of East Asia for the others
// (OWASP's page on CSV injection).
func formula(text []byte) bool {
	first, _ := utf8.DecodeRune(text)
	return strings.ContainsRune("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20", first) && len(text) > 0
}

// appendPlain is the text that a JSON string means; nothing for an absent one.
func appendPlain(dst, literal []byte) []byte {
	if len(literal) == 0 {
		return dst
	}
	return event.AppendText(dst, literal)
}

// appendIDCell is the selected IDs with a space between, each as it is.
func appendIDCell(dst []byte, e *event.Event, n event.Note) []byte {
	start := len(dst)
	for i, id := range e.IDs {
		if !n.Has(i) {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = event.AppendText(dst, id)
	}
	return dst
}

// appendAt is the member of an object at a path: a text as it is, null and what is not there as nothing, all else as JSON.
func appendAt(dst, object []byte, path []string) []byte {
	value := object
	for _, name := range path {
		if len(value) == 0 || value[0] != '{' {
			return dst
		}
		value = event.Lookup(value, name)
	}
	switch {
	case len(value) == 0 || value[0] == 'n':
		return dst
	case value[0] == '"':
		return event.AppendText(dst, value)
	}
	return append(dst, value...)
}

// appendBlob is all that differs from kind to kind as one JSON object: an event's properties, and for the guide kinds
// what their payload has in its properties and no column holds.
func appendBlob(dst []byte, e *event.Event, _ event.Note) []byte {
	g := &e.Guide
	if len(g.Properties) == 0 && len(g.NPS) == 0 && len(g.PollResponses) == 0 {
		return appendValue(dst, e.Properties, `{}`)
	}
	dst = append(dst, '{')
	dst = appendMember(dst, `"guideProperties":`, g.Properties)
	dst = appendMember(dst, `"properties":`, e.Properties)
	dst = appendMember(dst, `"nps":`, g.NPS)
	dst = appendMember(dst, `"pollResponses":`, g.PollResponses)
	return append(dst, '}')
}
