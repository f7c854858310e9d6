package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// PublicKey verifies checkpoints and, unlike a bare note.Verifier, can be written into a bundle and be shown to people.
type PublicKey struct {
	note.Verifier
	text        string
	fingerprint string
}

// ParsePublicKey reads a verifier key as package sumdb/note writes it: name+hash+base64.
func ParsePublicKey(text string) (*PublicKey, error) {
	text = strings.TrimSpace(text)
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	// name+hash+key: the key is base64 and may itself hold a plus, the name may not.
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("parse public key: not of the form name+hash+key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	sum := sha256.Sum256(key)
	return &PublicKey{Verifier: verifier, text: text, fingerprint: "sha256:" + hex.EncodeToString(sum[:])}, nil
}

// String is the verifier key: what ParsePublicKey reads and people may pin.
func (k *PublicKey) String() string { return k.text }

// Fingerprint is "sha256:" and the hex SHA-256 of the key: short enough to be read over a telephone.
func (k *PublicKey) Fingerprint() string { return k.fingerprint }

// Matches says whether pin names this key: by its fingerprint, with or without the prefix, or by the whole verifier key.
// An empty pin matches nothing.
func (k *PublicKey) Matches(pin string) bool {
	pin = strings.TrimSpace(pin)
	hexPin := strings.ToLower(pin)
	return pin != "" && (pin == k.text || hexPin == k.fingerprint || "sha256:"+hexPin == k.fingerprint)
}
