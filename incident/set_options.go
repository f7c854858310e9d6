package incident

import (
	"net/netip"
	"time"
)

// IPRule says when a source address that two findings share makes them one incident.
type IPRule string

// The rules for shared source addresses.
const (
	// IPSuspicious joins when both findings are at least medium and lie in the same account. It is the default: an
	// office's address is shared by everyone in it, so low findings must not pull strangers together.
	IPSuspicious IPRule = "suspicious"
	// IPAlways joins whatever the severity and account, for hunts after one known address.
	IPAlways IPRule = "always"
	// IPNever takes addresses for no evidence at all.
	IPNever IPRule = "never"
)

// DefaultWindow is the longest pause between neighbouring findings of one incident.
const DefaultWindow = 24 * time.Hour

// Options set how findings are grouped. The zero value is the default.
type Options struct {
	// Window is the longest pause, in event time, between two findings that share an entity; 0 means DefaultWindow.
	Window time.Duration
	// IP is when shared source addresses join; empty means IPSuspicious.
	IP IPRule
	// Trusted are addresses that never join: an office's or a proxy's way out.
	Trusted []netip.Prefix
}

func (o Options) window() time.Duration {
	if o.Window <= 0 {
		return DefaultWindow
	}
	return o.Window
}

func (o Options) ipRule() IPRule {
	if o.IP == "" {
		return IPSuspicious
	}
	return o.IP
}
