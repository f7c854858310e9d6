package incident

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// What a quell.Change may change.
const (
	ChangeStanding = "standing" // To: a quell.Standing
	ChangeSeverity = "severity" // To: low, medium, high or critical
	ChangeAssign   = "assign"   // To: ROLE=PERSON; an empty person frees the role
	ChangeMerge    = "merge"    // To: the id of the incident that takes this one over
	ChangePhase    = "phase"    // To: a quell.Phase
)

// ErrSame says that a change is legal and changes nothing: the incident is so already. Callers record nothing.
var ErrSame = errors.New("the incident is so already")

// moves are the legal changes of standing:
//
//	open ──▶ confirmed ──▶ closed
//	 │ ▲        │ ▲          ▲
//	 ▼ │        ▼ │          │
//	dismissed ◀───┘──────────┘
//
// An open incident is confirmed, dismissed or closed. Doubt goes both ways: a confirmed one is dismissed or opened
// again, a dismissed one is opened or confirmed again; taking a judgement back needs a reason, because evidence may
// have been given back or kept on its strength. Closed is the end: its ledger is sealed with its size and root, and
// a new finding about the same subject opens a new incident that refers to it.
var moves = map[quell.Standing]map[quell.Standing]bool{ // to -> a reason is needed
	quell.Open:      {quell.Confirmed: false, quell.Dismissed: true, quell.Ended: false},
	quell.Confirmed: {quell.Open: true, quell.Dismissed: true, quell.Ended: false},
	quell.Dismissed: {quell.Open: true, quell.Confirmed: true, quell.Ended: false},
	quell.Ended:     {},
}

// Next says whether a change is legal while an incident stands as it does. Nil: record it. ErrSame: nothing to record.
// Any other error is a *quell.Error that says what to do instead: CodeUsage where the change itself makes no sense,
// CodeRefused where the incident's standing does not allow it.
func Next(now quell.Standing, change quell.Change) error {
	if now == "" {
		now = quell.Open
	}
	if _, ok := moves[now]; !ok {
		return wrong(fmt.Sprintf("%q is no standing of an incident", now), "verify the ledger: quell ledger verify")
	}
	if now == quell.Ended && !(change.What == ChangeStanding && change.To == string(quell.Ended)) {
		return refused("the incident is closed and stays so",
			"run quell respond on the new finding: it opens a new incident that refers to this one")
	}
	switch change.What {
	case ChangeStanding:
		return nextStanding(now, change)
	case ChangeSeverity:
		return nextSeverity(change)
	case ChangeAssign:
		role, _, err := Assignment(change)
		if err == nil && !slices.Contains(quell.Roles, role) {
			return wrong(fmt.Sprintf("%q is no role", role), "take one of "+roleNames())
		}
		return err
	case ChangeMerge:
		if change.To == "" {
			return wrong("no incident to merge into is named", "name one of quell incident list")
		}
		return nil
	case ChangePhase:
		return nextPhase(change)
	}
	return wrong(fmt.Sprintf("an incident has no %q to change", change.What), "change its standing, severity, assign, merge or phase")
}

func nextStanding(now quell.Standing, change quell.Change) error {
	to := quell.Standing(change.To)
	if _, ok := moves[to]; !ok {
		return wrong(fmt.Sprintf("%q is no standing", change.To), "take open, confirmed, dismissed or closed")
	}
	if to == now {
		return ErrSame
	}
	reason, ok := moves[now][to]
	if !ok {
		return refused(fmt.Sprintf("a %s incident cannot become %s", now, to), "open a new one with quell respond")
	}
	if reason && strings.TrimSpace(change.Reason) == "" {
		return wrong(fmt.Sprintf("making a %s incident %s needs a reason", now, to), "say why with --reason")
	}
	return nil
}

// nextSeverity lets anyone raise a severity; lowering one slows the response, so it must be explained.
func nextSeverity(change quell.Change) error {
	var from, to quell.Severity
	if err := to.UnmarshalText([]byte(change.To)); err != nil {
		return &quell.Error{Code: quell.CodeUsage, What: "change the severity", Err: err}
	}
	if err := from.UnmarshalText([]byte(change.From)); err != nil {
		return &quell.Error{Code: quell.CodeUsage, What: "change the severity: what it is now is not said", Err: err}
	}
	if from == to {
		return ErrSame
	}
	if to < from && strings.TrimSpace(change.Reason) == "" {
		return wrong(fmt.Sprintf("lowering the severity from %s to %s needs a reason", from, to), "say why with --reason")
	}
	return nil
}

func nextPhase(change quell.Change) error {
	phases := []quell.Phase{quell.Detect, quell.Analyse, quell.Isolate, quell.Contain, quell.Eradicate, quell.Recover,
		quell.Preserve, quell.Review}
	if quell.Phase(change.To) == quell.Closed {
		return wrong("closing is not a change of phase", "run quell incident close: it seals the ledger as well")
	}
	if !slices.Contains(phases, quell.Phase(change.To)) {
		return wrong(fmt.Sprintf("%q is no phase", change.To), fmt.Sprintf("take one of %v", phases))
	}
	if change.From == change.To {
		return ErrSame
	}
	return nil
}

// Assign makes the change that gives a role to a person; an empty person frees the role.
func Assign(role quell.Role, person string) quell.Change {
	return quell.Change{What: ChangeAssign, To: string(role) + "=" + person}
}

// Assignment reads the role and the person from a change that Assign made.
func Assignment(change quell.Change) (quell.Role, string, error) {
	role, person, ok := strings.Cut(change.To, "=")
	if !ok || role == "" {
		return "", "", wrong(fmt.Sprintf("%q assigns nobody", change.To), "write ROLE=PERSON, such as legal=dana")
	}
	return quell.Role(role), person, nil
}

func roleNames() string {
	var names []string
	for _, r := range quell.Roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

func wrong(what, next string) error {
	return &quell.Error{Code: quell.CodeUsage, What: what, Next: next}
}

func refused(what, next string) error {
	return &quell.Error{Code: quell.CodeRefused, What: what, Next: next}
}
