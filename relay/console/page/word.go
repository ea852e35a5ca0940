package page

import (
	"cmp"
	"html/template"
	"math"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"edgerelay/relay/hook"
)

// nothing stands where there is no value.
const nothing = "–"

// words are the functions that templates have.
func (p *Pages) words() template.FuncMap {
	return template.FuncMap{
		"asset":      p.address,
		"navigation": p.navigation,
		"path":       url.PathEscape,
		"typeName":   typeName,
		"orderName":  func(name string) string { return cmp.Or(orderNames[name], name) },
		"duration":   Duration,
		"count":      func(n any) string { return count(reflect.ValueOf(n).Convert(reflect.TypeFor[int64]()).Int()) },
		"bytes":      func(n int) string { return sizeOf(int64(n)) },
		"moment":     func(at time.Time) moment { return newMoment(at, p.opt.Now()) },
	}
}

// navigation are the pages that every page leads to.
func (p *Pages) navigation() []choice {
	if p.opt.Desk == nil {
		return []choice{{Value: "overview", Name: "Overview", Path: "/"}, {Value: "inspect", Name: "Inspector", Path: "/inspect"}}
	}
	return []choice{
		{Value: "overview", Name: "Overview", Path: "/"},
		{Value: "webhooks", Name: "Webhooks", Path: "/webhooks"},
		{Value: "live", Name: "Live", Path: "/live"},
		{Value: "errors", Name: "Errors", Path: "/errors"},
		{Value: "catalog", Name: "Catalog", Path: "/catalog/pages"},
		{Value: "explain", Name: "Explain", Path: "/explain"},
		{Value: "inspect", Name: "Inspector", Path: "/inspect"},
	}
}

// orderNames are what people call an order.
var orderNames = map[string]string{"none": "As they can be delivered", "visitor": "Events of one visitor never overtake each other"}

// typeName is what people call a type.
func typeName(name string) string {
	t, _ := hook.TypeByName(name)
	return cmp.Or(t.Title, name)
}

// moment is a time as a page shows it: how long ago, and on hover when exactly.
type moment struct{ Ago, Exact, Stamp string }

func newMoment(at, now time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	return moment{Ago(now.Sub(at)), at.UTC().Format("2006-01-02 15:04:05.000 MST"), at.UTC().Format("2006-01-02T15:04:05.000Z07:00")}
}

// Ago is how long something has been, in one unit. The pages' scripts say it in the same words.
func Ago(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= unit.size {
			return strconv.Itoa(int(d/unit.size)) + unit.name + " ago"
		}
	}
	return "now"
}

// Duration is seconds as people say them: the two largest units.
func Duration(seconds float64) string {
	d := time.Duration(math.Round(min(math.Abs(seconds), math.MaxInt64/2e9) * float64(time.Second)))
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d/(24*time.Hour))) + "d " + strconv.Itoa(int(d/time.Hour)%24) + "h"
	case d >= time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + "h " + strconv.Itoa(int(d/time.Minute)%60) + "m"
	case d >= time.Minute:
		return strconv.Itoa(int(d/time.Minute)) + "m " + strconv.Itoa(int(d/time.Second)%60) + "s"
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64) + "ms"
}

// count is a whole number with its thousands apart.
func count[N int | int64 | uint32 | uint64](n N) string { return humanize.Comma(int64(n)) }

func sizeOf(bytes int64) string { return humanize.IBytes(uint64(max(bytes, 0))) }

// rate is how many a second, short enough for a column.
func rate(perSecond float64) string {
	switch {
	case perSecond == 0:
		return "0"
	case perSecond < 0.01:
		return "<0.01"
	case perSecond < 10:
		return strconv.FormatFloat(perSecond, 'f', 2, 64)
	case perSecond < 100:
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return humanize.Comma(int64(math.Round(perSecond)))
}

// percent is a share; only all is 100 %.
func percent(share float64) string {
	switch tenths := math.Floor(share * 1000); {
	case share >= 1:
		return "100%"
	case share <= 0:
		return "0%"
	case tenths < 1:
		return "<0.1%"
	default:
		return strconv.FormatFloat(tenths/10, 'f', -1, 64) + "%"
	}
}
