package intake

import (
	"strconv"

	"edgerelay/relay/event"
)

// appendVisitorProperties appends what visitorCreated tells of a visitor (seed 000): the browser and its version's first
// three numbers, where userAgent, a JSON string or nil, names one, and the group from 0 to 99 into which the visitor
// falls for good.
func appendVisitorProperties(dst, userAgent, visitor []byte) []byte {
	dst = append(dst, '{')
	if name, version := event.Browser(userAgent); name != nil {
		dst = append(append(dst, `"browserName":`...), name...)
		dst = append(dst, `,"browserVersion":"`...)
		dst = append(append(dst, version...), `",`...)
	}
	dst = append(dst, `"sampleGroup":`...)
	id := event.UniqueID(sampleGroup, visitor)
	dst = strconv.AppendInt(dst, (int64(id[0])<<8|int64(id[1]))*100>>16, 10)
	return append(dst, '}')
}

var sampleGroup = []byte("sampleGroup")
