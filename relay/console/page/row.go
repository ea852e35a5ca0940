package page

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/registry"
)

// hookRow is a webhook in a list, and at the head of its own pages.
type hookRow struct {
	*desk.Webhook
	State   state
	Where   string // the type and the host of its address, or what stands for that
	Rate    string
	Success string
	Worry   string // colour of a share of success that is low
	Lag     string
	Spark   spark
	Waiting int64 // deliveries that have not ended
	Wanted  bool  // its user has it on
	Running bool  // and nothing has turned it off
	File    bool  // made in the config file
}

func newHookRow(w *desk.Webhook) hookRow {
	row := hookRow{Webhook: w, State: states[w.Live.State], Where: where(w), Rate: rate(w.Live.Rate), Success: nothing,
		Lag: nothing, Spark: newSpark(w.Live.Recent), Waiting: w.Live.Backlog + w.Live.Parked + int64(w.Live.InFlight+w.Live.Held),
		Wanted: w.Enabled, Running: w.Enabled && w.Disabled == nil && len(w.Faults) == 0, File: w.Origin == registry.File}
	if w.Disabled != nil {
		row.State = states["disabled"] // the senders may have been looked at before
	}
	if w.Live.Success != nil {
		row.Success = percent(*w.Live.Success)
		switch {
		case *w.Live.Success < 0.5:
			row.Worry = "is-bad"
		case *w.Live.Success < 0.95:
			row.Worry = "is-warn"
		}
	}
	if w.Live.Lag > 0 {
		row.Lag = Duration(time.Duration(w.Live.Lag * float64(time.Second)).Round(time.Millisecond).Seconds())
	}
	if !row.Running && w.Live.Rate == 0 {
		row.Rate = nothing
	}
	return row
}

// Switchable says whether the toggle does something: what the file has on or off stays so.
func (r hookRow) Switchable() bool {
	return !r.File || r.Disabled != nil
}

// Address is where deliveries are posted.
func (r hookRow) Address() string { return cmp.Or(r.Place, setting(r.Webhook, "url")) }

// Kind is what people call its type; "" of an ordinary URL.
func (r hookRow) Kind() string {
	if kind := setting(r.Webhook, "type"); kind != "url" {
		return typeName(kind)
	}
	return ""
}

// where says in a few words where a webhook leads.
func where(w *desk.Webhook) string {
	row := hookRow{Webhook: w}
	at := row.Address()
	if strings.HasPrefix(at, "http") {
		at = host(at)
	}
	return strings.Trim(row.Kind()+" · "+at, " ·")
}

// Events says in a few words what the webhook selects.
func (r hookRow) Events() string {
	switch events := settings(r.Webhook, "events"); len(events) {
	case 0:
		return "no events"
	case 1:
		if events[0] == "*" {
			return "all events"
		}
		return events[0]
	default:
		return strconv.Itoa(len(events)) + " selections"
	}
}

// state is how a state is shown: a dot in a colour, and a word.
type state struct{ Word, Colour, Means string }

var states = map[string]state{
	"off":        {"Off", "faint", "It is turned off: nothing that happens is for it."},
	"idle":       {"Idle", "good", "It is on, and nothing waits for it."},
	"delivering": {"Delivering", "good", "Deliveries are under way."},
	"retrying":   {"Retrying", "warn", "Some deliveries failed and wait for their next attempt."},
	"failing":    {"Failing", "bad", "Nothing but failures at present."},
	"disabled":   {"Disabled", "bad", "It was turned off because it kept failing. Its events are held."},
	"broken":     {"Broken", "bad", "Its settings do not work."},
}

// host is what of an address fits a line.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// spark is a line of deliveries a minute, drawn in a box of sparkWidth by sparkHeight.
type spark struct {
	Line, Area string // of an SVG path; "" = there was nothing
	Says       string // the same in words
}

const (
	sparkWidth  = 120
	sparkHeight = 24
)

func newSpark(recent []uint32) (s spark) {
	most, sum := uint32(0), uint64(0)
	for _, n := range recent {
		most, sum = max(most, n), sum+uint64(n)
	}
	if sum == 0 || len(recent) < 2 {
		return spark{Says: "no deliveries in the last 30 minutes"}
	}
	var line strings.Builder
	for i, n := range recent {
		command := "L"
		if i == 0 {
			command = "M"
		}
		x := float64(i) * sparkWidth / float64(len(recent)-1)
		y := sparkHeight - 1.5 - float64(n)/float64(most)*(sparkHeight-3)
		fmt.Fprintf(&line, "%s%.1f %.1f", command, x, y)
	}
	s.Line = line.String()
	s.Area = fmt.Sprintf("%sL%d %dL0 %dZ", s.Line, sparkWidth, sparkHeight, sparkHeight)
	s.Says = fmt.Sprintf("%s deliveries in the last 30 minutes, at most %s a minute", count(sum), count(most))
	return s
}
