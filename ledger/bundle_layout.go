package ledger

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The files of a bundle, in their order. A bundle is a zip archive whose files are stored and not compressed: any unzip
// reads it, the same incident always gives the same bytes, and nothing swells when a stranger's bundle is opened.
const (
	fileReadme    = "README.txt"
	fileKey       = "key.pub"
	fileHead      = "checkpoint"
	fileRecords   = "records.jsonl" // the canonical leaves, one a line
	fileHashes    = "hashes.bin"    // all tree hashes, 32 bytes each, in the order of tlog.StoredHashIndex
	fileHistory   = "history.jsonl" // earlier checkpoints, each with its consistency proof
	evidencePlace = "evidence/"
	fileManifest  = "manifest.txt" // digest, size and name of each file above
	fileSignature = "manifest.sig" // a signed note over the manifest's digest
)

// maxBundleRecords bounds what VerifyBundle holds in memory to some 400 MB, for the largest bundle at its worst.
const maxBundleRecords = 1 << 20

const manifestTitle = "quell bundle v1"

const readme = `This is one security incident as Quell recorded it, whole and provable.

records.jsonl  what happened, one record a line, in order (canonical JSON, RFC 8785)
checkpoint     the number of records and the root of their Merkle tree (RFC 6962), signed
key.pub        the public key it was signed with
hashes.bin     the tree's hashes, 32 bytes each
history.jsonl  earlier signed checkpoints, each with the proof that this ledger continues it
evidence/      the artefacts that records name, each under its SHA-256
manifest.txt   SHA-256, size and name of each file; manifest.sig signs it

Check it with:  quell ledger verify FILE --key FINGERPRINT
Ask whoever gave you this file for the fingerprint by another way: a bundle that was made
anew under another key proves itself, and only the fingerprint tells the two apart.
`

// past is a line of the history: a signed checkpoint, and the proof that the bundle's tree begins with its tree.
type past struct {
	Checkpoint string   `json:"checkpoint"`
	Proof      []string `json:"proof"`
}

// listed is a file as the manifest has it. Absent artefacts have the size -1.
type listed struct {
	sum  string
	size int64
	name string
}

func (f listed) line() string {
	if f.size < 0 {
		return f.sum + "  absent  " + f.name + "\n"
	}
	return f.sum + "  " + strconv.FormatInt(f.size, 10) + "  " + f.name + "\n"
}

// parseManifest reads manifest.txt. It only reads the form; the caller checks the signature.
func parseManifest(text []byte) (origin string, files []listed, err error) {
	lines := strings.Split(string(text), "\n")
	if len(lines) < 3 || lines[0] != manifestTitle || lines[len(lines)-1] != "" {
		return "", nil, errors.New("is not a manifest of this version")
	}
	for _, line := range lines[2 : len(lines)-1] {
		parts := strings.SplitN(line, "  ", 3)
		if len(parts) != 3 || !isSum(parts[0]) {
			return "", nil, errors.New("has a line that is none of a manifest's")
		}
		f := listed{sum: parts[0], size: -1, name: parts[2]}
		if parts[1] != "absent" {
			if f.size, err = strconv.ParseInt(parts[1], 10, 64); err != nil || f.size < 0 {
				return "", nil, errors.New("has a line that is none of a manifest's")
			}
		}
		files = append(files, f)
	}
	return lines[1], files, nil
}

// sealText is what manifest.sig signs. It is unlike any checkpoint, so that neither passes for the other.
func sealText(origin, sum string) string {
	return manifestTitle + "\n" + origin + "\nsha256:" + sum + "\n"
}

// checkSeal says what is wrong with the manifest's signature.
func checkSeal(signed []byte, key note.Verifier, origin, sum string) error {
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return fmt.Errorf("check the manifest's signature: %w", err)
	}
	if opened.Text != sealText(origin, sum) {
		return errors.New("signs another manifest")
	}
	// Nothing covers this file but itself, and the format leaves room: further signatures, unused bits in base64.
	for _, sig := range opened.Sigs {
		raw, err := base64.StdEncoding.Strict().DecodeString(sig.Base64)
		whole := opened.Text + "\n— " + sig.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
		if err == nil && whole == string(signed) {
			return nil
		}
	}
	return errors.New("has more in it than the signature")
}

// isSum says whether s is a SHA-256 in lower-case hex: the only names that evidence may have.
func isSum(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 32 && strings.ToLower(s) == s
}

// isBundleFile says whether a bundle may hold a file of this name.
func isBundleFile(name string) bool {
	switch name {
	case fileReadme, fileKey, fileHead, fileRecords, fileHashes, fileHistory, fileManifest, fileSignature:
		return true
	}
	sum, found := strings.CutPrefix(name, evidencePlace)
	return found && isSum(sum)
}

// addFile starts a file of a bundle. Bundles carry no times, owners or rights: those would differ from export to export.
func addFile(z *zip.Writer, name string) (io.Writer, error) {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return w, nil
}

var newline = []byte("\n")

// trimLine cuts the newline that ends a file of one line.
func trimLine(text []byte) []byte { return bytes.TrimSuffix(text, newline) }
