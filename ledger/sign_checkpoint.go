package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxNote bounds a signed note that is read from outside.
const maxNote = 64 << 10

// Checkpoint is what a signed note says about a tree.
type Checkpoint struct {
	// Origin is the key's name, a slash and the tree's name: no checkpoint can be passed off as another tree's.
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Tree is the name of the tree in the checkpoint's origin, empty where there is none.
func (c Checkpoint) Tree() string {
	at := strings.LastIndexByte(c.Origin, '/')
	return c.Origin[at+1:]
}

// origin is the first line of a tree's checkpoints.
func origin(key, tree string) string { return key + "/" + tree }

// signCheckpoint writes the checkpoint in the C2SP tlog-checkpoint format: origin, size, base64 root, signature.
func signCheckpoint(c Checkpoint, signer note.Signer) ([]byte, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint of %s: %w", c.Origin, err)
	}
	return signed, nil
}

// OpenCheckpoint reads a signed checkpoint. The error says whether its form or its signature is bad.
func OpenCheckpoint(signed []byte, key note.Verifier) (Checkpoint, error) {
	if len(signed) > maxNote {
		return Checkpoint{}, errors.New("the checkpoint is too long to be one")
	}
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("check the checkpoint's signature: %w", err)
	}
	return parseCheckpoint(opened.Text)
}

func parseCheckpoint(text string) (Checkpoint, error) {
	// Lines after the third are extensions of the format; the signature covers them and we have no use for them.
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, errors.New("read checkpoint: it has no origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errors.New("read checkpoint: its second line is no size")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoint's root: %w", err)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}
