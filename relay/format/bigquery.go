package format

import "edgerelay/relay/event"

// BigQuery is one of the rows of an insertAll request: the event's columns, and its uniqueId as the insertId by which
// BigQuery recognises repeats for about a minute. Columns of the type JSON take their value as a text
// (cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll).
//
//	{"insertId":"75c3…","json":{"unique_id":"75c3…","event":"trackEventReceived",…,"properties":"{\"toTier\":\"pro\"}"}}
func BigQuery(dst []byte, e *event.Event, n event.Note) []byte {
	dst = appendUniqueID(append(dst, `{"insertId":`...), e)
	dst = append(dst, `,"json":`...)
	dst = appendColumns(dst, e, n, appendText)
	return append(dst, '}')
}
