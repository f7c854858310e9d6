package people

import (
	"net/netip"
	"time"
)

// Lists are what a user gave. Any may be empty.
type Lists struct {
	// Accounts are the ids of the organisation's accounts, sorted, each once.
	Accounts []string
	// BreakGlass are the principals for emergencies: ARNs or names, with * and ? as wildcards.
	BreakGlass []string
	Leavers    []Leaver
	// Trusted are networks in which people are wherever they please: a VPN's way out, the offices.
	Trusted []netip.Prefix
}

// Leaver is somebody who no longer belongs here.
type Leaver struct {
	// Who is the name of an IAM user, the name of a role session (for people who sign in through Identity Center or another
	// provider: their name there, often an e-mail address), the id of an Identity Center user, or an ARN.
	Who string
	// Since is the first instant without a right to act.
	Since time.Time
	// Note is for whoever reads the finding.
	Note string
}

// InTrusted says whether an address lies in one of the trusted networks.
func (l *Lists) InTrusted(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, net := range l.Trusted {
		if net.Contains(addr) {
			return true
		}
	}
	return false
}
