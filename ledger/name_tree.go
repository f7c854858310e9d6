package ledger

import (
	"github.com/quell-ir/quell"
)

// The trees that are no incident.
const (
	// System holds what belongs to no incident.
	System = "system"
	// Global holds the other trees' checkpoints. Only the ledger itself writes there.
	Global = "global"
)

const maxTreeName = 128

// checkTree refuses names that could not stand as they are in a checkpoint's origin, a file name or a message. The first
// character is a letter or digit so that no name is a hidden file, a flag or a way up a folder.
func checkTree(name string) error {
	ok := name != "" && len(name) <= maxTreeName && isAlphanumeric(name[0])
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = isAlphanumeric(c) || c == '-' || c == '_' || c == '.' || c == ':'
	}
	if !ok {
		return &quell.Error{
			Code: quell.CodeUsage,
			What: "the incident's name " + quell.Cut(name, 40) + " cannot name a ledger",
			Next: "use letters, digits and - _ . : and at most 128 of them",
		}
	}
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
