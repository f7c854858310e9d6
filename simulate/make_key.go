package simulate

import (
	"crypto/rand"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/quell-ir/quell/ledger"
)

// testKey is a ledger key for one trial.
func testKey() (note.Signer, *ledger.PublicKey, error) {
	secret, public, err := note.GenerateKey(rand.Reader, "quell-trial")
	if err != nil {
		return nil, nil, fmt.Errorf("make ledger key: %w", err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, nil, err
	}
	key, err := ledger.ParsePublicKey(public)
	return signer, key, err
}
