package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// The functions below are what lessons rest on: each returns the records that show a fact, and its detail.

// exposedKey rests on findings alone: a key is public only where a source says that it saw it.
func exposedKey(f *facts) (records []int64, _ string) {
	for _, e := range f.findings {
		if e.what.Exposed {
			records = append(records, e.seq)
		}
	}
	return records, ""
}

// judged walks the events that findings judged; the scope's timeline may hold the owner's own work.
func (f *facts) judged(each func(quell.Event, int64)) {
	for _, e := range f.findings {
		for _, x := range e.what.Seen {
			each(x, e.seq)
		}
	}
}

// withoutMFA looks at people's principals only; roles' sessions carry the flag of whoever assumed them, or none.
func withoutMFA(f *facts) (records []int64, detail string) {
	var who []string
	f.judged(func(e quell.Event, seq int64) {
		person := e.Actor.Type == "IAMUser" || e.Actor.Type == "Root"
		if person && !e.Actor.MFA && e.Succeeded() {
			records = merge(records, []int64{seq})
			who = append(who, e.Name)
		}
	})
	return records, some(who)
}

// longLivedKey goes by the prefix: AKIA is long-lived, ASIA temporary (IAM user guide, "unique identifiers").
func longLivedKey(f *facts) (records []int64, detail string) {
	var keys []string
	for _, e := range f.findings {
		for _, x := range e.what.Entities {
			if x.Kind == quell.KindAccessKey && strings.HasPrefix(x.ID, "AKIA") && x.Part == quell.PartActor {
				records = merge(records, []int64{e.seq})
				keys = append(keys, x.ID)
			}
		}
	}
	return records, some(keys)
}

// adminPolicy goes by the two managed policies that amount to everything. A policy of one's own that does the same is
// for the assessment to find: the ledger does not hold its text.
func adminPolicy(f *facts) (records []int64, detail string) {
	var which []string
	for _, e := range f.findings {
		attached := slices.ContainsFunc(e.what.Seen, func(x quell.Event) bool {
			return x.Succeeded() && (x.Name == "AttachUserPolicy" || x.Name == "AttachRolePolicy" || x.Name == "AttachGroupPolicy")
		})
		for _, x := range e.what.Entities {
			id := x.ID + " " + x.ARN
			if attached && x.Kind == quell.KindPolicy && (strings.Contains(id, "/AdministratorAccess") || strings.Contains(id, "/IAMFullAccess")) {
				records = merge(records, []int64{e.seq})
				which = append(which, x.ID)
			}
		}
	}
	return records, some(which)
}

// trailTouched includes attempts that failed: who tries is as interesting as who succeeds.
func trailTouched(f *facts) (records []int64, detail string) {
	acts := []string{"StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "DeleteFlowLogs", "DeleteDetector",
		"UpdateDetector", "StopConfigurationRecorder", "DeleteConfigurationRecorder", "DeleteEventDataStore"}
	var which []string
	f.judged(func(e quell.Event, seq int64) {
		if slices.Contains(acts, e.Name) {
			records = merge(records, []int64{seq})
			which = append(which, e.Name)
		}
	})
	return records, some(which)
}

// blind walks everything that a scope or a verdict could not see.
func (f *facts) blind(want func(string) bool) (records []int64, detail string) {
	var which []string
	note := func(list []string, seq int64) {
		for _, b := range list {
			if want(b) {
				records = merge(records, []int64{seq})
				which = append(which, b)
			}
		}
	}
	for _, e := range f.scopes {
		note(e.what.Blind, e.seq)
	}
	for _, e := range f.verdicts {
		note(e.what.Blind, e.seq)
	}
	return records, some(which)
}

func isDataEvents(blind string) bool { return strings.Contains(blind, "data") }

func dataEventsBlind(f *facts) ([]int64, string) { return f.blind(isDataEvents) }

func otherBlind(f *facts) ([]int64, string) {
	return f.blind(func(b string) bool { return !isDataEvents(b) })
}

// noGuardDuty rests on all findings: it says what none of them is.
func noGuardDuty(f *facts) ([]int64, string) {
	for _, e := range f.findings {
		if strings.EqualFold(e.what.Source, "guardduty") {
			return nil, ""
		}
	}
	return seqs(f.findings), ""
}

// missed finds the metric of a formula and whether it missed its target; without a measurement nothing was missed.
func missed(formula string) func(*facts) ([]int64, string) {
	return func(f *facts) ([]int64, string) {
		for _, m := range f.metrics() {
			if m.Formula == formula && m.Met == "missed" {
				return m.Records, m.Value + ", target " + m.Target
			}
		}
		return nil, ""
	}
}

func leaked(f *facts) (records []int64, detail string) {
	var why []string
	for _, v := range f.verdicts {
		if v.what.Verdict == quell.Leaking {
			records = append(records, v.seq)
			why = append(why, v.what.Why)
		}
	}
	return records, some(why)
}

func vanished(f *facts) (records []int64, detail string) {
	var ops []string
	for _, r := range f.reapplied().Rows {
		records = merge(records, r.Records)
		ops = append(ops, r.Cells[0])
	}
	return records, some(ops)
}

// refusedCalls are those that lacked a permission; other failures are the steps' own affair.
func refusedCalls(f *facts) (records []int64, detail string) {
	var ops []string
	for _, c := range f.calls {
		if c.result == nil || c.result.what.OK {
			continue
		}
		code := c.result.what.Code
		if strings.Contains(code, "AccessDenied") || strings.Contains(code, "Unauthorized") {
			records = append(records, c.result.seq)
			ops = append(ops, c.intent.what.Op)
		}
	}
	return records, some(ops)
}

func failedSteps(f *facts) (records []int64, detail string) {
	var which []string
	for _, s := range f.statuses {
		if s.what.Status == quell.StepFailed || s.what.Status == quell.StepRefused {
			records = append(records, s.seq)
			which = append(which, s.step)
		}
	}
	return records, some(which)
}

// collateral counts only what was planned and then done: a plan that nobody approved cut off nobody.
func collateral(f *facts) (records []int64, detail string) {
	var which []string
	for _, p := range f.planned {
		done := slices.ContainsFunc(f.calls, func(c sent) bool {
			return c.intent.step == p.step && c.intent.seq > p.seq && c.result != nil && c.result.what.OK
		})
		if done && len(p.what.Breaks) > 0 {
			records = append(records, p.seq)
			which = append(which, p.what.Breaks...)
		}
	}
	return records, some(which)
}

func incomplete(f *facts) (records []int64, detail string) {
	var which []string
	for _, e := range f.evidence {
		if !e.what.Complete {
			records = append(records, e.seq)
			which = append(which, strings.TrimSpace(fmt.Sprintf("%s %s", e.what.Name, listed(e.what.Missing, ""))))
		}
	}
	return records, some(which)
}

func attempts(f *facts) (records []int64, detail string) {
	var why []string
	for _, a := range f.attempts {
		records = append(records, a.seq)
		why = append(why, a.what.Why)
	}
	return records, some(why)
}
