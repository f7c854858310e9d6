package baseline

import (
	"hash/fnv"
	"math"
	"math/bits"
)

// A tally counts different events in little room: up to exactTally of them exactly, beyond that as a HyperLogLog sketch
// of 1 024 registers, which is right to some 3 %. An event counted twice, or in another order, changes nothing; a plain
// counter would double with a file delivered twice. Source: Flajolet et al., HyperLogLog, 2007.
type tally struct {
	exact  map[uint64]struct{}
	sketch *[1 << sketchBits]uint8
}

const (
	exactTally = 64
	sketchBits = 10
)

// add counts an event by its id.
func (t *tally) add(id string) {
	h := fnv.New64a()
	h.Write([]byte(id)) // a hash's Write never fails
	sum := mix(h.Sum64())
	if t.sketch != nil {
		t.note(sum)
		return
	}
	if t.exact == nil {
		t.exact = map[uint64]struct{}{}
	}
	t.exact[sum] = struct{}{}
	if len(t.exact) <= exactTally {
		return
	}
	t.sketch = new([1 << sketchBits]uint8)
	for s := range t.exact {
		t.note(s)
	}
	t.exact = nil
}

// mix spreads FNV's bits, of which the high ones are weak for short texts; the constants are MurmurHash3's finaliser.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// note files a hash in the sketch: the register by its first bits, the rank by the zeros that follow them.
func (t *tally) note(sum uint64) {
	register := sum >> (64 - sketchBits)
	rank := uint8(bits.LeadingZeros64(sum<<sketchBits|1<<(sketchBits-1))) + 1
	t.sketch[register] = max(t.sketch[register], rank)
}

// count is how many different events were added.
func (t *tally) count() int64 {
	if t.sketch == nil {
		return int64(len(t.exact))
	}
	const m = 1 << sketchBits
	sum, empty := 0.0, 0
	for _, rank := range t.sketch {
		sum += math.Ldexp(1, -int(rank))
		if rank == 0 {
			empty++
		}
	}
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(float64(m)/float64(empty)) // linear counting is the better one for few
	}
	return int64(estimate)
}
