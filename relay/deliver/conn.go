package deliver

import (
	"net"
	"time"
)

// conn is a connection of one lane. Beside what it carries it remembers what the reply's parser does not tell: whether
// the receiver sent anything at all, and the true error.
type conn struct {
	net.Conn
	socket net.Conn // the same, below TLS; never changed, as a hard stop closes it from elsewhere
	ear    ear      // at the socket
	dialer *dialer

	got     int           // bytes read since the last request was begun
	readErr error         // the first of a Read since then
	asked   time.Time     // when that request was begun
	waited  time.Duration // from then to the reply's first byte; 0: none has come
	idle    time.Time     // since when no reply is expected
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.got == 0 && n > 0 {
		c.waited = time.Since(c.asked)
	}
	c.got += n
	if c.readErr == nil {
		c.readErr = err
	}
	return n, err
}

func (c *conn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}

// trust is for how long after a reply a kept connection is used again unseen. Later it is listened to before: servers and
// balancers close idle connections, some with a parting 408, and some receivers answer twice; neither must be taken for the
// next answer. To listen costs 0.4 µs, 5 % of a delivery on loopback. A lane with work waiting goes on within some
// microseconds, and pays nothing; what is heard only after the next request has begun cannot be told from its answer.
const trust = time.Millisecond

// fresh says whether a kept connection can be used again.
func (c *conn) fresh(now time.Time) bool {
	return now.Sub(c.idle) < trust || c.ear.silent(c.socket)
}
