package replay

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
)

// plan is people who all have one plan, whatever they are asked for, or a state that cannot be read.
type plan struct {
	now   *atomic.Pointer[string]
	fault *atomic.Pointer[error]
}

func (p plan) AppendVisitorFields(dst []byte, _ string, _ []byte, names []string) []byte {
	return fmt.Appendf(dst, `{%q:%q}`, names[0], *p.now.Load())
}

func (p plan) AppendAccountFields(dst []byte, _ string, _ []byte, _ []string) []byte { return dst }

func (p plan) Err() error {
	if err := p.fault.Load(); err != nil {
		return *err
	}
	return nil
}

// newPilot is a webhook that chose the property plan.
func newPilot() *hook.Webhook {
	w, faults := hook.Compile(hook.Spec{Name: "pilot", URL: "https://example.com/pilot", Enabled: true, InFlight: 16, Timeout: time.Second,
		Format: "userpilot", Properties: []string{"user.plan"}, Events: []string{"featureClicked:a"}}, func(string) bool { return true })
	if len(faults) > 0 {
		panic(fmt.Sprint(faults))
	}
	w.Queue = 3
	return w
}

// withPlan gives the bed's runner people, and a webhook that chose the property plan beside crm.
func withPlan(b *bed) (p plan) {
	p = plan{new(atomic.Pointer[string]), new(atomic.Pointer[error])}
	free := "free"
	p.now.Store(&free)
	b.close()
	b.change = func(o *Options) { o.People = func() hook.People { return p } }
	b.open()
	pilot := newPilot()
	b.setHooks(newHook("crm", 1, "*"), pilot)
	b.openQueue(pilot)
	return p
}

// extras takes what waits for pilot and says of each which plan came with it.
func (b *bed) extras() (plans []string) {
	b.t.Helper()
	for {
		e, ok, err := b.queues["pilot"].Take(time.Now().UnixMilli())
		if err != nil {
			b.t.Fatal(err)
		}
		if !ok {
			return plans
		}
		note, err := event.ParseNote(e.Note)
		if err != nil {
			b.t.Fatal(err)
		}
		user, _, err := format.ParseExtra(note.Extra)
		if err != nil {
			b.t.Fatal(err)
		}
		plans = append(plans, fmt.Sprintf("%s %v%v", user, note.Has(0), note.Has(1)))
		if err := b.queues["pilot"].Settle(&e); err != nil {
			b.t.Fatal(err)
		}
	}
}

// TestReplayProperties: what is new to a webhook has the properties of today; what it had before has those of then.
func TestReplayProperties(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		p := withPlan(b)
		f := func(q Request, want ...string) {
			t.Helper()
			id := b.start(q).ID
			b.finish(id, "crm")
			wantEnd(t, b.job(id), Done, "", int64(len(want)))
			if got := b.extras(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v: %q, want %q", q, got, want)
			}
		}
		b.send(b.take(event.FeatureClicked, "shop", "a", "b"), b.take(event.PageLoaded, "shop", "p")) // noted without people: they had nothing
		if got := b.extras(); fmt.Sprint(got) != "[ truefalse]" {
			t.Fatalf("at first: %q", got)
		}
		b.setHooks(newHook("crm", 1, "*"))
		b.send(b.take(event.FeatureClicked, "shop", "a", "b")) // not for pilot
		until := time.Now().Add(time.Second)
		time.Sleep(2 * time.Second)
		b.setHooks(newHook("crm", 1, "*"), newPilot())
		f(Request{To: "pilot", Until: until}, " truefalse", `{"plan":"free"} truefalse`)
		gold := "gold"
		p.now.Store(&gold)
		f(Request{To: "pilot", Until: until}, " truefalse", `{"plan":"gold"} truefalse`)
		f(Request{To: "pilot", Until: until, Events: []string{"pageLoaded"}}, `{"plan":"gold"} truetrue`)
	})
}

// TestReplayPropertiesThatCannotBeRead: nothing is sent with less than belongs to it.
func TestReplayPropertiesThatCannotBeRead(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		p := withPlan(b)
		b.setHooks(newHook("crm", 1, "*"))
		b.send(b.take(event.FeatureClicked, "shop", "a"))
		b.setHooks(newHook("crm", 1, "*"), newPilot())
		fault := errors.New("block checksum mismatch")
		p.fault.Store(&fault)
		id := b.start(Request{To: "pilot"}).ID
		b.finish(id, "crm")
		wantEnd(t, b.job(id), Failed, fault.Error(), 0)
		if got := b.extras(); len(got) > 0 {
			t.Errorf("sent: %q", got)
		}
	})
}
