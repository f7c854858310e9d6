// Package keyfile keeps the key that signs the ledger's checkpoints in a file of its own.
//
// What comes in: a path. What goes out: a signer and the public key to verify with. What is promised: the file is readable
// by its owner alone, a key is made once and never overwritten, and a key that others can read is refused, because what it
// signed would prove nothing. The file should be backed up apart from the ledger.
//
// Read package ledger for what is signed.
package keyfile

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
)

// maxFile bounds the file, in bytes: a key has about 150.
const maxFile = 4096

// LoadOrCreateKey reads the signing key at path, or makes one where no file is. Of several processes that make one at the
// same moment all get the same.
func LoadOrCreateKey(path string) (note.Signer, *ledger.PublicKey, error) {
	signer, public, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return signer, public, err
	}
	if err := createKey(path); err != nil {
		return nil, nil, &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "cannot make the ledger's signing key " + path,
			Next: "make the folder yours and writable, or name another with --home"}
	}
	return LoadKey(path)
}

// LoadKey reads the signing key at path. The error is fs.ErrNotExist where there is none.
func LoadKey(path string) (note.Signer, *ledger.PublicKey, error) {
	text, err := readOwned(path)
	if err != nil {
		return nil, nil, err
	}
	signer, public, err := parseKey(text)
	if err != nil {
		return nil, nil, &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "the ledger's signing key " + path + " is damaged",
			Next: "put it back from a backup; a new key cannot go on with a ledger that another one signed"}
	}
	return signer, public, nil
}

// readOwned reads the file if nobody but its owner can.
func readOwned(path string) (string, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err != nil {
		return "", &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "cannot read the ledger's signing key", Next: "run as the user who owns it"}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("look at the signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", &quell.Error{Code: quell.CodeRefused,
			What: fmt.Sprintf("the ledger's signing key %s can be read by others (mode %o)", path, info.Mode().Perm()),
			Next: "if nobody untrusted was on this machine, `chmod 600` it"}
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return "", fmt.Errorf("read the signing key: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// parseKey makes the signer, and the public key from the seed, so that the two cannot differ.
func parseKey(text string) (note.Signer, *ledger.PublicKey, error) {
	signer, err := note.NewSigner(text)
	if err != nil {
		return nil, nil, fmt.Errorf("parse signing key: %w", err)
	}
	// PRIVATE+KEY+name+hash+base64 of an algorithm byte and the seed. NewSigner has checked all of it.
	parts := strings.SplitN(text, "+", 5)
	data, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(data) != 1+ed25519.SeedSize {
		return nil, nil, errors.New("parse signing key: it is no ed25519 key")
	}
	public, ok := ed25519.NewKeyFromSeed(data[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, nil, errors.New("derive public key: it is no ed25519 key")
	}
	verifier, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return nil, nil, fmt.Errorf("write public key: %w", err)
	}
	key, err := ledger.ParsePublicKey(verifier)
	return signer, key, err
}

// createKey writes a new key beside path and links it there, which fails where a file came into being meanwhile: that one
// is then as good.
func createKey(path string) error {
	id := make([]byte, 8)
	rand.Read(id)
	// The name stands in every checkpoint; the number keeps two installations' keys apart.
	secret, _, err := note.GenerateKey(rand.Reader, "quell-"+hex.EncodeToString(id))
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".key-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(secret + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
