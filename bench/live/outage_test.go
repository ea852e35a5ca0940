package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/analytics-go/v3"
)

// ticks is how many events a client makes while the program is killed and started again: the first third before, the
// next one while nobody listens, the rest after.
const ticks = 150

func tick(line string, n int) string { return fmt.Sprintf(line+` {"n":%d}`, n) }

// outage kills the program at the moment at which the client has made a third of its events, whether they are on their way
// or not, and starts it again when it has made another third. made waits until it has made n.
func outage(t *testing.T, r *relay, made func(n int)) {
	t.Helper()
	made(ticks / 3)
	r.process.Kill()
	made(2 * ticks / 3)
	r.start(t)
}

// expectTicks waits until all have come, and tells how many came again: those that were on their way to the receiver when
// the program was killed.
func expectTicks(t *testing.T, sink *receiver, r *relay, line string) {
	t.Helper()
	var lines []string
	for n := range ticks {
		lines = append(lines, tick(line, n))
	}
	sink.expect(t, lines...)
	t.Logf("of %d events none is missing, %d came again", ticks, sink.settle(t, r))
}

func TestAgentOutage(t *testing.T) {
	for name, options := range map[string]string{"images": "", "posts": "sendEventsWithPostOnly: true"} {
		t.Run(name, func(t *testing.T) {
			w := openShop(t, "")
			w.startAda(t, options)
			w.run(t, `window.made = 0
const timer = setInterval(() => {
  pendo.track('Tick', {n: made++})
  pendo.flushNow()
  if (made === %s) clearInterval(timer)
}, 20)`, ticks)
			outage(t, w.relay, func(n int) { w.await(t, fmt.Sprintf("made >= %d", n)) })
			expectTicks(t, w.sink, w.relay, `trackEventReceived ada@ "Tick" (web)`)
		})
	}
}

// making returns what an outage needs of a client that is told of each event.
func making(t *testing.T, one func(n int)) (made func(n int)) {
	t.Helper()
	next, pace := 0, time.NewTicker(10*time.Millisecond)
	t.Cleanup(pace.Stop)
	return func(n int) {
		for ; next < n; next++ {
			<-pace.C
			one(next)
		}
	}
}

func TestNodeOutage(t *testing.T) {
	sink := startReceiver(t)
	r := startRelay(t, sink, "")
	n := startNode(t, "analytics-node 3", r)
	made := making(t, func(i int) {
		n.call(t, "track", object{"userId": "ada", "event": "Tick", "properties": object{"n": i}})
	})
	outage(t, r, made)
	made(ticks)
	n.end(t)
	sink.want["visitorCreated ada@"]++
	expectTicks(t, sink, r, `trackEventReceived ada@ "Tick" (server)`)
}

func TestGoOutage(t *testing.T) {
	sink := startReceiver(t)
	r := startRelay(t, sink, "")
	client := startGo(t, r)
	made := making(t, func(i int) {
		track := analytics.Track{UserId: "ada", Event: "Tick", Properties: analytics.NewProperties().Set("n", i)}
		if err := client.Enqueue(track); err != nil {
			t.Fatal(err)
		}
	})
	outage(t, r, made)
	made(ticks)
	sink.want["visitorCreated ada@"]++
	expectTicks(t, sink, r, `trackEventReceived ada@ "Tick" (server)`)
}
