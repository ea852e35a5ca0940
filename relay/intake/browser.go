package intake

import (
	"bytes"
	"strconv"

	"edgerelay/relay/event"
)

// browsers are how user agents name themselves, the more particular ones first: every Edge says Chrome, and every
// Chrome says Safari.
var browsers = []struct{ token, name []byte }{
	{[]byte("Edg/"), []byte(`"Edge"`)},
	{[]byte("EdgA/"), []byte(`"Edge"`)},
	{[]byte("EdgiOS/"), []byte(`"Edge"`)},
	{[]byte("Edge/"), []byte(`"Edge"`)},
	{[]byte("OPR/"), []byte(`"Opera"`)},
	{[]byte("SamsungBrowser/"), []byte(`"Samsung Internet"`)},
	{[]byte("FxiOS/"), []byte(`"Firefox"`)},
	{[]byte("Firefox/"), []byte(`"Firefox"`)},
	{[]byte("CriOS/"), []byte(`"Chrome"`)},
	{[]byte("Chrome/"), []byte(`"Chrome"`)},
	{[]byte("Trident/7.0; rv:"), []byte(`"IE"`)},
	{[]byte("MSIE "), []byte(`"IE"`)},
	{[]byte("Version/"), []byte(`"Safari"`)},
}

// appendVisitorProperties appends what visitorCreated tells of a visitor (seed 000): the browser and its version's first
// three numbers, where userAgent, a JSON string or nil, names one, and the group from 0 to 99 into which the visitor
// falls for good.
func appendVisitorProperties(dst, userAgent, visitor []byte) []byte {
	dst = append(dst, '{')
	for i := range browsers {
		at := bytes.Index(userAgent, browsers[i].token)
		if at < 0 {
			continue
		}
		dst = append(append(dst, `"browserName":`...), browsers[i].name...)
		dst = append(dst, `,"browserVersion":"`...)
		dst = append(dst, version(userAgent[at+len(browsers[i].token):])...)
		dst = append(dst, `",`...)
		break
	}
	dst = append(dst, `"sampleGroup":`...)
	id := event.UniqueID(sampleGroup, visitor)
	dst = strconv.AppendInt(dst, (int64(id[0])<<8|int64(id[1]))*100>>16, 10)
	return append(dst, '}')
}

var sampleGroup = []byte("sampleGroup")

// version is the number that text begins with, up to its third part.
func version(text []byte) []byte {
	dots, i := 0, 0
	for ; i < len(text); i++ {
		if text[i] == '.' {
			if dots++; dots == 3 {
				break
			}
		} else if text[i] < '0' || text[i] > '9' {
			break
		}
	}
	return bytes.TrimRight(text[:i], ".")
}
