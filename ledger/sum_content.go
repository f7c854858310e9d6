package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// summer is a writer that keeps the digest and the size of what went through.
type summer struct {
	hash hash.Hash
	size int64
}

func newSummer() *summer { return &summer{hash: sha256.New()} }

// Write implements io.Writer and never fails.
func (s *summer) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	return s.hash.Write(p)
}

// String is the digest so far, in hex.
func (s *summer) String() string { return hex.EncodeToString(s.hash.Sum(nil)) }
