package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

// contained is a state with one containing step done at begin.
func contained(probes ...quell.Probe) *State {
	s := NewState()
	s.bind([]quell.PlanStep{{ID: "deny", Action: "set", Phase: quell.Contain}, {ID: "look", Action: "collect", Phase: quell.Analyse}})
	s.Steps["deny"].Status = quell.StepDone
	s.ContainedAt = begin
	s.Probes = probes
	return s
}

func act(after time.Duration) quell.Event {
	return quell.Event{ID: fmt.Sprint("e", after), Time: begin.Add(after), Source: "s3.amazonaws.com", Name: "GetObject", Actor: quell.Actor{ARN: "arn:alice\x1b"}}
}

func trail(through time.Duration, live bool, successes ...quell.Event) quell.Probe {
	return quell.Probe{What: ProbeTrail, At: begin.Add(through + TrailLag), Through: begin.Add(through), Live: live, Successes: successes}
}

const proving = Propagation + Watch

func TestJudge(t *testing.T) {
	simulated := func(at time.Duration, allowed, denied int) quell.Probe {
		return quell.Probe{What: ProbeSimulate, At: begin.Add(at), Allowed: allowed, Denied: denied}
	}
	change := func(s *State, f func(*State)) *State { f(s); return s }
	for _, test := range []struct {
		name  string
		state *State
		want  quell.VerdictValue
		proof quell.Proof
		why   string
	}{
		{"nothing planned", NewState(), quell.Unknown, quell.NoProof, "nothing was contained"},
		{"nothing sent", change(contained(), func(s *State) { s.ContainedAt = time.Time{} }), quell.Unknown, quell.NoProof, "nothing was contained"},
		{"done, not looked at", contained(), quell.Unknown, quell.Configured, "in place"},
		{"held", contained(trail(proving, true)), quell.Held, quell.Observed, "none went through"},
		{"not far enough", contained(trail(proving-1, true)), quell.Unknown, quell.Configured, ""},
		{"not proven live", contained(trail(time.Hour, false)), quell.Unknown, quell.Configured, ""},
		{"live once, complete another time", contained(trail(Propagation, true), trail(time.Hour, false)), quell.Unknown, quell.Configured, ""},
		{"an open step", change(contained(trail(time.Hour, true)), func(s *State) { s.Steps["deny"].Status = quell.StepRunning }), quell.Unknown, quell.NoProof, "deny"},
		{"a failed step", change(contained(trail(time.Hour, true)), func(s *State) { s.Steps["deny"].Status = quell.StepFailed }), quell.Unknown, quell.NoProof, "deny"},
		{"taken back", change(contained(trail(time.Hour, true)), func(s *State) { s.Steps["deny"].Status = quell.StepUndone }), quell.Unknown, quell.NoProof, "deny"},
		{"a person took it over", change(contained(trail(time.Hour, true)), func(s *State) { s.Steps["deny"].Status = quell.StepSkipped }), quell.Held, quell.Observed, ""},
		{"leaking", contained(trail(time.Hour, true, act(Propagation+1))), quell.Leaking, quell.Observed, "1 acts went through after containment, the last s3:GetObject at 2026-03-02T09:01:00Z by arn:alice␛"},
		{"leaking, though later probes are silent", contained(trail(time.Hour, true, act(Propagation+1)), trail(2*time.Hour, true)), quell.Leaking, quell.Observed, ""},
		{"seen twice, counted once", contained(trail(1, false, act(Propagation+1)), trail(2, false, act(Propagation+1))), quell.Leaking, quell.Observed, "1 acts"},
		{"while it took hold", contained(trail(time.Hour, true, act(Propagation))), quell.Held, quell.Observed, ""},
		{"leaking with a step open", change(contained(trail(0, false, act(time.Hour))), func(s *State) { s.Steps["deny"].Status = quell.StepRunning }), quell.Leaking, quell.Observed, ""},
		{"put back: what went through before is no leak of now", change(contained(trail(time.Hour, true, act(2*time.Minute))),
			func(s *State) { s.ContainedAt = begin.Add(3 * time.Minute) }), quell.Held, quell.Observed, ""},
		{"simulated", contained(simulated(1, 0, 5)), quell.Unknown, quell.Simulated, "refuses all 5"},
		{"simulated before", contained(simulated(0, 0, 5)), quell.Unknown, quell.Configured, ""},
		{"simulation allows one", contained(simulated(1, 1, 4)), quell.Unknown, quell.Configured, ""},
		{"simulation of nothing", contained(simulated(1, 0, 0)), quell.Unknown, quell.Configured, ""},
		{"another kind of probe", contained(quell.Probe{What: "look", Through: begin.Add(time.Hour), Live: true}), quell.Unknown, quell.Configured, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := Judge(test.state, begin.Add(24*time.Hour))
			if v.Verdict != test.want || v.Proof != test.proof || !strings.Contains(v.Why, test.why) {
				t.Errorf("%s on %q: %s", v.Verdict, v.Proof, v.Why)
			}
			if quell.Clean(v.Why) != v.Why {
				t.Errorf("why is not fit to show: %q", v.Why)
			}
			if v.Verdict == quell.Unknown && !test.state.ContainedAt.IsZero() && !v.KnownBy.Equal(test.state.ContainedAt.Add(proving+TrailLag)) {
				t.Errorf("unknown, known by %s", v.KnownBy)
			}
			if v.Verdict == quell.Held && !v.KnownBy.IsZero() {
				t.Errorf("held and to be known by %s", v.KnownBy)
			}
		})
	}
}

