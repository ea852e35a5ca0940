package intake

import (
	"bytes"
	"net"
	"net/netip"

	"edgerelay/relay/event"
)

// peerIP is the address of who sent the request, as a JSON string; nil when there is none (a socket file).
func (r *request) peerIP() []byte {
	if r.peer == nil {
		addr := r.remote()
		if r.trusted(addr) {
			addr = r.forwardedFor(addr)
		}
		if !addr.IsValid() {
			return nil
		}
		r.peer = r.value(func(dst []byte) []byte {
			return append(addr.AppendTo(append(dst, '"')), '"')
		})
	}
	return r.peer
}

// remote is the other end of the connection.
func (r *request) remote() netip.Addr {
	addr, ok := r.ctx.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return addr.AddrPort().Addr().Unmap().WithZone("")
}

func (r *request) trusted(addr netip.Addr) bool {
	for _, p := range r.server.opt.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// forwardedFor reads X-Forwarded-For from its end, where our own proxies wrote: the first address that is none of them
// is the client's. What stands further left anybody may have made up.
func (r *request) forwardedFor(addr netip.Addr) netip.Addr {
	list := r.ctx.Request.Header.Peek("X-Forwarded-For")
	for len(list) > 0 {
		i := bytes.LastIndexByte(list, ',')
		next, ok := parseAddr(string(bytes.TrimSpace(list[i+1:])))
		if !ok {
			return addr
		}
		if addr = next.Unmap().WithZone(""); !r.trusted(addr) {
			return addr
		}
		list = list[:max(i, 0)]
	}
	return addr
}

// forwardedChain is the addresses behind which the sender is, as the upstream is told: what trusted proxies said, and the
// other end of the connection behind it.
func (r *request) forwardedChain() []byte {
	addr := r.remote()
	if !addr.IsValid() {
		return nil
	}
	return r.value(func(dst []byte) []byte {
		if r.trusted(addr) {
			if list := r.ctx.Request.Header.Peek("X-Forwarded-For"); len(list) > 0 {
				dst = append(append(dst, list...), ", "...)
			}
		}
		return addr.AppendTo(dst)
	})
}

// parseAddr takes an address with or without a port.
func parseAddr(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr, true
	}
	withPort, err := netip.ParseAddrPort(text)
	return withPort.Addr(), err == nil
}

// origin is scheme and host under which the sender reached the relay.
func (r *request) origin() (scheme string, host []byte) {
	scheme, host = "http", r.ctx.Request.Header.Host()
	if r.ctx.IsTLS() {
		scheme = "https"
	}
	if r.trusted(r.remote()) {
		switch string(r.ctx.Request.Header.Peek("X-Forwarded-Proto")) {
		case "https":
			scheme = "https"
		case "http":
			scheme = "http"
		}
		if forwarded := r.ctx.Request.Header.Peek("X-Forwarded-Host"); len(forwarded) > 0 {
			host = forwarded
		}
	}
	return scheme, host
}

// header is a request header as a JSON string, nil when there is none.
func (r *request) header(name string) []byte {
	text := r.ctx.Request.Header.Peek(name)
	if len(text) == 0 {
		return nil
	}
	return r.value(func(dst []byte) []byte { return event.AppendString(dst, text) })
}
