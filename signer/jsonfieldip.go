package signer

import "net/netip"

// publicAddr is addr as the internet knows it; the zero value if it does not. An
// address in doubt is left out, for a wrong one is worse than none.
func publicAddr(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.Is6() && !unicast6.Contains(addr) {
		return netip.Addr{}
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return netip.Addr{}
		}
	}
	return addr
}

// unicast6 is the part of IPv6 that IANA gives out.
var unicast6 = netip.MustParsePrefix("2000::/3")

// notPublic are addresses for special purposes (RFC 6890) that netip takes for
// others. Those for documentation are not among them: nobody has one, and
// examples need some that pass.
var notPublic = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),     // this network
	netip.MustParsePrefix("100.64.0.0/10"), // carriers' NAT (RFC 6598)
	netip.MustParsePrefix("192.0.0.0/24"),  // protocols
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),   // reserved
	netip.MustParsePrefix("2001::/23"),     // protocols, such as Teredo
	netip.MustParsePrefix("2002::/16"),     // 6to4
}
