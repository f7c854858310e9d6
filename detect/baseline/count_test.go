package baseline

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestDaysAreASet holds the words against a plain set of the days that reach back from the last.
func TestDaysAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.Int32Range(19_000, 20_200)).Draw(t, "days")
		cut := rapid.IntRange(0, len(list)).Draw(t, "cut")
		var whole, left, right Days
		top := int32(0)
		for i, day := range list {
			whole.Add(day)
			if i < cut {
				left.Add(day)
			} else {
				right.Add(day)
			}
			top = max(top, day>>6)
		}
		left.Join(right)
		if left != whole {
			t.Fatalf("joined %v, added %v", left, whole)
		}
		// set is what is left of the list, both what the list or its right part has left.
		set, both := map[int32]bool{}, map[int32]bool{}
		for i, day := range list {
			if top-day>>6 < dayWords {
				set[day], both[day] = true, true
			}
			if i >= cut && right.top-day>>6 < dayWords {
				both[day] = true
			}
		}
		first := rapid.Int32Range(18_900, 20_300).Draw(t, "first")
		end := rapid.Int32Range(18_900, 20_300).Draw(t, "end")
		want := 0
		for day := range both {
			if day >= first && day < end {
				want++
			}
		}
		if got := whole.Count(right, first, end); got != want {
			t.Fatalf("%d days from %d to %d, want %d of %v", got, first, end, want, both)
		}
		if whole.Total() != len(set) {
			t.Fatalf("%d days in all, want %d", whole.Total(), len(set))
		}
		text, err := whole.MarshalText()
		var again Days
		if err != nil || again.UnmarshalText(text) != nil || again != whole {
			t.Fatalf("%q gives %v, want %v", text, again, whole)
		}
	})
}

func TestTallyCounts(t *testing.T) {
	for _, n := range []int{0, 1, exactTally, exactTally + 1, 500, 3_000, 50_000} {
		var once, twice tally
		for i := range n {
			once.add(fmt.Sprint("event ", i))
		}
		for i := range 2 * n {
			twice.add(fmt.Sprint("event ", n-1-i%max(n, 1)))
		}
		got := once.count()
		if twice.count() != got {
			t.Errorf("%d events: %d, and %d when they come twice", n, got, twice.count())
		}
		// Three standard errors of 1 024 registers: 10 %.
		if off := got - int64(n); max(off, -off) > int64(n)/10 || n <= exactTally && off != 0 {
			t.Errorf("%d events counted as %d", n, got)
		}
	}
}

// TestSpellsAreTheSameInAnyOrder adds times in random order, with gaps.
func TestSpellsAreTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.SliceOfN(rapid.Int64Range(19_000, 20_000), 1, 30).Draw(t, "days")
		build := func(list []int64) *sighting {
			s := &sighting{}
			for _, d := range list {
				at := d * daySeconds
				id := fmt.Sprint(d)
				s.add(mention{at: at, id: id}, weight(d%3), func() *head { return &head{at: at, id: id} })
			}
			return s
		}
		a, b := build(days), build(rapid.Permutation(days).Draw(t, "order"))
		if len(a.spells) != len(b.spells) || a.days != b.days {
			t.Fatalf("%v and %v", a.spells, b.spells)
		}
		for i := range a.spells {
			x, y := a.spells[i], b.spells[i]
			if i > 0 && x.first-a.spells[i-1].last <= gap {
				t.Fatalf("spells %d and %d lie too near", i-1, i)
			}
			for level := range x.heads {
				if (x.heads[level] == nil) != (y.heads[level] == nil) || x.heads[level] != nil && *x.heads[level] != *y.heads[level] {
					t.Fatalf("spell %d, level %d: %v and %v", i, level, x.heads[level], y.heads[level])
				}
			}
			if x.first != y.first || x.last != y.last {
				t.Fatalf("spell %d: %v and %v", i, x, y)
			}
		}
	})
}

// TestSeverity walks through what a group may show.
func TestSeverity(t *testing.T) {
	group := func(most weight, list ...signal) []signal {
		list[0].weight = most
		return list
	}
	net, prog, reg := signal{kind: origin, dim: Network}, signal{kind: tool, dim: Program}, signal{kind: place, dim: Region}
	rights, key, much := signal{kind: work, dim: Service, value: "iam"}, signal{kind: awakened, dim: Key}, signal{kind: bulk}
	back, call := signal{kind: awakened}, signal{kind: work, dim: Call, value: "s3:PutObject"}
	for _, tt := range []struct {
		group []signal
		want  string
	}{
		{group(reads, net), ""}, {group(changes, net), "low"}, {group(empowers, net), "medium"}, {group(reads, net, prog), "medium"},
		{group(empowers, net, prog, rights), "high"}, {group(changes, net, prog, call), "medium"}, {group(reads, reg), "low"}, {group(reads, reg, prog), "medium"},
		{group(reads, rights), "low"}, {group(empowers, rights), "low"}, {group(reads, rights, prog), "medium"}, {group(changes, call, prog), ""},
		{group(reads, key), "low"}, {group(reads, key, net), "high"}, {group(reads, back), "low"}, {group(reads, back, net), "medium"},
		{group(reads, much), "medium"}, {group(reads, much, net), "high"}, {group(reads, prog), ""},
	} {
		severity, ok := sum(tt.group).severity()
		got := ""
		if ok {
			got = severity.String()
		}
		if got != tt.want {
			t.Errorf("%+v is %q, want %q", tt.group, got, tt.want)
		}
	}
}
