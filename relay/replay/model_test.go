package replay

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// past is what the model knows of one record.
type past struct {
	event *event.Event
	at    time.Time
	notes map[uint32][]byte // of those who were given it
	dead  map[uint32]bool
}

// model is a log's past as a plain list.
type model struct {
	rng  *rand.Rand
	list []past // by number, from 1
}

// Random requests over random events, against a plain list: the same events, in their order, with the same bytes.
func TestReplayIsAPlainList(t *testing.T) {
	for seed := range uint64(12) {
		inBubble(t, func(t *testing.T, b *bed) {
			m := &model{rng: rand.New(rand.NewPCG(seed, 8)), list: make([]past, 1)}
			m.choose(b)
			for range 40 {
				m.send(b)
			}
			for range 12 {
				if m.choose(b); m.rng.IntN(3) == 0 {
					m.send(b)
				}
				m.check(t, b, m.request())
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

var modelNames, modelApps = []string{"crm", "bi"}, []string{"shop", "blog"}

// entry is a random selection.
func (m *model) entry() string {
	return []string{"*", "pageLoaded", "featureClicked", "featureClicked:a", "featureClicked:b,c*", "guide*", "trackEventReceived:a",
		"page*:a", "visitorCreated"}[m.rng.IntN(9)]
}

func (m *model) entries() (list []string) {
	for range 1 + m.rng.IntN(3) {
		list = append(list, m.entry())
	}
	return list
}

// choose gives the webhooks new selections.
func (m *model) choose(b *bed) {
	crm, bi := newHook("crm", 1, m.entries()...), newHook("bi", 2, m.entries()...)
	if m.rng.IntN(3) == 0 {
		crm.App = modelApps[m.rng.IntN(2)]
	}
	b.setHooks(crm, bi)
}

// send appends some events in one commit, and delivers or buries what comes of them.
func (m *model) send(b *bed) {
	kinds := []event.Kind{event.PageLoaded, event.FeatureClicked, event.GuideDisplayed, event.TrackEventReceived, event.VisitorCreated}
	var events []*event.Event
	for range 1 + m.rng.IntN(25) {
		var ids []string
		for range m.rng.IntN(4) {
			ids = append(ids, []string{"a", "b", "c", "cc", "x"}[m.rng.IntN(5)])
		}
		events = append(events, b.take(kinds[m.rng.IntN(len(kinds))], modelApps[m.rng.IntN(2)], ids...))
	}
	first := b.send(events...)
	for len(m.list) < int(first) {
		m.list = append(m.list, past{}) // copies of replays
	}
	for i, e := range events {
		p := past{event: e, at: time.Now(), notes: map[uint32][]byte{}, dead: map[uint32]bool{}}
		for _, w := range b.set.Load().All() {
			if note, ok := noteOf(w, e); ok {
				p.notes[w.Queue] = note
				p.dead[w.Queue] = m.rng.IntN(4) == 0
				m.end(b, w, first+uint64(i), p.dead[w.Queue])
			}
		}
		m.list = append(m.list, p)
	}
	time.Sleep(time.Duration(m.rng.IntN(1500)) * time.Millisecond)
}

// end takes one delivery and ends it.
func (m *model) end(b *bed, w *hook.Webhook, seq uint64, dead bool) {
	b.t.Helper()
	e, g, ok := b.next(w.Name)
	if !ok || g.seq != seq {
		b.t.Fatalf("webhook %s takes %d, %v; want %d", w.Name, g.seq, ok, seq)
	}
	err := error(nil)
	if dead {
		err = b.queues[w.Name].Bury(&e, wal.Death{Time: time.Now().UnixMilli()})
	} else {
		err = b.queues[w.Name].Settle(&e)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// noteOf asks a set, as intake does.
func noteOf(w *hook.Webhook, e *event.Event) ([]byte, bool) {
	set, err := hook.NewSet([]*hook.Webhook{w})
	if err != nil {
		panic(err)
	}
	receivers, _ := set.Receivers(nil, nil, e, string(e.AppName), nil)
	if len(receivers) == 0 {
		return nil, false
	}
	return receivers[0].Note, true
}

func (m *model) request() (q Request) {
	q.To = modelNames[m.rng.IntN(2)]
	q.Rate = []float64{50, 200, 5000}[m.rng.IntN(3)]
	if m.rng.IntN(2) == 0 {
		q.Of = modelNames[m.rng.IntN(2)]
	}
	q.Dead = m.rng.IntN(4) == 0
	if m.rng.IntN(3) == 0 {
		q.Events = m.entries()
	}
	if m.rng.IntN(4) == 0 {
		q.App = modelApps[m.rng.IntN(2)]
	}
	one := func() int { return 1 + m.rng.IntN(len(m.list)-1) }
	switch m.rng.IntN(6) {
	case 0:
		if e := m.list[one()].event; e != nil {
			q.UniqueID = idOf(e)
		}
	case 1:
		for range 20 {
			q.Seqs = append(q.Seqs, uint64(one()))
		}
	case 2:
		q.From = m.list[one()].at
		q.Until = m.list[one()].at
		if !q.From.Before(q.Until) {
			q.From, q.Until = q.Until, q.From.Add(time.Millisecond)
		}
	case 3:
		q.From = m.list[one()].at
	}
	return q
}

// want is what the list says to a request.
func (m *model) want(b *bed, q Request) (all []got) {
	to := named(b.set.Load(), q.To)
	of := q.Of
	if q.Dead && of == "" {
		of = q.To
	}
	chosen := *to
	chosen.Events, chosen.Selections = q.Events, nil
	for _, text := range q.Events {
		s, err := hook.ParseSelection(text)
		if err != nil {
			panic(err)
		}
		chosen.Selections = append(chosen.Selections, s)
	}
	for seq, p := range m.list {
		if p.event == nil || len(q.Seqs) > 0 && !slices.Contains(q.Seqs, uint64(seq)) ||
			q.UniqueID != "" && q.UniqueID != idOf(p.event) || q.App != "" && q.App != string(p.event.AppName) ||
			!q.From.IsZero() && p.at.Before(q.From) || !q.Until.IsZero() && !p.at.Before(q.Until) {
			continue
		}
		if of != "" {
			queue := named(b.set.Load(), of).Queue
			if _, given := p.notes[queue]; !given || q.Dead && !p.dead[queue] {
				continue
			}
		}
		note, takes := noteOf(to, p.event)
		if len(q.Events) > 0 {
			n, ok := noteOf(&chosen, p.event)
			if !ok {
				continue
			}
			if !takes {
				note = n
			}
		} else if !takes && of != q.To {
			continue
		}
		if stored, given := p.notes[to.Queue]; given && !(q.Dead && of != q.To) {
			note = stored
		}
		parsed, err := event.ParseNote(note)
		if err != nil {
			panic(err)
		}
		all = append(all, got{id: idOf(p.event), body: string(format.Pendo(nil, p.event, parsed)), seq: uint64(seq)})
	}
	return all
}

func (m *model) check(t *testing.T, b *bed, q Request) {
	t.Helper()
	want := m.want(b, q)
	all := b.repeat(q)
	show := func(all []got) (lines []string) {
		for _, g := range all {
			lines = append(lines, g.body)
		}
		return lines
	}
	if !slices.Equal(show(all), show(want)) {
		t.Errorf("%+v to %v: got %d, want %d\n%s", q, named(b.set.Load(), q.To).Events, len(all), len(want), fmt.Sprint(show(all), "\n", show(want)))
	}
	if q.Dead && (q.Of == "" || q.Of == q.To) {
		for _, g := range want {
			m.list[g.seq].dead[named(b.set.Load(), q.To).Queue] = false
		}
	}
}
