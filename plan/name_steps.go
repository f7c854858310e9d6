package plan

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// maxTargetName bounds the part of a step's id that names its target, in bytes.
const maxTargetName = 40

// stepNames gives each target of a step an id that it keeps. People type these ids and the ledger refers to them, so
// they hold the target's name; names come from the account and so from the intruder, so only plain characters stay.
type stepNames struct {
	ids    map[string]string // step and target -> id
	target map[string]string // id -> target
}

func newStepNames(bound []quell.PlanStep) stepNames {
	n := stepNames{ids: map[string]string{}, target: map[string]string{}}
	for _, s := range bound {
		step, _, each := strings.Cut(s.ID, ".")
		n.target[s.ID] = s.Target.Key()
		if each && s.Undo == "" {
			n.ids[step+" "+s.Target.Key()] = s.ID
		}
	}
	return n
}

// take returns the id of a step for a target: the one it has, else STEP.NAME. A name that lost characters, or that
// another target of the step has, is followed by six digits of the target's hash.
func (n stepNames) take(step string, target quell.Entity) string {
	handle := step + " " + target.Key()
	if id, ok := n.ids[handle]; ok {
		return id
	}
	name := cmp.Or(target.Name, target.ID)
	short := shortName(name)
	id := step + "." + short
	owner, taken := n.target[id]
	if short != name || taken && owner != target.Key() {
		id += "-" + quell.ShortHash(6, target.Key())
	}
	n.ids[handle], n.target[id] = id, target.Key()
	return id
}

// shortName keeps letters, digits, dot, underscore and hyphen; of an ARN only its end.
func shortName(name string) string {
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexAny(name, "/:")+1:]
	}
	if len(name) > maxTargetName {
		name = name[:maxTargetName]
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, name)
	return cmp.Or(strings.Trim(plain, ".-"), "target")
}
