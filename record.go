package quell

import (
	"encoding/json"
	"fmt"
	"time"
)

// RecordKind names what a ledger entry tells. Its payload type stands beside each constant.
type RecordKind string

// The kinds of records.
const (
	RecordOpened   RecordKind = "incident.opened"  // Incident
	RecordFinding  RecordKind = "finding"          // Finding
	RecordScope    RecordKind = "scope"            // Scope
	RecordChanged  RecordKind = "incident.changed" // Change
	RecordNote     RecordKind = "note"             // Note
	RecordBound    RecordKind = "plan.bound"       // Bound
	RecordPlanned  RecordKind = "step.planned"     // Planned
	RecordDecision RecordKind = "decision"         // Decision
	RecordAttempt  RecordKind = "decision.attempt" // Attempt
	RecordIntent   RecordKind = "call.intent"      // Intent
	RecordResult   RecordKind = "call.result"      // Result
	RecordWaited   RecordKind = "step.waited"      // Waited
	RecordStep     RecordKind = "step.status"      // StepChange
	RecordEvidence RecordKind = "evidence"         // Evidence
	RecordProbe    RecordKind = "probe"            // Probe
	RecordVerdict  RecordKind = "verdict"          // Verdict
	RecordRun      RecordKind = "run.started"      // RunStarted
	RecordUndo     RecordKind = "undo.bound"       // UndoBound
	RecordClosed   RecordKind = "incident.closed"  // Closing
)

// Record is one entry of an incident's ledger. Seq is its place, from 0 without gaps.
type Record struct {
	Incident string     `json:"incident"`
	Seq      int64      `json:"seq"`
	Time     time.Time  `json:"time"`
	Kind     RecordKind `json:"kind"`
	// By is who caused it: a person, or "quell".
	By   string          `json:"by"`
	Step string          `json:"step,omitempty"`
	Data json.RawMessage `json:"data"`
}

// NewRecord makes a record of a payload. Seq and Time are set when it is appended.
func NewRecord(incident string, kind RecordKind, by, step string, payload any) (Record, error) {
	data, err := json.Marshal(payload)
	if err != nil {
		return Record{}, fmt.Errorf("encode %s record: %w", kind, err)
	}
	return Record{Incident: incident, Kind: kind, By: by, Step: step, Data: data}, nil
}

// Payload decodes a record's data.
func Payload[T any](r Record) (T, error) {
	var v T
	if err := json.Unmarshal(r.Data, &v); err != nil {
		return v, fmt.Errorf("decode %s record %d of %s: %w", r.Kind, r.Seq, r.Incident, err)
	}
	return v, nil
}

// Scope is what was found out about the subject before planning: the answers for the first twelve lines.
type Scope struct {
	Subject     Entity            `json:"subject"`
	Account     string            `json:"account"`
	Since       time.Time         `json:"since,omitzero"`
	LastSeen    time.Time         `json:"last_seen,omitzero"`
	StillActive bool              `json:"still_active"`
	Events      int               `json:"events"`
	Entities    []Entity          `json:"entities"` // keys, roles assumed, things made, buckets and secrets read
	UsedBy      []string          `json:"used_by"`  // who used it in the last day, and so breaks
	Timeline    []Event           `json:"timeline"`
	Read        []string          `json:"read"`  // sources and regions read to the end
	Blind       []string          `json:"blind"` // what could not be seen, and why
	Watermarks  map[string]string `json:"watermarks,omitempty"`
}

// Change is a person's change to the incident.
type Change struct {
	What   string `json:"what"` // standing, severity, assign, merge, phase
	From   string `json:"from,omitempty"`
	To     string `json:"to"`
	Reason string `json:"reason,omitempty"`
}

// Note is a person's remark.
type Note struct {
	Text string `json:"text"`
}

// Bound fixes which steps answer the incident. Later records may bind more steps; a step's id is bound once.
type Bound struct {
	Playbook string     `json:"playbook"`
	Version  string     `json:"version"`
	Steps    []PlanStep `json:"steps"`
}

