package travel

import "net/netip"

// wandering are the networks, by number, whose addresses say where a machine stands and not where its user sits: clouds and
// hosters, from which people connect through desktops and proxies of their own, and the ways out of VPN and privacy
// services. An intruder hides behind them as well; impossible travel cannot tell the two apart, other rules must.
//
// The list is of large networks that are known by name. It is no list of bad networks, and it need not be complete: a
// missing one makes a finding that a person clears by adding it to the trusted networks.
// Source: the registries' public assignments of autonomous system numbers.
func wandering(network uint32) string {
	switch network {
	case 16509, 14618, 8987:
		return "Amazon"
	case 15169, 396982:
		return "Google"
	case 8075:
		return "Microsoft"
	case 31898:
		return "Oracle Cloud"
	case 36351:
		return "IBM Cloud"
	case 45102:
		return "Alibaba Cloud"
	case 132203:
		return "Tencent Cloud"
	case 13335:
		return "Cloudflare (also WARP and iCloud Private Relay)"
	case 36183:
		return "Akamai (also iCloud Private Relay)"
	case 54113:
		return "Fastly (also iCloud Private Relay)"
	case 63949:
		return "Linode"
	case 14061:
		return "DigitalOcean"
	case 16276:
		return "OVH"
	case 24940:
		return "Hetzner"
	case 20473:
		return "Vultr"
	case 51167:
		return "Contabo"
	case 12876:
		return "Scaleway"
	case 60781, 28753:
		return "Leaseweb"
	case 9009:
		return "M247 (carries VPN services)"
	case 60068, 212238:
		return "Datacamp (carries VPN services)"
	case 39351, 31173:
		return "31173 Services (Mullvad VPN)"
	case 62371, 209103:
		return "Proton (VPN)"
	case 22616, 53813:
		return "Zscaler"
	case 55256:
		return "Netskope"
	}
	return ""
}

// routed says whether an address has a place at all: private ranges, carriers' shared space and the like have none.
// Source: RFC 6598 for 100.64.0.0/10, RFC 3849 and RFC 5737 are documentation and stay, for examples are made of them.
func routed(addr netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && !shared.Contains(addr)
}
