package plan

import (
	"fmt"

	"github.com/quell-ir/quell"
)

// StepDigest is the digest that a person says yes to: it covers the step's id, its action, the kind and id of its target,
// and the calls. Titles, texts and statuses are left out, so that a better wording never voids an approval.
func StepDigest(step quell.PlanStep, calls []quell.Call) (string, error) {
	if calls == nil {
		calls = []quell.Call{} // no calls are the same plan, whether nil or empty
	}
	type target struct {
		Kind quell.EntityKind `json:"kind"`
		ID   string           `json:"id"`
	}
	digest, err := quell.Digest(struct {
		ID     string       `json:"id"`
		Action string       `json:"action"`
		Target target       `json:"target"`
		Calls  []quell.Call `json:"calls"`
	}{step.ID, step.Action, target{step.Target.Kind, step.Target.ID}, calls})
	if err != nil {
		return "", fmt.Errorf("digest step %s: %w", step.ID, err)
	}
	return digest, nil
}

// Digest is a plan's digest: SHA-256 over the canonical list of its steps' digests, in order. A step without one, because
// nobody has looked at its target yet, counts with the digest of the calls it has.
func Digest(steps []quell.PlanStep) (string, error) {
	digests := make([]string, len(steps))
	for i, step := range steps {
		digests[i] = step.Digest
		if step.Digest != "" {
			continue
		}
		var err error
		if digests[i], err = StepDigest(step, step.Calls); err != nil {
			return "", err
		}
	}
	return quell.Digest(digests)
}
