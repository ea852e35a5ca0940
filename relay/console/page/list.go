package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"edgerelay/relay/desk"
)

// listRows are the webhooks on one page of the list.
const listRows = 50

// listView is the page at /webhooks.
type listView struct {
	Frame
	Query  listQuery
	Shows  []choice // the groups to choose from
	Heads  []head
	Rows   []hookRow
	All    int // webhooks there are
	Found  int // that the query wants
	First  int // number of the first that is shown, from 1; 0 = none is
	Last   int
	Before string // path of the page before; "" = there is none
	After  string
	Self   string // path of this page
}

// listQuery says which webhooks are wanted, and in which order.
type listQuery struct {
	Search string // in name, address, owner and events
	Show   string // a group of states; "" is all
	Sort   string // a column; "" is the name
	Page   int    // from 0
}

// choice is one of several that a page offers.
type choice struct {
	Value, Name, Path string
	Count             int
	Chosen            bool
}

// head is the head of a column.
type head struct {
	Name, Path string // Path sorts by it; "" = it cannot
	Class      string
	Sorted     bool
}

// groups are what the list can be narrowed to.
var groups = []struct {
	value, name string
	states      []string // nil: all
}{
	{"", "All", nil},
	{"on", "On", []string{"idle", "delivering", "retrying", "failing"}},
	{"trouble", "In trouble", []string{"retrying", "failing", "disabled", "broken"}},
	{"off", "Off", []string{"off"}},
}

// columns are those of the list, with what sorts by them: what asks for attention comes first.
var columns = []struct {
	value, name, class string
	compare            func(a, b *desk.Webhook) int
}{
	{"state", "State", "", func(a, b *desk.Webhook) int { return cmp.Compare(urgency(b), urgency(a)) }},
	{"name", "Webhook", "", func(a, b *desk.Webhook) int { return 0 }},
	{"rate", "Rate", "number", func(a, b *desk.Webhook) int { return cmp.Compare(b.Live.Rate, a.Live.Rate) }},
	{"success", "Success", "number", func(a, b *desk.Webhook) int { return cmp.Compare(shareOr(a, 2), shareOr(b, 2)) }},
	{"lag", "Lag", "number", func(a, b *desk.Webhook) int { return cmp.Compare(b.Live.Lag, a.Live.Lag) }},
	{"", "Last 30 min", "wide", nil},
	{"", "On", "", nil},
}

func urgency(w *desk.Webhook) int {
	return slices.Index([]string{"off", "idle", "delivering", "retrying", "failing", "disabled", "broken"}, w.Live.State)
}

func shareOr(w *desk.Webhook, none float64) float64 {
	if w.Live.Success == nil {
		return none
	}
	return *w.Live.Success
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) {
	p.Show(w, http.StatusOK, "list", p.newList(r))
}

func readListQuery(r *http.Request) listQuery {
	values := r.URL.Query()
	page, _ := strconv.Atoi(values.Get("page")) // what is no number is the first page
	return listQuery{strings.TrimSpace(values.Get("q")), values.Get("show"), values.Get("sort"), max(page, 0)}
}

// path is where the list is that a query describes.
func (q listQuery) path() string {
	values := url.Values{}
	for name, value := range map[string]string{"q": q.Search, "show": q.Show, "sort": q.Sort} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Page > 0 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	if len(values) == 0 {
		return "/webhooks"
	}
	return "/webhooks?" + values.Encode()
}

func (p *Pages) newList(r *http.Request) listView {
	q := readListQuery(r)
	all := p.opt.Desk.List()
	found := slices.DeleteFunc(slices.Clone(all), func(w desk.Webhook) bool { return !q.finds(&w) })
	view := listView{Frame: p.Frame(r, "webhooks"), All: len(all)}
	view.Shows, found = q.group(found)
	q.sort(found)
	view.Found = len(found)
	q.Page = min(q.Page, max(len(found)-1, 0)/listRows)
	first, last := q.Page*listRows, min((q.Page+1)*listRows, len(found))
	for i := range found[first:last] {
		view.Rows = append(view.Rows, newHookRow(&found[first+i]))
	}
	if last > first {
		view.First, view.Last = first+1, last
	}
	view.turn(q, len(found))
	view.Query, view.Self, view.Heads = q, q.path(), q.heads()
	return view
}

// turn sets the ways to the pages beside this one.
func (v *listView) turn(q listQuery, found int) {
	if q.Page > 0 {
		before := q
		before.Page--
		v.Before = before.path()
	}
	if (q.Page+1)*listRows < found {
		after := q
		after.Page++
		v.After = after.path()
	}
}

// Group is how many webhooks are in some states.
type Group struct {
	Name, Path string // Path lists them
	Count      int
	Trouble    bool // there should be none
}

// Groups are the webhooks by their states; nil = there are no pages of webhooks.
func (p *Pages) Groups() (all []Group) {
	if p.opt.Desk == nil {
		return nil
	}
	shows, _ := listQuery{}.group(p.opt.Desk.List())
	for _, c := range shows {
		all = append(all, Group{c.Name, c.Path, c.Count, c.Value == "trouble"})
	}
	return all
}

// finds says whether a webhook has the text that is searched for, whatever the case.
func (q listQuery) finds(w *desk.Webhook) bool {
	if q.Search == "" {
		return true
	}
	sought := strings.ToLower(q.Search)
	for _, text := range []string{w.Name, setting(w, "url"), w.Place, typeName(setting(w, "type")), setting(w, "owner"), setting(w, "app"), strings.Join(settings(w, "events"), " ")} {
		if strings.Contains(strings.ToLower(text), sought) {
			return true
		}
	}
	return false
}

// group counts the groups among the webhooks, and leaves those of the chosen one.
func (q listQuery) group(found []desk.Webhook) (shows []choice, left []desk.Webhook) {
	left = found
	for _, g := range groups {
		of := q
		of.Show, of.Page = g.value, 0
		is := func(w desk.Webhook) bool { return g.states == nil || slices.Contains(g.states, w.Live.State) }
		c := choice{Value: g.value, Name: g.name, Path: of.path(), Chosen: q.Show == g.value}
		var chosen []desk.Webhook
		for i := range found {
			if is(found[i]) {
				chosen = append(chosen, found[i])
			}
		}
		c.Count = len(chosen)
		if shows = append(shows, c); c.Chosen {
			left = chosen
		}
	}
	return shows, left
}

// sort orders webhooks that are sorted by name.
func (q listQuery) sort(found []desk.Webhook) {
	for _, c := range columns {
		if c.value == q.Sort && c.compare != nil {
			slices.SortStableFunc(found, func(a, b desk.Webhook) int { return c.compare(&a, &b) })
		}
	}
}

func (q listQuery) heads() (all []head) {
	for _, c := range columns {
		h := head{Name: c.name, Class: c.class}
		if c.value != "" {
			by := q
			by.Sort, by.Page = c.value, 0
			h.Sorted = cmp.Or(q.Sort, "name") == c.value
			if c.value == "name" {
				by.Sort = ""
			}
			h.Path = by.path()
		}
		all = append(all, h)
	}
	return all
}

// setting is a webhook's setting that is a text; "" when it is none.
func setting(w *desk.Webhook, name string) string {
	text, _ := w.Settings[name].(string)
	return text
}

// settings is a webhook's setting that is a list of texts.
func settings(w *desk.Webhook, name string) []string {
	list, _ := w.Settings[name].([]string)
	return list
}