func TestJudgeSaysWhatIsBlindAndHowFar(t *testing.T) {
	one, two := trail(2*time.Hour, true), trail(time.Hour, false)
	one.Blind, two.Blind = []string{"s3-data", "eu-west-3: AccessDenied"}, []string{"s3-data"}
	one.Refusals = []quell.Event{act(time.Minute), act(-time.Minute), act(0)}
	v := Judge(contained(one, two), begin.Add(24*time.Hour))
	if !slices.Equal(v.Blind, []string{"eu-west-3: AccessDenied", "s3-data"}) || !v.SeenThrough.Equal(begin.Add(2*time.Hour)) || !strings.Contains(v.Why, "1 acts were refused") {
		t.Errorf("%+v", v)
	}
	if v := Judge(NewState(), begin); v.Blind == nil {
		t.Error("blind is null in JSON")
	}
}

// TestHeldIsNeverClaimedLightly over random probes and standings.
func TestHeldIsNeverClaimedLightly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := contained()
		offset := func(name string) time.Duration {
			return rapid.SampledFrom([]time.Duration{-time.Hour, -1, 0, 1, Propagation, Propagation + 1, proving - 1, proving, time.Hour}).Draw(rt, name)
		}
		for range rapid.IntRange(0, 4).Draw(rt, "probes") {
			p := trail(offset("through"), rapid.Bool().Draw(rt, "live"))
			p.What = rapid.SampledFrom([]string{ProbeTrail, ProbeTrail, ProbeSimulate, "look"}).Draw(rt, "what")
			p.Denied = rapid.IntRange(0, 3).Draw(rt, "denied")
			for range rapid.IntRange(0, 2).Draw(rt, "acts") {
				if rapid.Bool().Draw(rt, "went through") {
					p.Successes = append(p.Successes, act(offset("act")))
				} else {
					p.Refusals = append(p.Refusals, act(offset("act")))
				}
			}
			s.Probes = append(s.Probes, p)
		}
		s.Steps["deny"].Status = rapid.SampledFrom([]quell.StepStatus{
			quell.StepDone, quell.StepDone, quell.StepDone, quell.StepRunning, quell.StepFailed, quell.StepPending, quell.StepRefused, quell.StepUndone,
		}).Draw(rt, "status")
		v := Judge(s, begin.Add(time.Hour))
		effective := begin.Add(Propagation)
		leak := slices.ContainsFunc(s.Probes, func(p quell.Probe) bool {
			return p.What == ProbeTrail && slices.ContainsFunc(p.Successes, func(e quell.Event) bool { return e.Time.After(effective) })
		})
		proven := slices.ContainsFunc(s.Probes, func(p quell.Probe) bool {
			return p.What == ProbeTrail && p.Live && !p.Through.Before(effective.Add(Watch))
		})
		want := quell.Unknown
		switch {
		case leak:
			want = quell.Leaking
		case proven && s.Steps["deny"].Status == quell.StepDone:
			want = quell.Held
		}
		if v.Verdict != want {
			rt.Errorf("%s (%s); leak %v, proven %v, step %s", v.Verdict, v.Why, leak, proven, s.Steps["deny"].Status)
		}
	})
}
