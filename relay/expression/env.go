package expression

import (
	"github.com/expr-lang/expr/vm"

	"edgerelay/relay/event"
)

// Env is one event as expressions see it, and the scratch of their evaluation. A value is decoded when the first
// expression asks for it and kept for all that follow, so that the filters of many webhooks share the work. The zero
// value is ready. One goroutine at a time; keep it, or pool it, for the next event.
type Env struct {
	event  *event.Event
	note   event.Note
	serial uint64 // of the event, so that values of earlier ones are known as such

	values  map[string]any     // what the machine reads, by the keys of sources
	since   map[string]*uint64 // the serial that each value belongs to
	meter   meter
	allowed int // of the evaluation, or the template, under way
	spare   int // steps of the event that nobody has taken yet
	machine vm.VM
	scratch []byte // what a source wrote
	text    []byte // the value of a place
	body    []byte // what a template made
	stable  event.Stable
}

// Begin makes e the event that expressions see, with those of its IDs that n selects. e must stay as it is until the
// next Begin or End.
func (v *Env) Begin(e *event.Event, n event.Note) {
	if v.values == nil {
		v.values = map[string]any{meterName: &v.meter}
		v.since = make(map[string]*uint64)
		v.machine.MemoryBudget = memoryMax
	}
	v.event, v.note = e, n
	v.spare = stepsEvent
	v.serial++
}

// scratchKeep is how many bytes, names or elements scratch may hold and be kept.
const scratchKeep = 1 << 16

// textKeep is how long a text may be to stay for the next event, which often has the same one.
const textKeep = 64

// End lets go of the event, of what was decoded from it, but for short texts, and of scratch that a giant left behind.
// Only Begin may follow.
func (v *Env) End() {
	v.event, v.note = nil, event.Note{}
	if len(v.values) > scratchKeep/16 {
		v.values = nil
		return
	}
	for key := range v.since {
		if text, ok := v.values[key].(string); !ok || len(text) > textKeep {
			v.values[key] = nil
		}
	}
	if cap(v.machine.Stack) > scratchKeep/16 || cap(v.machine.Variables) > scratchKeep/16 {
		v.machine = vm.VM{MemoryBudget: memoryMax}
	}
	clear(v.machine.Variables)
	for _, b := range []*[]byte{&v.scratch, &v.text, &v.body} {
		if cap(*b) > scratchKeep {
			*b = nil
		}
	}
}

// evaluate runs p. The meter goes on from where it is, so that several can share one allowance.
func (v *Env) evaluate(p *program) (any, error) {
	for _, s := range p.needs {
		if err := v.provide(s); err != nil {
			return nil, explain(err)
		}
	}
	result, err := v.machine.Run(p.code, v.values)
	if err != nil {
		return nil, explain(err)
	}
	return result, nil
}

// provide sees to it that the value of s is there, and is that of this event. The first who asks for it pays.
func (v *Env) provide(s *source) error {
	since := v.since[s.key]
	if since == nil {
		since = new(uint64)
		v.since[s.key] = since
	}
	if *since == v.serial {
		return nil
	}
	raw, err := v.find(s)
	if err == nil {
		err = v.meter.spend(len(raw) / bytesPerMake)
	}
	if err != nil {
		return err
	}
	if old, ok := v.values[s.key].(string); !ok || !isText(raw, old) {
		v.values[s.key] = decode(raw)
	}
	*since = v.serial
	return nil
}

// find is the JSON of the value of s, nil when it is missing.
func (v *Env) find(s *source) (raw []byte, err error) {
	var looked int
	raw, v.scratch, looked = s.raw(v, v.scratch)
	return raw, v.meter.spend(looked / bytesPerLook)
}

// isText says that raw is the text that is there already: names and plans repeat from event to event.
func isText(raw []byte, text string) bool {
	plain, ok := event.PlainText(raw)
	return ok && len(raw) > 0 && raw[0] == '"' && string(plain) == text
}
