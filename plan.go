package quell

import "encoding/json"

// StepStatus is where a plan step stands.
type StepStatus string

// The standings of a plan step.
const (
	StepPending StepStatus = "pending" // not looked at yet
	StepUnbound StepStatus = "unbound" // waits for another step's outputs
	StepReady   StepStatus = "ready"   // planned, may run at once
	StepWaiting StepStatus = "waiting" // needs a person's yes
	StepManual  StepStatus = "manual"  // a person does it
	StepRunning StepStatus = "running" // calls sent, effect not there yet
	StepDone    StepStatus = "done"    // looked again: nothing left to do, settled
	StepRefused StepStatus = "refused" // a guard said no
	StepFailed  StepStatus = "failed"
	StepUndone  StepStatus = "undone"
	StepSkipped StepStatus = "skipped" // a person said no
)

// Plan is a playbook bound to one incident. Digest covers the list of its steps' digests.
type Plan struct {
	Digest   string     `json:"digest"`
	Playbook string     `json:"playbook"`
	Steps    []PlanStep `json:"steps"`
}

// PlanStep is one action on one target with the exact calls it will make.
type PlanStep struct {
	ID           string     `json:"id"`
	Action       string     `json:"action"`
	Title        string     `json:"title,omitempty"`
	Phase        Phase      `json:"phase"`
	Mode         Mode       `json:"mode"`
	Roles        []Role     `json:"roles,omitempty"`
	Target       Entity     `json:"target"`
	Status       StepStatus `json:"status"`
	Digest       string     `json:"digest"`
	Irreversible bool       `json:"irreversible"`
	// Breaks says, for people, what stops working; Reads lists the read operations the step uses.
	Breaks []string `json:"breaks"`
	Reads  []string `json:"reads"`
	Calls  []Call   `json:"calls"`
	// CLI holds one runnable `aws ...` line per call.
	CLI    []string `json:"cli"`
	Text   string   `json:"text,omitempty"`
	WhyNot string   `json:"why_not,omitempty"`
	// Missing are permissions that the identity at hand is known to lack for the calls.
	Missing []string        `json:"missing,omitempty"`
	Needs   []string        `json:"needs,omitempty"`
	With    json.RawMessage `json:"with,omitempty"`
	// Undo is the id of the step that this one takes back.
	Undo string `json:"undo,omitempty"`
}

// VerdictValue is what can be said about containment.
type VerdictValue string

// Verdict values. Unknown is the honest default.
const (
	Held    VerdictValue = "held"
	Leaking VerdictValue = "leaking"
	Unknown VerdictValue = "unknown"
)

// Proof is what a verdict rests on.
type Proof string

// The kinds of proof, from weak to strong.
const (
	NoProof    Proof = ""
	Configured Proof = "configured" // the account says so
	Simulated  Proof = "simulated"  // policy evaluation says so
	Observed   Proof = "observed"   // seen in the trail
)
