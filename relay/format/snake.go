package format

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// naming is how Google Analytics has events or parameters named.
type naming struct {
	kind     string // what stands before a name that is reserved or begins with no letter
	small    bool   // all letters are small ones
	reserved [][][]byte
}

// An app's own tags send the events that only a web stream reserves, screen_view among them ("Measurement Protocol reference",
// reserved event names).
var (
	webEvents = naming{"event", true, [][][]byte{reservedNames, reservedOnWeb}}
	appEvents = naming{"event", true, [][][]byte{reservedNames}}
	params    = naming{"param", false, [][][]byte{reservedParams}}
)

// reservedNames are those of events and parameters that Google Analytics keeps for itself (its help page "Event naming
// rules", and the Measurement Protocol's reference).
var reservedNames = [][]byte{
	[]byte("ad_activeview"), []byte("ad_click"), []byte("ad_exposure"), []byte("ad_query"), []byte("ad_reward"),
	[]byte("adunit_exposure"), []byte("app_clear_data"), []byte("app_exception"), []byte("app_install"), []byte("app_remove"),
	[]byte("app_store_refund"), []byte("app_store_subscription_cancel"), []byte("app_store_subscription_convert"),
	[]byte("app_store_subscription_renew"), []byte("app_uninstall"), []byte("app_update"), []byte("app_upgrade"),
	[]byte("dynamic_link_app_open"), []byte("dynamic_link_app_update"), []byte("dynamic_link_first_open"), []byte("error"),
	[]byte("firebase_campaign"), []byte("first_open"), []byte("first_visit"), []byte("notification_dismiss"),
	[]byte("notification_foreground"), []byte("notification_open"), []byte("notification_receive"), []byte("notification_send"),
	[]byte("os_update"), []byte("session_start"), []byte("session_start_with_rollout"), []byte("user_engagement"),
}

var reservedOnWeb = [][]byte{
	[]byte("ad_impression"), []byte("click"), []byte("file_download"), []byte("form_start"), []byte("form_submit"),
	[]byte("in_app_purchase"), []byte("page_view"), []byte("screen_view"), []byte("scroll"), []byte("video_complete"),
	[]byte("video_progress"), []byte("video_start"), []byte("view_complete"), []byte("view_search_results"),
}

var reservedParams = [][]byte{
	[]byte("cid"), []byte("customer_id"), []byte("customerid"), []byte("dclid"), []byte("firebase_conversion"), []byte("gclid"),
	[]byte("session_id"), []byte("sessionid"), []byte("sfmc_id"), []byte("sid"), []byte("srsltid"), []byte("uid"), []byte("user_id"),
	[]byte("userid"), []byte("user_properties"),
}

// reservedPrefixes are what no name may begin with.
var reservedPrefixes = [][]byte{[]byte("ga_"), []byte("google_"), []byte("firebase_"), []byte("gtag_"), []byte("query_id")}

// appendSnake appends literal, a JSON string, as a name that Google Analytics takes, as a JSON string: letters, digits and
// single underscores, a letter first, up to 40 characters. One that begins otherwise or is reserved gets n's kind and an
// underscore before it; one of which nothing is left is n's kind.
func appendSnake(dst, literal []byte, n *naming) []byte {
	dst = append(dst, '"')
	start := len(dst)
	dst = appendWords(dst, literal, ga4NameMax, n.small)
	name := dst[start:]
	first, _ := utf8.DecodeRune(name)
	switch {
	case len(name) == 0:
		dst = append(dst, n.kind...)
	case !unicode.IsLetter(first) || n.reserves(name):
		var room [utf8.UTFMax * ga4NameMax]byte
		name = append(room[:0], name...)
		dst = append(append(dst[:start], n.kind...), '_')
		for left := ga4NameMax - len(n.kind) - 1; left > 0 && len(name) > 0; left-- {
			_, size := utf8.DecodeRune(name)
			dst = append(dst, name[:size]...)
			name = name[size:]
		}
	}
	return append(dst, '"')
}

// appendWords appends the letters and digits of literal, a JSON string, with one underscore for all that stands between
// them, up to most characters.
func appendWords(dst, literal []byte, most int, small bool) []byte {
	if len(literal) < 2 {
		return dst
	}
	gap, n := false, 0
	for text := literal[1 : len(literal)-1]; len(text) > 0 && n < most; {
		size := characterSize(text)
		r, _ := utf8.DecodeRune(text)
		if text[0] == '\\' || r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = n > 0
			text = text[size:]
			continue
		}
		if gap {
			if n+1 == most {
				break
			}
			dst = append(dst, '_')
			n++
			gap = false
		}
		if small {
			r = unicode.ToLower(r)
		}
		dst = utf8.AppendRune(dst, r)
		n++
		text = text[size:]
	}
	return dst
}

// reserves says that Google keeps a name for itself.
func (n *naming) reserves(name []byte) bool {
	for _, names := range n.reserved {
		for _, r := range names {
			if bytes.EqualFold(name, r) {
				return true
			}
		}
	}
	for _, prefix := range reservedPrefixes {
		if len(name) >= len(prefix) && bytes.EqualFold(name[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}
