package plan

import "github.com/quell-ir/quell"

// ActionInfo is what planning must know of an action. The caller fills it from the action catalogue, because the
// actions themselves speak to AWS and this package does not.
type ActionInfo struct {
	// Name is service.verb-noun.
	Name string
	// Target is the kind of thing the action works on; empty means it takes any.
	Target quell.EntityKind
	Phase  quell.Phase
	// Destroys and Preserves name kinds of evidence.
	Destroys, Preserves []string
	Irreversible        bool
	// Collects says that the action gathers evidence and changes nothing.
	Collects bool
}

// actionsByName indexes the catalogue; of two entries of one name the first counts.
func actionsByName(actions []ActionInfo) map[string]ActionInfo {
	by := make(map[string]ActionInfo, len(actions))
	for _, a := range actions {
		if _, known := by[a.Name]; !known {
			by[a.Name] = a
		}
	}
	return by
}

// takes says whether the action works on entities of this kind.
func (a ActionInfo) takes(kind quell.EntityKind) bool { return a.Target == "" || a.Target == kind }
