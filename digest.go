package quell

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"
)

// Canonical returns v as RFC 8785 canonical JSON: one byte sequence for one value, whatever the order of its maps.
func Canonical(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode for digest: %w", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("canonicalise JSON: %w", err)
	}
	return canonical, nil
}

// Digest is "sha256:" and the hex SHA-256 of v's canonical JSON.
func Digest(v any) (string, error) {
	canonical, err := Canonical(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// ShortHash is the first n hex digits of the SHA-256 over parts, each ended by a NUL byte. It names things that must get
// the same name again: findings, incidents, idempotency tokens.
func ShortHash(n int, parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))[:n]
}
