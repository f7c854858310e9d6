package quell

// Mode says who sets a step in motion.
type Mode string

// The modes of a step.
const (
	Auto    Mode = "auto"    // by policy, without a person
	Approve Mode = "approve" // after a named role's yes to the exact calls
	Manual  Mode = "manual"  // by a person; Quell shows the commands
)

// Playbook is an ordered answer to one kind of incident, as data. When and ForEach are CEL expressions over the variable
// `incident`; see package plan for what they may use.
type Playbook struct {
	ID      string `json:"id" yaml:"id"`
	Title   string `json:"title" yaml:"title"`
	Version string `json:"version" yaml:"version"`
	// When decides whether the playbook answers an incident; the first playbook in order of Rank that does is taken.
	When  string `json:"when" yaml:"when"`
	Rank  int    `json:"rank,omitempty" yaml:"rank"`
	Steps []Step `json:"steps" yaml:"steps"`
}

// Step is one action of a playbook, for one target or for each of several.
type Step struct {
	ID     string `json:"id" yaml:"id"`
	Title  string `json:"title,omitempty" yaml:"title"`
	Action string `json:"action,omitempty" yaml:"action"`
	// Mode is the highest degree of automation the step allows; the automation level in force may ask for more people.
	Mode Mode `json:"mode" yaml:"mode"`
	// Roles may answer for the step; empty means the incident manager.
	Roles []Role `json:"roles,omitempty" yaml:"roles"`
	When  string `json:"when,omitempty" yaml:"when"`
	// ForEach yields the entities the step is bound to, one plan step each.
	ForEach string         `json:"for_each,omitempty" yaml:"for_each"`
	With    map[string]any `json:"with,omitempty" yaml:"with"`
	// Needs are ids of steps that must be done before; nothing else holds a step back.
	Needs []string `json:"needs,omitempty" yaml:"needs"`
	// Text tells a person what to do where the step is manual and outside AWS.
	Text string `json:"text,omitempty" yaml:"text"`
}