// Planned is one look at a step's target and the calls it led to, together, so that no later version of Quell plans
// the past again.
type Planned struct {
	Round int             `json:"round"`
	State json.RawMessage `json:"state"`
	// Before is what the target was before another open incident changed it; given at the first look only.
	Before  json.RawMessage `json:"before,omitempty"`
	Calls   []Call          `json:"calls"`
	Digest  string          `json:"digest"`
	Settled bool            `json:"settled"`
	Breaks  []string        `json:"breaks,omitempty"`
	// Unseen is what the look could not see.
	Unseen  []string        `json:"unseen,omitempty"`
	Outputs json.RawMessage `json:"outputs,omitempty"`
	// Refused is why a guard says no to these calls.
	Refused string `json:"refused,omitempty"`
}

// Attempt is an approval that came to nothing, and why.
type Attempt struct {
	Digest string `json:"digest"`
	As     Role   `json:"as"`
	Why    string `json:"why"`
	Now    string `json:"now,omitempty"` // the digest that holds now
}

// Intent is written and synced before a call leaves.
type Intent struct {
	// Key is the call's id within its step and round: the same key means the same call, tried again.
	Key   string          `json:"key"`
	Op    string          `json:"op"`
	Input json.RawMessage `json:"input"` // filled, secrets as references
	Edit  *Edit           `json:"edit,omitempty"`
	Try   int             `json:"try"`
	Undo  bool            `json:"undo,omitempty"`
	// Of is the index of the planned call and Way the alternative taken (0 the first).
	Of  int `json:"of"`
	Way int `json:"way,omitempty"`
}

// Result is what became of an intent.
type Result struct {
	Key       string          `json:"key"`
	OK        bool            `json:"ok"`
	Code      string          `json:"code,omitempty"` // the service's error code
	Message   string          `json:"message,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Outputs   json.RawMessage `json:"outputs,omitempty"`
	// Before and After show a whole document around an Edit; Lost names a neighbour that vanished meanwhile.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Lost   []string        `json:"lost,omitempty"`
}

// Waited says that a pause a step asked for is over.
type Waited struct {
	For string `json:"for"`
}

// StepChange is a new standing of a step.
type StepChange struct {
	Status StepStatus `json:"status"`
	Why    string     `json:"why,omitempty"`
}

// Evidence is an artefact kept beside the ledger, named by its content.
type Evidence struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	From   string `json:"from,omitempty"` // the call or source it was collected with
	// Complete is false where a page, region or permission was missing; Missing says which.
	Complete bool     `json:"complete"`
	Missing  []string `json:"missing,omitempty"`
}

// Probe is one observation made to learn whether containment holds.
type Probe struct {
	What    string    `json:"what"` // trail, simulate
	At      time.Time `json:"at"`
	Through time.Time `json:"through,omitzero"` // the trail is complete up to here
	// Live says that an act of Quell's own, made after the change, was found in the trail.
	Live bool `json:"live,omitempty"`
	// Allowed and Denied count acts asked of policy evaluation.
	Allowed int `json:"allowed,omitempty"`
	Denied  int `json:"denied,omitempty"`
	// Successes are acts of the contained principals that went through after containment, Refusals those that did not.
	Successes []Event  `json:"successes,omitempty"`
	Refusals  []Event  `json:"refusals,omitempty"`
	Blind     []string `json:"blind,omitempty"`
	Note      string   `json:"note,omitempty"`
}

// Verdict is what can be said about containment, on what proof, up to when, and by whom it cannot be seen.
type Verdict struct {
	Verdict     VerdictValue `json:"verdict"`
	Proof       Proof        `json:"proof"`
	SeenThrough time.Time    `json:"seen_through,omitzero"`
	Blind       []string     `json:"blind"`
	Why         string       `json:"why"`
	// KnownBy is when an unknown verdict can be known at the earliest.
	KnownBy time.Time `json:"known_by,omitzero"`
}

// RunStarted begins a run: from here every step is looked at afresh before anything is sent.
type RunStarted struct {
	Apply bool `json:"apply"`
	// Credentials says, without secrets, with whose power the run acts.
	Credentials string `json:"credentials,omitempty"`
}

// UndoBound adds the steps that take other steps back, in the order they go: the last done first.
type UndoBound struct {
	Steps  []PlanStep `json:"steps"`
	Lift   bool       `json:"lift_deny,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

// Closing ends an incident and fixes the ledger's size and root hash at that moment.
type Closing struct {
	Reason string `json:"reason,omitempty"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
}
