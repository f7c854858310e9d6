package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// Verb is what a driver is asked to do for a step.
type Verb string

// The verbs.
const (
	DoLook    Verb = "look"    // look and plan; append a Planned record
	DoSend    Verb = "send"    // append an Intent, send the call, append its Result
	DoCollect Verb = "collect" // gather evidence, then append the step's standing
	DoDoubt   Verb = "doubt"   // an intent without a result: wait until reads show it, append Result{InDoubt}
	DoWait    Verb = "wait"    // pause, then append Waited
	DoSet     Verb = "set"     // append the step's new standing
	DoAsk     Verb = "ask"     // a person must answer; nothing to append
)

// Command is one thing to do now.
type Command struct {
	Do     Verb
	Step   string
	Call   int
	Way    int
	Try    int
	Pause  time.Duration
	Status quell.StepStatus
	Why    string
}

// Rules are what deciding needs to know besides the records.
type Rules struct {
	// Collects says whether an action gathers evidence.
	Collects func(action string) bool
	// Delay is how long until reads show what the calls wrote.
	Delay func(calls []quell.Call) time.Duration
	// Automatic says whether policy sets a step in motion without a person as things stand now; nil goes by the mode it
	// was bound with. An incident that was dismissed since makes nothing automatic.
	Automatic func(st *Step) bool
	// Covered says whether decisions answer for the calls of a step now.
	Covered func(st *Step) bool
	// Retry says whether a failed call of that code may simply be sent again.
	Retry func(code string) bool
	// Lost says whether a code means that nobody knows if the call was carried out.
	Lost func(code string) bool
}

// MaxRounds bounds how often a step looks, finds work and sends again before it is said to fail.
const MaxRounds = 6

const maxTries = 4

// Next lists what may be done now, one command per step at most, in the order of the plan. Nothing but looking happens
// outside an applying run. An empty list means that nothing can move without a person, time or a new run.
func Next(s *State, rules Rules) []Command {
	var out []Command
	if s.Closed {
		return nil
	}
	for _, id := range s.Order {
		st := s.Steps[id]
		if c, ok := nextFor(s, st, rules); ok {
			c.Step = id
			out = append(out, c)
		}
	}
	return out
}

func nextFor(s *State, st *Step, rules Rules) (Command, bool) {
	switch st.Status {
	case quell.StepDone, quell.StepRefused, quell.StepFailed, quell.StepUndone, quell.StepSkipped, quell.StepUnbound:
		return Command{}, false
	}
	if st.Action == "" {
		return Command{}, false
	}
	if st.Open != nil {
		return Command{Do: DoDoubt, Pause: rules.Delay(st.Calls)}, s.Applying
	}
	ready := needsMet(s, st)
	if rules.Collects(st.Action) {
		return Command{Do: DoCollect}, s.Applying && ready && st.Mode != quell.Manual
	}
	if !st.Fresh {
		return Command{Do: DoLook}, true
	}
	if st.Refusal != "" && (ready || !s.Applying) { // a guard may say yes once what the step needs is done
		return Command{Do: DoSet, Status: quell.StepRefused, Why: st.Refusal}, true
	}
	if len(st.Calls) == 0 {
		return nextEmpty(s, st, rules)
	}
	if !s.Applying || !ready || st.Mode == quell.Manual {
		return Command{}, false
	}
	if NeedsYes(st, rules) && !passing(st) {
		return Command{Do: DoAsk}, true
	}
	if st.Round > 0 && untried(st) {
		if !st.Waited {
			// Sent, looked, and still to be done: give the write its time to show before sending again or giving up. What
			// is seen last is what undo compares with.
			return Command{Do: DoWait, Pause: rules.Delay(slices.Concat(st.Calls, lastCalls(st)))}, true
		}
		if why := givenUp(st, rules); why != "" {
			return Command{Do: DoSet, Status: quell.StepFailed, Why: why}, true
		}
	}
	return nextCall(st, rules)
}

