package hook

import "net/netip"

// global is what IANA has given out of IPv6 for use between networks. What is outside of it is a network's own, somebody's
// test, or wraps an IPv4 address: ::1, ::/96, 64:ff9b:1::/48, 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10, ff00::/8.
var global = netip.MustParsePrefix("2000::/3")

// special is what is not globally reachable by IANA's registries of special-purpose addresses (RFC 6890 and its updates),
// and multicast, as far as global does not leave it out.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // carriers' NAT
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local, where clouds keep their machines' credentials
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments; the two reachable ones mean the nearest NAT or TURN server
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // relays of 6to4, deprecated
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and the broadcast address
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo among them; what is reachable in it is no receiver
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("3fff::/20"),       // documentation
}

// Two ranges of IPv6 lead to the IPv4 address that they wrap: by a network's NAT64 (RFC 6052), and by 6to4 (RFC 3056).
var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixToV4 = netip.MustParsePrefix("2002::/16")
)

// Private says whether an address is not one of the public internet: of a network of one's own, of this machine, or set
// aside for some special purpose, also when it is an IPv4 address wrapped into IPv6.
func Private(addr netip.Addr) bool {
	addr = addr.Unmap()
	if wrapped, ok := unwrap(addr); ok {
		addr = wrapped
	}
	if !addr.Is4() && !global.Contains(addr) {
		return true // also an address with a zone, which is some link's, and the invalid one
	}
	for _, p := range special {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// unwrap is the IPv4 address that an IPv6 address leads to, if it does.
func unwrap(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToV4.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return addr, false
}
