package baseline

import "net/netip"

// network names the network of a source address: the /16 of an IPv4 address, the /32 of an IPv6 one, "private" for all
// that no route on the Internet leads to. "" is no address: a service's name, "AWS Internal".
//
// A /16 stands in for the owner of an address, which only a network database could tell: see Collector.Locate. It is too wide for a cloud's
// ranges and too narrow for a mobile carrier's; what else must be new for a finding makes up for that.
func network(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	if addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || sharedSpace().Contains(addr) {
		return "private"
	}
	bits := 16
	if addr.Is6() {
		bits = 32
	}
	net, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return net.String()
}

// sharedSpace is what carriers use behind their translators and what VPC endpoints of some services show.
// Source: RFC 6598.
func sharedSpace() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) }