// NeedsYes says whether a step's calls lack the yes they need: of policy as it is now, or of people. Taking back is asked
// for by name and needs none; what cannot be taken back is never automatic, whatever the step was bound as.
func NeedsYes(st *Step, rules Rules) bool {
	if st.Undo != "" {
		return false
	}
	automatic := st.Mode == quell.Auto
	if rules.Automatic != nil {
		automatic = rules.Automatic(st)
	}
	if automatic && !slices.ContainsFunc(st.Calls, cannotBeTakenBack) {
		return false
	}
	return !rules.Covered(st)
}

func cannotBeTakenBack(c quell.Call) bool {
	return c.Kind == quell.Irreversible || slices.ContainsFunc(c.Else, cannotBeTakenBack)
}

// passing says that the last call that took effect was a stop on the way: the step goes on to the next place it may rest
// in, though its approval ended meanwhile.
func passing(st *Step) bool {
	for i, p := range slices.Backward(st.Progress) {
		if p.Done {
			return st.Calls[i].Kind == quell.Passing
		}
	}
	return false
}

func untried(st *Step) bool {
	return !slices.ContainsFunc(st.Progress, func(p Progress) bool { return p.Tries > 0 })
}

func nextEmpty(s *State, st *Step, rules Rules) (Command, bool) {
	if st.Settled {
		if !s.Applying && len(st.Sent) == 0 {
			// A preview says that nothing is left to do, and leaves it to the run to say done.
			return Command{}, false
		}
		return Command{Do: DoSet, Status: quell.StepDone}, true
	}
	if !s.Applying || st.Waited || st.Round >= MaxRounds {
		return Command{}, false
	}
	return Command{Do: DoWait, Pause: max(rules.Delay(lastCalls(st)), time.Second)}, true
}

// nextCall sends what the plan still asks for, one call at a time; when all calls have had their turn it looks again.
func nextCall(st *Step, rules Rules) (Command, bool) {
	for i := range st.Progress {
		p := st.Progress[i]
		if p.Done {
			continue
		}
		if p.Tries == 0 {
			return Command{Do: DoSend, Call: i, Try: 1}, true
		}
		if c := st.Calls[i]; slices.Contains(c.ElseOn, p.Code) && p.Way < len(c.Else) {
			return Command{Do: DoSend, Call: i, Way: p.Way + 1, Try: 1}, true
		}
		if rules.Retry(p.Code) && p.Tries < maxTries {
			return Command{Do: DoSend, Call: i, Way: p.Way, Try: p.Tries + 1}, true
		}
	}
	return Command{Do: DoLook}, true
}

// givenUp names the operation that stands in the way, once looking again showed it still to be done and trying again
// cannot help.
func givenUp(st *Step, rules Rules) string {
	if e := st.LastError; e != nil && e.Code != CodeInDoubt && !rules.Lost(e.Code) && !rules.Retry(e.Code) {
		return failure(st)
	}
	if st.Round < MaxRounds {
		return ""
	}
	if st.LastError != nil {
		return failure(st)
	}
	return fmt.Sprintf("%s: sent %d times and looked again, and it is still to be done: somebody takes it back",
		st.Calls[0].Op, st.Round)
}

func failure(st *Step) string {
	why := st.LastOp + ": " + st.LastError.Code
	if st.LastError.Message != "" {
		why += ": " + st.LastError.Message
	}
	return why
}

func lastCalls(st *Step) []quell.Call {
	calls := make([]quell.Call, 0, len(st.Sent))
	for _, c := range st.Sent {
		calls = append(calls, c.Call)
	}
	return calls
}

// needsMet says whether every step that this one declares it needs has come to its end.
func needsMet(s *State, st *Step) bool {
	for _, id := range st.Needs {
		need := s.Steps[id]
		if need == nil {
			continue
		}
		switch need.Status {
		case quell.StepDone, quell.StepSkipped:
		default:
			return false
		}
	}
	return true
}
