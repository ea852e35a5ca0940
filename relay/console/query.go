package console

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// query reads a URL's query. What is asked for twice, wrong, or nothing that a path knows, is a fault.
type query struct {
	values url.Values
	known  []string
	fault  *fault // the first
}

func newQuery(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.fault = &fault{"bad_request", fmt.Sprintf("the query cannot be read: %v", err), ""}
	}
	return q
}

func (q *query) wrong(name, format string, args ...any) {
	if q.fault == nil {
		q.fault = &fault{"invalid", fmt.Sprintf(format, args...), name}
	}
}

func (q *query) texts(name string) []string {
	q.known = append(q.known, name)
	return q.values[name]
}

func (q *query) text(name string) string {
	values := q.texts(name)
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	q.wrong(name, "is given %d times; give it once", len(values))
	return ""
}

// count is a whole number from 1 to most, 0 when it is not given.
func (q *query) count(name string, most int) int {
	text := q.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		q.wrong(name, "must be a whole number from 1 to %d", most)
	}
	return n
}

// time is a time as RFC 3339 has it, or one ago: "15m". It is zero when it is not given.
func (q *query) time(name string, now time.Time) time.Time {
	text := q.text(name)
	if text == "" {
		return time.Time{}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		q.wrong(name, `must be a time such as "2026-11-21T10:00:00Z", or how long ago, such as "15m"`)
	}
	return at
}

// until is the end of a span of time: "to", or "until" as a replay calls it, where "to" is the webhook that gets the events.
func (q *query) until(now time.Time) time.Time {
	to, until := q.time("to", now), q.time("until", now)
	if to.IsZero() {
		return until
	}
	if !until.IsZero() {
		q.wrong("until", "is another word for to; give one of them")
	}
	return to
}

// ok says whether all was right. When it was not, it has answered.
func (q *query) ok(w http.ResponseWriter) bool {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if !slices.Contains(q.known, name) {
			q.wrong(name, "is nothing to ask for here; known are %s", strings.Join(q.known, ", "))
		}
	}
	if q.fault != nil {
		failField(w, http.StatusBadRequest, q.fault.Code, q.fault.Field, "%s", q.fault.Message)
		return false
	}
	return true
}
