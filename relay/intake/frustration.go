package intake

import (
	"bytes"
	"slices"

	"edgerelay/relay/event"
	"edgerelay/relay/signal"
)

// Pendo's agent labels frustration since version 2.220.0 (its release notes; dead clicks came with 2.253.0). What elder
// ones and Segment's SDKs send is looked through here, for rage clicks and U-turns: the other two kinds only a browser can
// tell. An item of doubt stands behind each click and load of these, as it will be told of if it is one.

// labelsFrustration says whether an agent of this version, such as 2.291.4_prod, labels by itself. One whose version
// cannot be read is taken for new: a signal that is missing is better than one that is told twice.
func labelsFrustration(version []byte) bool {
	const firstMajor, firstMinor = 2, 220
	major, rest, found := bytes.Cut(version, []byte("."))
	minor, _, _ := bytes.Cut(rest, []byte("."))
	n, ok := digits(major)
	m, too := digits(minor)
	return !found || !ok || !too || n > firstMajor || n == firstMajor && m >= firstMinor
}

// digits reads a number of few digits.
func digits(text []byte) (n int, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' || n > 1e6 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(text) > 0
}

// doubt is an item that is told only if the detector says so, and what it is to be told of.
type doubt struct {
	item    int // in items; what it would follow from is the one before
	visitor signal.Visitor
	at      int64  // by the visitor's own clock, in which all their events agree
	what    uint64 // the element or the page
}

// doubtLast adds an item of doubt behind the last, as its equal in all but the kind and what follows from that.
func (r *request) doubtLast(kind event.Kind, tab []byte, at int64, what uint64) *item {
	last := len(r.items) - 1
	it := r.add()
	cause := &r.items[last].event
	e := &it.event
	ids := append(e.IDs, cause.IDs...)
	*e = *cause
	e.Kind, e.IDs = kind, ids
	it.doubted = true
	source := r.end.dialect.String()
	visitor := r.server.signals.Sum(r.app.nameBytes, []byte(source), e.Visitor, tab)
	r.doubts = append(r.doubts, doubt{last + 1, signal.Visitor(visitor), at, what})
	return it
}

// doubtClick has the last item's click looked at. The agent tells no coordinates: clicks on one element are in one place.
func (r *request) doubtClick(a *agentEvent, target []byte) {
	if !r.agent.unlabelled || len(a.labels) > 0 {
		return
	}
	e := &r.doubtLast(event.RageClick, a.tab, a.clock(), r.sumElement(target)).event
	e.IDs = r.app.catalog.AppendPageIDs(e.IDs[:0], r.agent.pages)
	e.IDs = r.app.catalog.AppendFeatureIDs(e.IDs, r.agent.features)
	e.UniqueID = r.agentIdentity(a, event.RageClick)
}

// doubtLoad has the last item's page load looked at. A frame within a page is not where the visitor went.
func (r *request) doubtLoad(a *agentEvent) {
	url := filled(a.url)
	if !r.agent.unlabelled || len(a.labels) > 0 || url == nil || string(event.Lookup(a.props, "is_frame")) == "true" {
		return
	}
	e := &r.doubtLast(event.UTurn, a.tab, a.clock(), r.server.signals.Sum(url)).event
	e.UniqueID = r.agentIdentity(a, event.UTurn)
}

// clock is when an event happened by the agent's clock. The corrected time differs from one request to the next by what
// each took on its way.
func (a *agentEvent) clock() int64 {
	if at, ok := parseTime(a.time); ok {
		return at
	}
	return a.at
}

// doubtPage has the last item's page or screen looked at. A page is its whole URL, fragment included, as the agent
// compares them: the site calls it a page of its own by calling page. A screen has no URL, but a name.
func (r *request) doubtPage(m *segmentMessage, given []byte) {
	e := &r.items[len(r.items)-1].event
	what := r.server.signals.Sum(e.URL)
	if e.URL == nil {
		if filled(m.name) == nil {
			return
		}
		what = r.server.signals.Sum(m.name, filled(m.category))
	}
	at := e.Time
	if own, ok := parseTime(given); ok {
		at = own
	}
	r.doubtLast(event.UTurn, nil, at, what).event.UniqueID = r.messageIdentity(m, given, event.UTurn)
}

// sumElement is an element's number: where it stands in the page, by tags, IDs and places among siblings up to the body.
// Classes and texts change with a click, and count only where the place is not told.
func (r *request) sumElement(target []byte) uint64 {
	start := len(r.text)
	for isObject(target) {
		var tag, id, class, place, parent []byte
		p := reader{b: target}
		for more := p.enter(); more; more = p.next() {
			switch string(p.key()) {
			case `"tag"`:
				tag = p.value()
			case `"id"`:
				id = p.value()
			case `"cls"`:
				class = p.value()
			case `"childIndex"`:
				place = p.value()
			case `"parentElem"`:
				parent = p.value()
			default:
				p.skip()
			}
		}
		if place == nil {
			place = class
		}
		for _, part := range [][]byte{tag, id, place} {
			r.text = append(append(r.text, part...), ',')
		}
		target = parent
	}
	sum := r.server.signals.Sum(r.text[start:])
	r.text = r.text[:start]
	return sum
}

// resolve decides on the items of doubt: it tells the detector what they follow from, in the order in which that
// happened, and drops those of which nothing came. Nothing is told of people who yield no event, nor of what is a
// repeat. From here until submit, or else end, others wait who would tell of the same visitors: what they resend would
// not be a repeat yet, and what they do next is to come after.
func (r *request) resolve() error {
	if len(r.doubts) == 0 {
		return nil
	}
	if err := r.dropDoubts(); err != nil {
		return err
	}
	if !slices.IsSortedFunc(r.doubts, byTime) {
		slices.SortStableFunc(r.doubts, byTime)
	}
	for i := range r.doubts {
		r.feed.Join(r.server.signals, r.doubts[i].visitor)
	}
	r.feed.Begin(r.now.UnixMilli())
	for i := range r.doubts {
		d := &r.doubts[i]
		r.items[d.item].dropped = r.repeated(i) || !r.tell(d)
	}
	return nil
}

func byTime(a, b doubt) int {
	if a.at != b.at {
		return int(max(min(a.at-b.at, 1), -1))
	}
	return 0
}

// dropDoubts drops the doubts about people of whom nothing may be passed on, and of those who are dropped already.
func (r *request) dropDoubts() (err error) {
	r.doubts = slices.DeleteFunc(r.doubts, func(d doubt) bool {
		it, cause := &r.items[d.item], &r.items[d.item-1]
		it.doubted, it.dropped = false, true
		if cause.dropped || err != nil {
			return true
		}
		var refused bool
		refused, err = r.server.opt.People.Refused(r.app.name, cause.event.Visitor)
		return refused
	})
	return err
}

// repeated says whether what a doubt is about was told before, in this request or an earlier one.
func (r *request) repeated(i int) bool {
	id := r.items[r.doubts[i].item-1].event.UniqueID
	for j := i - 1; j >= 0 && r.doubts[j].at == r.doubts[i].at; j-- {
		if r.items[r.doubts[j].item-1].event.UniqueID == id {
			return true
		}
	}
	return r.server.opt.Log.Seen(event.Identity(id))
}

// tell tells the detector of one click or load, and says whether that is a frustration.
func (r *request) tell(d *doubt) bool {
	if r.items[d.item].event.Kind == event.RageClick {
		return r.feed.Click(d.visitor, d.at, signal.On(d.what))
	}
	return r.feed.Load(d.visitor, d.at, d.what)
}
