package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Facts about the trail that a verdict rests on. Source: AWS CloudTrail user guide, "CloudTrail typically delivers
// events within an average of about 5 minutes of an API call. This time is not guaranteed"; the FAQ names 15 minutes.
const (
	// TrailLag is how long an event may take to reach the trail.
	TrailLag = 15 * time.Minute
	// Propagation is how long an IAM write may take to bite everywhere. IAM is eventually consistent; a few seconds
	// are usual. An act that goes through in this time moves the moment of containment, it is not a leak.
	Propagation = 60 * time.Second
	// Watch is how long past the propagation the trail must be known complete before silence counts.
	Watch = 2 * time.Minute
)

// Judge says what can be claimed about containment. It claims held only on what was seen: the trail read and proven
// live past the change, and no act of the contained principals gone through after it. Everything less is unknown.
func Judge(s *State, now time.Time) quell.Verdict {
	v := quell.Verdict{Verdict: quell.Unknown, Blind: blind(s)}
	contain, open := containSteps(s)
	if s.ContainedAt.IsZero() || len(contain) == 0 {
		v.Why = "nothing was contained yet"
		return v
	}
	if len(open) > 0 {
		v.Why = "not everything that contains is done: " + strings.Join(open, ", ")
	} else {
		v.Proof = quell.Configured
		v.Why = "the account shows every containing change in place"
	}
	effective := s.ContainedAt.Add(Propagation)
	v.KnownBy = effective.Add(Watch + TrailLag)

	var through time.Time
	refusals := 0
	proven := false
	var leaks []quell.Event
	for n, p := range s.Probes {
		switch p.What {
		case ProbeTrail:
			if p.Through.After(through) {
				through = p.Through
			}
			// Silence counts only as far as one and the same reading was both complete and proven live.
			proven = proven || n >= s.Proving && p.Live && !p.Through.Before(effective.Add(Watch))
			for _, e := range p.Refusals {
				if e.Time.After(s.ContainedAt) {
					refusals++
				}
			}
			for _, e := range p.Successes {
				if e.Time.After(effective) && !slices.ContainsFunc(leaks, func(l quell.Event) bool { return l.ID == e.ID }) {
					leaks = append(leaks, e)
				}
			}
		case ProbeSimulate:
			if p.At.After(s.ContainedAt) && p.Allowed == 0 && p.Denied > 0 && v.Proof == quell.Configured {
				v.Proof = quell.Simulated
				v.Why = fmt.Sprintf("policy evaluation refuses all %d acts asked about", p.Denied)
			}
		}
	}
	v.SeenThrough = through
	if len(leaks) > 0 {
		last := leaks[len(leaks)-1]
		v.Verdict, v.Proof = quell.Leaking, quell.Observed
		v.Why = fmt.Sprintf("%d acts went through after containment, the last %s:%s at %s by %s", len(leaks),
			strings.TrimSuffix(last.Source, ".amazonaws.com"), last.Name, last.Time.UTC().Format(time.RFC3339),
			quell.Clean(last.Actor.ARN))
		return v
	}
	if len(open) == 0 && proven {
		v.Verdict, v.Proof = quell.Held, quell.Observed
		v.Why = fmt.Sprintf("the trail is complete to %s: %d acts were refused and none went through",
			through.UTC().Format("15:04:05Z"), refusals)
		v.KnownBy = time.Time{}
	}
	return v
}

// The kinds of probes.
const (
	ProbeTrail    = "trail"
	ProbeSimulate = "simulate"
)

// containSteps lists the steps that contain, and those of them that are neither done nor taken out by a person.
func containSteps(s *State) (all, open []string) {
	for _, id := range s.Order {
		st := s.Steps[id]
		if st.Phase != quell.Contain || st.Undo != "" || st.Action == "" {
			continue
		}
		all = append(all, id)
		switch st.Status {
		case quell.StepDone:
		case quell.StepSkipped, quell.StepManual:
			// A person took it over; what the trail shows decides.
		default:
			open = append(open, id)
		}
	}
	return all, open
}

func blind(s *State) []string {
	out := []string{}
	for _, p := range s.Probes {
		for _, b := range p.Blind {
			if !slices.Contains(out, b) {
				out = append(out, b)
			}
		}
	}
	slices.Sort(out)
	return out
}
