package ledger

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell"
)

// VerifyBundle proves an exported incident with nothing but the bundle: r holds its size bytes. key is the fingerprint
// or the whole public key that must have signed it; with "" the bundle's own key is believed, and then only the report's
// Fingerprint tells a bundle that was made anew under another key. pinned are signed checkpoints kept elsewhere.
//
// Whatever the file is, the answer is a report, in bounded memory (some 400 bytes per record) and without writing
// anything anywhere. The error is for a reader that fails.
func VerifyBundle(r io.ReaderAt, size int64, key string, pinned ...[]byte) (Report, error) {
	b := &bundle{report: &Report{}, found: make(map[string]listed), small: make(map[string][]byte), pin: key}
	z, err := openContainer(r, size)
	if err != nil {
		b.report.file("bundle", "%v", err)
		return b.report.close(), nil
	}
	alike := &likeness{r: r, differ: -1}
	copied := zip.NewWriter(alike)
	for _, f := range z.File {
		b.readFile(f, copied)
	}
	if err := copied.Close(); err != nil {
		return Report{}, fmt.Errorf("verify the bundle: %w", err)
	}
	if b.readKey() {
		b.judge(pinned)
		b.checkManifest()
	}
	b.checkEvidence()
	b.checkPacking(alike, size)
	return b.report.close(), nil
}

// bundle is a bundle under examination.
type bundle struct {
	report *Report
	pin    string
	key    *PublicKey
	origin string
	found  map[string]listed // what is there, by name
	order  []string          // the names as they stand in the archive
	small  map[string][]byte // content of the small files
	trial  trial
	of     []string // the incidents that records name; more than one is a mixture
	refs   []reference
	absent map[string]bool
}

// reference is a record that names an artefact.
type reference struct {
	seq  int64
	item quell.Evidence
}

// readKey finds the key that everything is checked with.
func (b *bundle) readKey() bool {
	own, err := ParsePublicKey(string(trimLine(b.small[fileKey])))
	if err != nil {
		b.report.file(fileKey, "%v", err)
	}
	b.key = own
	if b.pin == "" {
		if own != nil {
			b.report.Fingerprint = own.Fingerprint()
		}
		return own != nil
	}
	b.report.Pinned = true
	if own == nil || !own.Matches(b.pin) {
		b.report.file(fileKey, "the bundle was not signed with the key you named")
		if pinned, err := ParsePublicKey(b.pin); err == nil {
			b.key = pinned
		}
	}
	if b.key != nil {
		b.report.Fingerprint = b.key.Fingerprint()
	}
	return b.key != nil
}

// judge holds the records against what was signed.
func (b *bundle) judge(pinned [][]byte) {
	head, err := OpenCheckpoint(b.small[fileHead], b.key)
	if err != nil {
		b.report.file(fileHead, "%v", err)
	} else {
		b.trial.signed = &head
		b.origin = head.Origin
		b.report.Root = head.Root.String()
		if head.Origin != origin(b.key.Name(), head.Tree()) || head.Size > maxBundleRecords {
			b.report.file(fileHead, "is not the checkpoint of an incident")
			b.trial.signed = nil
		}
	}
	b.report.Incident = head.Tree()
	if b.report.Incident == "" && len(b.of) > 0 {
		b.report.Incident = quell.Cut(b.of[0], maxTreeName)
	}
	b.readHistory()
	for i, signed := range pinned {
		c, err := OpenCheckpoint(signed, b.key)
		if err != nil || b.trial.signed != nil && c.Origin != b.origin {
			b.report.file(fmt.Sprintf("checkpoint %d given", i+1), "is not a checkpoint of this incident signed by this key")
			continue
		}
		b.trial.earlier = append(b.trial.earlier, c)
	}
	b.trial.tree = b.report.Incident
	b.report.Size = int64(len(b.trial.entries))
	problems := b.trial.judge()
	b.report.add(problems...)
	if len(problems) == 0 && b.trial.signed != nil && (len(b.of) != 1 || b.of[0] != head.Tree()) {
		b.report.file(fileRecords, "holds records of another incident than the checkpoint")
	}
}

// readHistory checks the earlier checkpoints and their proofs.
func (b *bundle) readHistory() {
	lines := splitLines(b.small[fileHistory])
	for i, line := range lines {
		var p past
		name := fmt.Sprintf("%s line %d", fileHistory, i+1)
		if err := json.Unmarshal(line, &p); err != nil {
			b.report.file(name, "cannot be read")
			continue
		}
		c, err := OpenCheckpoint([]byte(p.Checkpoint), b.key)
		if err != nil {
			b.report.file(name, "%v", err)
			continue
		}
		if b.trial.signed == nil {
			continue
		}
		if c.Origin != b.origin {
			b.report.file(name, "is another ledger's checkpoint")
			continue
		}
		b.trial.earlier = append(b.trial.earlier, c)
		if err := checkPast(p, c, *b.trial.signed); err != nil {
			b.report.file(name, "%v", err)
		}
	}
}

func checkPast(p past, c, head Checkpoint) error {
	proof := make(tlog.TreeProof, 0, len(p.Proof))
	for _, text := range p.Proof {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return fmt.Errorf("read the consistency proof: %w", err)
		}
		proof = append(proof, h)
	}
	if err := tlog.CheckTree(proof, head.Size, head.Root, c.Size, c.Root); err != nil {
		return fmt.Errorf("the ledger does not continue its checkpoint of %d records: %w", c.Size, err)
	}
	return nil
}
