package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// torturers are the connections that send; visitors are few, so that order has something to prove.
const (
	torturers       = 8
	tortureVisitors = 40
)

// senders keep what was sent and what was accepted. An event that got no answer is sent again under the same messageId,
// as SDKs do; the log must recognise it.
type senders struct {
	mu   sync.Mutex
	next int
	ok   []int // numbers of accepted events
}

func (s *senders) accepted() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int(nil), s.ok...)
}

func (s *senders) sent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

func (s *senders) take(n int) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = s.next
		s.next++
	}
	return numbers
}

func (s *senders) accept(numbers []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ok = append(s.ok, numbers...)
}

// run sends until ctx ends. Each sender has visitors of its own and sends one request at a time, so the order in which a
// visitor's events are accepted is known.
func (s *senders) run(ctx context.Context, address string, random *rand.Rand) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	who := random.IntN(1 << 30)
	for ctx.Err() == nil {
		size := 1
		if random.IntN(4) == 0 {
			size = 1 + random.IntN(50)
		}
		numbers := s.take(size)
		path, body := tortureRequest(numbers, who, random)
		for ctx.Err() == nil {
			if post(ctx, client, "http://"+address+path, body) {
				s.accept(numbers)
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Duration(5+random.IntN(30)) * time.Millisecond):
			}
		}
	}
}

func tortureRequest(numbers []int, who int, random *rand.Rand) (path string, body []byte) {
	if len(numbers) == 1 {
		return "/v1/track", tortureEvent(nil, numbers[0], who, random)
	}
	body = append(body, `{"batch":[`...)
	for i, n := range numbers {
		if i > 0 {
			body = append(body, ',')
		}
		body = tortureEvent(body, n, who, random)
	}
	return "/v1/batch", append(body, `]}`...)
}

func tortureEvent(dst []byte, n, who int, random *rand.Rand) []byte {
	return fmt.Appendf(dst, `{"type":"track","event":"kind-%d","userId":"v%d-%d","messageId":"t-%d-%d","timestamp":"2026-01-02T03:04:05.678Z","properties":{"n":%d,"pad":"%s"}}`,
		kindOf(n), who, random.IntN(tortureVisitors/torturers), begun, n, n, padding[:10*random.IntN(len(padding)/10)])
}

// padding is runes of 2, 3, 4 and 1 bytes, to be cut at multiples of 10.
var padding = strings.Repeat("é€😀 ", 90)

func post(ctx context.Context, client *http.Client, url string, body []byte) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Basic YmVuY2g6")
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return err == nil && answer.StatusCode/100 == 2
}

// numberOf finds the event's number in a delivery's body; -1 when there is none.
func numberOf(body []byte) int {
	_, rest, found := bytes.Cut(body, []byte(`"n":`))
	end := bytes.IndexByte(rest, ',')
	if !found || end < 0 {
		return -1
	}
	n, err := strconv.Atoi(string(rest[:end]))
	if err != nil {
		return -1
	}
	return n
}
