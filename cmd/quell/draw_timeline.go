package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// timeline is a drawing of findings over time: a lane for each severity there is, the worst on top. Numbers are in the units
// of the SVG's view box.
type timeline struct {
	Width, Height, Left, Foot, Text int
	Note                            string
	Lanes                           []lane
	Ticks                           []tick
	Marks                           []mark
}

type lane struct {
	Severity   quell.Severity
	Base, Text int
}

type tick struct {
	X             int
	Label, Anchor string
}

// mark is a finding, or a stretch of time with its findings. A finding's mark is round.
type mark struct {
	Severity             quell.Severity
	X, Y                 string
	Width, Height, Round string
	Title                string
}

// The drawing is a thousand units wide whatever the screen: a browser scales it, and nothing has to be computed there.
const (
	timelineWidth = 1000
	timelineLeft  = 70
	laneHeight    = 56
	maxMarks      = 500 // single findings; more are gathered into columns
	timeColumns   = 120
	dot           = 9
)

// drawTimeline gives nil where no finding has a time to be drawn at.
func drawTimeline(findings []quell.Finding) *timeline {
	first, last, ok := spanOf(findings)
	if !ok {
		return nil
	}
	t := &timeline{Width: timelineWidth, Left: timelineLeft}
	// Lanes are of severities rather than actors: there are four at most, however many accounts were hunted through.
	base := map[quell.Severity]int{}
	for _, s := range countSeverities(findings) {
		bottom := (len(t.Lanes) + 1) * laneHeight
		t.Lanes = append(t.Lanes, lane{Severity: s.Severity, Base: bottom, Text: bottom - laneHeight/2 + 4})
		base[s.Severity] = bottom
	}
	t.Foot = len(t.Lanes) * laneHeight
	t.Text, t.Height = t.Foot+18, t.Foot+26
	t.Ticks = ticksOf(first, last)
	timed := slices.DeleteFunc(slices.Clone(findings), func(f quell.Finding) bool { return !credible(f.Time) })
	if len(timed) <= maxMarks {
		t.Marks = dots(timed, first, last, base)
		t.Note = "a mark is a finding; hover for what it is"
	} else {
		t.Marks = bars(timed, first, last, base)
		t.Note = fmt.Sprintf("%d findings gathered into columns, drawn to the root of their number; hover for it", len(timed))
	}
	if left := len(findings) - len(timed); left > 0 {
		t.Note += fmt.Sprintf("; %d without a credible time are left out here", left)
	}
	return t
}

// credible leaves out times that would squeeze all others into one spot: none, or long before or after there is a cloud.
func credible(t time.Time) bool { return t.Year() >= 2006 && t.Year() < 2100 }

// spanOf is the time between the first and the last finding whose time can be believed.
func spanOf(findings []quell.Finding) (first, last time.Time, ok bool) {
	for _, f := range findings {
		if !credible(f.Time) {
			continue
		}
		if !ok || f.Time.Before(first) {
			first = f.Time
		}
		if !ok || f.Time.After(last) {
			last = f.Time
		}
		ok = true
	}
	return first, last, ok
}

// along is where between 0 and 1 a time lies.
func along(t, first, last time.Time) float64 {
	span := last.Sub(first)
	// All at the same time is common: a single finding. It stands in the middle.
	if span <= 0 {
		return 0.5
	}
	return float64(t.Sub(first)) / float64(span)
}

// drawn is how far apart the first and the last mark are.
const drawn = timelineWidth - timelineLeft - 2*dot

// ticksOf divides the time evenly: round hours would be prettier, and need a table of what is round for any span.
func ticksOf(first, last time.Time) []tick {
	label := func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") }
	if label(first) == label(last) {
		return []tick{{X: timelineLeft + dot + drawn/2, Label: label(first), Anchor: "middle"}}
	}
	var out []tick
	const parts = 5
	for i := range parts + 1 {
		anchor := "middle"
		switch i {
		case 0:
			anchor = "start"
		case parts:
			anchor = "end"
		}
		at := first.Add(last.Sub(first) / parts * time.Duration(i))
		out = append(out, tick{X: timelineLeft + dot + drawn*i/parts, Label: label(at), Anchor: anchor})
	}
	return out
}

// dots draws each finding; those at the same spot are piled up.
func dots(findings []quell.Finding, first, last time.Time, base map[quell.Severity]int) []mark {
	type spot struct {
		severity quell.Severity
		x        int
	}
	const most = (laneHeight-dot)/(dot-2) - 1 // a pile as high as its lane grows no more, and its top one tells of the others
	piled := map[spot]int{}
	top := map[spot]int{}
	var out []mark
	for _, f := range findings {
		x := along(f.Time, first, last) * drawn
		at := spot{f.Severity, int(x) / dot}
		level := piled[at]
		if piled[at]++; level > most {
			continue
		}
		top[at] = len(out)
		out = append(out, mark{
			Severity: f.Severity, X: number(timelineLeft + dot/2.0 + x), Y: number(float64(base[f.Severity] - dot - 2 - level*(dot-2))),
			Width: number(dot), Height: number(dot), Round: number(dot / 2.0),
			Title: pageTime(f.Time) + "  " + f.Severity.String() + "  " + quell.Cut(f.Title, 120) + "  " + quell.Cut(actorOf(f), 80),
		})
	}
	for at, n := range piled {
		if n > most+1 {
			out[top[at]].Title += fmt.Sprintf("; and %d more here", n-most-1)
		}
	}
	return out
}

// bars draws columns of time. Their height is the root of their number, so that one finding beside thousands is seen.
func bars(findings []quell.Finding, first, last time.Time, base map[quell.Severity]int) []mark {
	counts := map[quell.Severity]*[timeColumns]int{}
	most := 1
	for _, f := range findings {
		if counts[f.Severity] == nil {
			counts[f.Severity] = new([timeColumns]int)
		}
		n := &counts[f.Severity][min(int(along(f.Time, first, last)*timeColumns), timeColumns-1)]
		*n++
		most = max(most, *n)
	}
	width := float64(drawn) / timeColumns
	var out []mark
	for s := quell.Critical; s >= quell.Low; s-- {
		if counts[s] == nil {
			continue
		}
		for i, n := range counts[s] {
			if n == 0 {
				continue
			}
			// Three units are what a mouse can still hit.
			height := max(math.Sqrt(float64(n)/float64(most))*(laneHeight-8), 3)
			from := first.Add(time.Duration(float64(last.Sub(first)) * float64(i) / timeColumns))
			to := first.Add(time.Duration(float64(last.Sub(first)) * float64(i+1) / timeColumns))
			out = append(out, mark{
				Severity: s, X: number(timelineLeft + dot + float64(i)*width), Y: number(float64(base[s]) - height),
				Width: number(width - 0.5), Height: number(height), Round: "0",
				Title: fmt.Sprintf("%d %s findings, %s to %s", n, s, pageTime(from), pageTime(to)),
			})
		}
	}
	return out
}

// number is short: a page has thousands of them.
func number(x float64) string { return fmt.Sprintf("%.1f", x) }
