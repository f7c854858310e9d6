package baseline

import (
	"cmp"
	"slices"
	"time"
)

// Dimension is what of an event is compared.
type Dimension string

// The dimensions. Values are names as AWS's records have them, but for networks and programs.
const (
	Region  Dimension = "region"  // of services that have regions
	Service Dimension = "service" // s3
	Network Dimension = "network" // 203.0.0.0/16, 2001:db8::/32, private
	Owner   Dimension = "owner"   // of the address's network: AS64500 Example Net; where that is known
	Country Dimension = "country" // of the address: PT; where that is known
	Program Dimension = "program" // the family of the user agent: aws-cli, terraform, console
	Call    Dimension = "call"    // a changing call: iam:CreateUser
	Key     Dimension = "key"     // a long-term access key; those of sessions live for hours
)

// Limits of what is kept. They hold an organisation of some thousand accounts.
const (
	maxProfiles   = 50_000
	maxValues     = 256 // per principal and dimension
	maxVolumeDays = 90  // per principal and call
)

// Mark is when something was seen: first, last, and on which days.
type Mark struct {
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Days  Days      `json:"days"`
}

func (m *Mark) join(o Mark) {
	if o.First.Before(m.First) {
		m.First = o.First
	}
	if o.Last.After(m.Last) {
		m.Last = o.Last
	}
	m.Days.Join(o.Days)
}

// ID names a profile: the account whose trail tells, and the principal's stable id (AIDA..., AROA...; a session's role).
type ID struct{ Account, Principal string }

// Profile is what is known of one principal in one account.
type Profile struct {
	Account   string `json:"account"`
	Principal string `json:"principal"`
	Name      string `json:"name,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Mark
	Values map[Dimension]map[string]Mark `json:"values"`
	// Volumes are how many objects or secrets were read, by call ("s3:GetObject") and day since 1970.
	Volumes map[string]map[int32]int64 `json:"volumes,omitempty"`
	// Dropped counts values that were forgotten for want of room, the longest unseen first.
	Dropped int64 `json:"dropped,omitempty"`
}

// ID names the profile.
func (p *Profile) ID() ID { return ID{p.Account, p.Principal} }

// join unites what two profiles of one principal know. A day's volume is the greater of both: learning a day twice must
// not double it.
func (p *Profile) join(o *Profile) {
	// Of two names the later in the alphabet, so that the order of joining doesn't show.
	p.Name, p.Kind = max(p.Name, o.Name), max(p.Kind, o.Kind)
	p.Mark.join(o.Mark)
	p.Dropped = max(p.Dropped, o.Dropped)
	for dim, values := range o.Values {
		if p.Values[dim] == nil {
			p.Values[dim] = map[string]Mark{}
		}
		for value, mark := range values {
			if have, ok := p.Values[dim][value]; ok {
				have.join(mark)
				mark = have
			}
			p.Values[dim][value] = mark
		}
	}
	for call, days := range o.Volumes {
		if p.Volumes[call] == nil {
			p.Volumes[call] = map[int32]int64{}
		}
		for day, n := range days {
			p.Volumes[call][day] = max(p.Volumes[call][day], n)
		}
	}
	p.trim()
}

// trim forgets the values longest unseen, and the oldest days, beyond the limits.
func (p *Profile) trim() {
	for _, values := range p.Values {
		p.Dropped += int64(forget(values, maxValues, func(a string, x Mark, b string, y Mark) int {
			return cmp.Or(x.Last.Compare(y.Last), cmp.Compare(a, b))
		}))
	}
	for _, days := range p.Volumes {
		forget(days, maxVolumeDays, func(a int32, _ int64, b int32, _ int64) int { return cmp.Compare(a, b) })
	}
}

// forget deletes the least entries of a map until limit are left, and returns how many.
func forget[K comparable, V any](m map[K]V, limit int, compare func(K, V, K, V) int) int {
	over := len(m) - limit
	if over <= 0 {
		return 0
	}
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return compare(a, m[a], b, m[b]) })
	for _, k := range keys[:over] {
		delete(m, k)
	}
	return over
}

// Volume sums up one call's days.
type Volume struct {
	Call string `json:"call"`
	Days int    `json:"days"`
	Max  int64  `json:"max"`
	Mean int64  `json:"mean"`
}

// Sum gives each call's volumes, by name.
func (p *Profile) Sum() []Volume {
	out := []Volume{}
	for call, days := range p.Volumes {
		v := Volume{Call: call, Days: len(days)}
		var sum int64
		for _, n := range days {
			v.Max, sum = max(v.Max, n), sum+n
		}
		v.Mean = sum / int64(max(len(days), 1))
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Volume) int { return cmp.Compare(a.Call, b.Call) })
	return out
}
