package format

import "edgerelay/relay/event"

// Snowflake is one row of a Snowpipe Streaming request, a line of NDJSON: the event's columns, those of the type VARIANT
// as the JSON they are (docs.snowflake.com/en/user-guide/snowpipe-streaming). Snowflake recognises no repeats; unique_id
// is there for views that do.
//
//	{"unique_id":"75c3…","event":"trackEventReceived",…,"properties":{"toTier":"pro"}}
func Snowflake(dst []byte, e *event.Event, n event.Note) []byte {
	return appendColumns(dst, e, n, appendMember)
}
