package console

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often somebody may try to log in: five times at once and five a minute from one address, six times that in total.
const (
	triesOfOne = 5
	triesOfAll = 30
	triesEvery = time.Minute

	addressesMax = 1024
)

// gate bounds how often the login is tried. Safe for concurrent use.
type gate struct {
	now func() time.Time

	mu  sync.Mutex
	all *rate.Limiter
	of  map[netip.Prefix]*rate.Limiter // by network, see network
}

func newGate(now func() time.Time) *gate {
	return &gate{now: now, all: limiter(triesOfAll), of: map[netip.Prefix]*rate.Limiter{}}
}

func limiter(tries int) *rate.Limiter {
	return rate.NewLimiter(rate.Every(triesEvery/time.Duration(tries)), tries)
}

// try takes one try of a request's sender, or says how long to wait for one.
func (g *gate) try(r *http.Request) (wait time.Duration) {
	from, now := network(r), g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	own := g.of[from]
	if own == nil {
		g.forget(now)
		if len(g.of) >= addressesMax {
			return triesEvery
		}
		own = limiter(triesOfOne)
		g.of[from] = own
	}
	for _, l := range []*rate.Limiter{own, g.all} { // who is held back alone takes nothing from the others
		reserved := l.ReserveN(now, 1)
		if wait = reserved.DelayFrom(now); wait > 0 {
			reserved.CancelAt(now)
			return wait
		}
	}
	return 0
}

// forget leaves out who has not tried for a while.
func (g *gate) forget(now time.Time) {
	for from, l := range g.of {
		if l.TokensAt(now) >= triesOfOne {
			delete(g.of, from)
		}
	}
}

// network is where a request comes from. Of IPv6, one customer has a network of 64 bits at least.
func network(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

// seconds is a wait as Retry-After has it.
func seconds(wait time.Duration) int { return int(math.Ceil(wait.Seconds())) }
