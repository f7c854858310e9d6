package flood

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// traffic finds minutes far above what the same hour saw on the days before.
func (j *judge) traffic(metric string, factor, least float64, words, rule string) {
	usual := j.usual(metric)
	var list []bad
	uncompared := 0
	for at, value := range j.minutes(metric) {
		if value < least {
			continue
		}
		median, known := usual(at)
		switch {
		case !known:
			uncompared++
		case value > factor*median:
			list = append(list, bad{at, value, median})
		}
	}
	if uncompared > 0 {
		j.unknown = append(j.unknown, fmt.Sprintf("%s %s: %d busy minutes, and fewer than %d days before to compare them to", j.r.Service, quell.Cut(j.r.ID, 80), uncompared, leastDays))
	}
	for _, burst := range bursts(list, badMinutes) {
		peak := slices.MaxFunc(burst, func(a, b bad) int { return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(b.at, a.at)) })
		times := "none at this hour on the days before"
		if peak.against > 0 {
			times = fmt.Sprintf("%.0f times the median of this hour on the days before, %.0f", peak.value/peak.against, peak.against)
		}
		title := "Far more requests than usual"
		if rule == ruleBlocked {
			title = "Far more blocked requests than usual"
		}
		j.add(rule, burst, quell.Medium, title, "T1499", fmt.Sprintf("up to %.0f %s a minute, at %s: %s", peak.value, words, clock(peak.at), times))
	}
}

// usual gives the median over the days before of what a minute of the same hour held, and whether enough days tell of it.
// Where the metric is sparse, an hour without a word held nothing, from the first hour on of which there is one: before,
// there may have been no such resource.
func (j *judge) usual(metric string) func(at int64) (median float64, known bool) {
	const hour, day = int64(3600), int64(86400)
	hours := map[int64]float64{}
	first := int64(0)
	for _, p := range j.r.Hours[metric] {
		h := p.At.Truncate(time.Hour).Unix()
		hours[h] = max(hours[h], p.Value)
		if first == 0 || h < first {
			first = h
		}
	}
	sparse := isSparse(j.r.Service, metric)
	known := map[int64][]float64{}
	return func(at int64) (float64, bool) {
		h := at - at%hour
		values, done := known[h]
		if !done {
			for d := int64(1); d <= int64(Before/(24*time.Hour)); d++ {
				value, there := hours[h-d*day]
				if there || sparse && first != 0 && h-d*day > first {
					values = append(values, value/60)
				}
			}
			slices.Sort(values)
			known[h] = values
		}
		if len(values) < leastDays {
			return 0, false
		}
		// Of an even number the lower one: to alarm a little too early is better than too late.
		return values[(len(values)-1)/2], true
	}
}
