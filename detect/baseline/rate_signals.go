package baseline

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
)

// kind groups signals that say the same: a new service and a new call of it are one thing that is new, not two.
type kind int

const (
	place    kind = iota // a region
	origin               // a network, its owner or its country
	tool                 // a program
	work                 // a service or a call
	awakened             // a principal or key back after a long silence
	bulk                 // a day's volume
	kinds
)

// kindOf says what a new value of a dimension is a sign of.
func kindOf(dim Dimension) kind {
	switch dim {
	case Region:
		return place
	case Network, Owner, Country:
		return origin
	case Program:
		return tool
	case Key:
		return awakened
	}
	return work
}

// gather puts together the signals of one credential within a day of the first. A volume belongs to no credential, for a
// day's readers may be several: it goes with the first group of its day.
func gather(signals []signal) [][]signal {
	slices.SortFunc(signals, func(a, b signal) int {
		return cmp.Or(cmp.Compare(a.head.at, b.head.at), cmp.Compare(a.head.id, b.head.id), cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.dim, b.dim), cmp.Compare(a.value, b.value))
	})
	var groups [][]signal
	open := map[string]int{}
	for _, s := range signals {
		if s.kind == bulk {
			continue
		}
		i, ok := open[s.head.credential()]
		if !ok || s.head.at-groups[i][0].head.at > daySeconds {
			i = len(groups)
			groups = append(groups, nil)
			open[s.head.credential()] = i
		}
		groups[i] = append(groups[i], s)
	}
	for _, s := range signals {
		if s.kind != bulk {
			continue
		}
		day := dayOf(s.head.at)
		i := slices.IndexFunc(groups, func(g []signal) bool { return dayOf(g[0].head.at) == day || dayOf(g[len(g)-1].head.at) == day })
		if i < 0 {
			groups = append(groups, []signal{s})
		} else {
			groups[i] = append(groups[i], s)
		}
	}
	return groups
}

// has is what a group of signals shows.
type has struct {
	kinds    [kinds]bool
	number   int // of kinds
	most     weight
	oldKey   bool // a key, and not only a principal, is back
	newRight bool // a service through which rights are had
}

// sum says what a group shows as a whole.
func sum(group []signal) has {
	var h has
	for _, s := range group {
		if !h.kinds[s.kind] {
			h.kinds[s.kind] = true
			h.number++
		}
		h.most = max(h.most, s.weight)
		h.oldKey = h.oldKey || s.dim == Key
		h.newRight = h.newRight || s.dim == Service && slices.Contains(privileged[:], s.value)
	}
	return h
}

// severity rates a group; ok is false where it is worth nobody's time. One thing that is new happens to everybody; two
// at once, or one with a call that gives rights away, seldom; a stolen key is new in most things.
func (h has) severity() (s quell.Severity, ok bool) {
	switch {
	case h.oldKey && h.kinds[origin],
		h.kinds[bulk] && h.kinds[origin],
		h.kinds[origin] && h.number >= 3 && h.most == empowers:
		return quell.High, true
	case h.kinds[bulk]:
		return quell.Medium, true
	case h.kinds[place] || h.kinds[origin] || h.kinds[awakened]:
		if h.number >= 2 || h.most == empowers {
			return quell.Medium, true
		}
		// From a new network people read all the time: they travel, and so do their laptops.
		return quell.Low, !h.kinds[origin] || h.most >= changes
	case h.newRight && h.kinds[tool]:
		return quell.Medium, true
	case h.newRight:
		// Low whatever the call: programs rotate their own keys now and then, and the rules know the calls that matter.
		return quell.Low, true
	}
	return quell.Low, false
}
