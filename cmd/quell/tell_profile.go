package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
)

// profileView is a profile as scripts see it: days are counted, not listed.
type profileView struct {
	Account   string                `json:"account"`
	Principal string                `json:"principal"`
	Name      string                `json:"name"`
	Kind      string                `json:"kind"`
	First     time.Time             `json:"first"`
	Last      time.Time             `json:"last"`
	Days      int                   `json:"days"`
	Dropped   int64                 `json:"dropped"`
	Volumes   []baseline.Volume     `json:"volumes"`
	Values    map[string][]markView `json:"values,omitempty"`
}

type markView struct {
	Value string    `json:"value"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Days  int       `json:"days"`
}

func viewProfiles(list []*baseline.Profile, whole bool) []profileView {
	out := []profileView{}
	for _, p := range list {
		v := profileView{
			Account: p.Account, Principal: p.Principal, Name: p.Name, Kind: p.Kind, First: p.First, Last: p.Last,
			Days: p.Days.Total(), Dropped: p.Dropped, Volumes: p.Sum(),
		}
		if whole {
			v.Values = map[string][]markView{}
			for dim := range p.Values {
				v.Values[string(dim)] = marks(p, dim)
			}
		}
		out = append(out, v)
	}
	return out
}

// marks are a dimension's values, sorted.
func marks(p *baseline.Profile, dim baseline.Dimension) []markView {
	out := []markView{}
	for _, value := range slices.Sorted(maps.Keys(p.Values[dim])) {
		mark := p.Values[dim][value]
		out = append(out, markView{value, mark.First, mark.Last, mark.Days.Total()})
	}
	return out
}

// tellProfile prints all that is known of one principal.
func tellProfile(w io.Writer, p *baseline.Profile) error {
	fmt.Fprintf(w, "%s %s (%s) in account %s\n%d days at work, %s to %s\n", quell.Clean(p.Kind), quell.Cut(p.Name, 64), quell.Cut(p.Principal, 64),
		quell.Clean(p.Account), p.Days.Total(), p.First.Format(time.DateOnly), p.Last.Format(time.DateOnly))
	var b strings.Builder
	fmt.Fprintf(&b, "WHAT     %s  FIRST       LAST        DAYS\n", pad("VALUE", 36))
	for _, dim := range slices.Sorted(maps.Keys(p.Values)) {
		for _, m := range marks(p, dim) {
			fmt.Fprintf(&b, "%s  %s  %s  %s  %d\n", pad(string(dim), 7), pad(m.Value, 36), m.First.Format(time.DateOnly), m.Last.Format(time.DateOnly), m.Days)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	for _, v := range p.Sum() {
		fmt.Fprintf(w, "%s: on %d days, at most %d a day, %d on average\n", quell.Clean(v.Call), v.Days, v.Max, v.Mean)
	}
	_, err := fmt.Fprintf(w, "%d values forgotten for want of room\n", p.Dropped)
	return err
}
