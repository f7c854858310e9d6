package approve

import (
	"fmt"

	"github.com/quell-ir/quell"
)

// Level is how much happens without a person.
type Level string

// The automation levels. The zero value is ApprovalRequired.
const (
	// ApprovalRequired: nothing but collecting evidence is automatic.
	ApprovalRequired Level = "approval-required"
	// ContainWhenConfirmed: besides, containment is automatic once the incident is confirmed or the credential is public.
	ContainWhenConfirmed Level = "contain-when-confirmed"
	// Automatic: whatever the playbook marks as automatic is.
	Automatic Level = "automatic"
)

// Levels lists every level, from the most careful.
func Levels() []Level { return []Level{ApprovalRequired, ContainWhenConfirmed, Automatic} }

// ParseLevel reads a level; empty is ApprovalRequired.
func ParseLevel(name string) (Level, error) {
	if name == "" {
		return ApprovalRequired, nil
	}
	for _, level := range Levels() {
		if name == string(level) {
			return level, nil
		}
	}
	return "", &quell.Error{
		Code: quell.CodeUsage, What: fmt.Sprintf("unknown automation level %q", name),
		Next: fmt.Sprintf("take one of %v", Levels()),
	}
}

// Mode is who sets a step in motion. The step's own mode is the most that may happen without people; the level takes away
// from it and never adds. What cannot be taken back is never automatic, and a dismissed or closed incident makes nothing
// automatic but collecting. An unknown level is treated as ApprovalRequired.
func Mode(level Level, step quell.Step, phase quell.Phase, collects, irreversible bool, incident quell.Incident) quell.Mode {
	if step.Mode != quell.Auto {
		if step.Mode == quell.Manual {
			return quell.Manual
		}
		return quell.Approve // an unknown mode asks a person
	}
	switch {
	case irreversible:
		return quell.Approve
	case collects:
		return quell.Auto
	case ended(incident):
		return quell.Approve
	case level == Automatic:
		return quell.Auto
	case level == ContainWhenConfirmed && phase == quell.Contain && certain(incident):
		return quell.Auto
	}
	return quell.Approve
}

// certain says that waiting for a person would only help the intruder.
func certain(incident quell.Incident) bool {
	return incident.Standing == quell.Confirmed || incident.Exposed
}

// ended says that there is nothing left to contain.
func ended(incident quell.Incident) bool {
	return incident.Standing == quell.Dismissed || incident.Standing == quell.Ended
}
