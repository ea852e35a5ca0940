package intake

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestConcurrency sends from many connections at once, each message over two of them, all about the same few people:
// every message is stored once, and everybody is created once.
func TestConcurrency(t *testing.T) {
	const senders, rounds, visitors = 16, 40, 25
	r := start(t)
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			c, err := net.Dial("tcp", r.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(60 * time.Second))
			br := bufio.NewReader(c)
			for round := range rounds {
				visitor := (sender/2 + round) % visitors
				batch := fmt.Sprintf(`{"batch":[{"type":"identify","userId":"u%[1]d","traits":{"round":%[2]d},"messageId":"i%[3]d-%[2]d"},`+
					`{"type":"track","event":"E","userId":"u%[1]d","context":{"groupId":"g%[1]d"},"messageId":"t%[3]d-%[2]d"},{"type":"track"}]}`, visitor, round, sender/2)
				track := fmt.Sprintf(`{"event":"E","visitorId":"u%d","timestamp":%d}`, visitor, 1700000000000+sender/2*rounds+round)
				for _, request := range [][]byte{rawRequest("POST", "/v1/batch", batch, basicKey), rawRequest("POST", "/data/track", track, integrationKey),
					rawRequest("POST", "/data/track", "{", integrationKey)} {
					c.Write(request)
					got, err := http.ReadResponse(br, nil)
					if err != nil {
						t.Error(err)
						return
					}
					io.Copy(io.Discard, got.Body)
					if got.StatusCode != 200 && got.StatusCode != 400 {
						t.Errorf("status %d", got.StatusCode)
					}
				}
			}
		})
	}
	all.Wait()
	kinds, ids := map[string]int{}, map[[20]byte]int{}
	for _, e := range r.events() {
		kinds[e.Kind.String()]++
		ids[e.UniqueID]++
		if ids[e.UniqueID] > 1 {
			t.Errorf("twice: %s", show(e))
		}
	}
	if kinds["visitorCreated"] != visitors || kinds["accountCreated"] != visitors || kinds["trackEventReceived"] != senders*rounds {
		t.Errorf("stored: %v", kinds)
	}
	if n := r.counter("edge_intake_refused_requests_total", "reason", "invalid_json"); n != senders*rounds {
		t.Errorf("%v refused", n)
	}
	if n := r.counter("edge_intake_left_out_messages_total", "reason", "no_user"); n != senders*rounds {
		t.Errorf("%v left out", n)
	}
}
