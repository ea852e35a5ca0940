package event

import "bytes"

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

// Browser finds the browser that a user agent, a JSON string or nil, names: the browser's name as a JSON string, which must
// not be changed, and the first three numbers of its version as plain text, which aliases userAgent. Both are nil when it
// names none.
func Browser(userAgent []byte) (name, version []byte) {
	for i := range browsers {
		if at := bytes.Index(userAgent, browsers[i].token); at >= 0 {
			return browsers[i].name, versionOf(userAgent[at+len(browsers[i].token):])
		}
	}
	return nil, nil
}

// versionOf is the number that text begins with, up to its third part.
func versionOf(text []byte) []byte {
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
