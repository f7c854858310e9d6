package ledger

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell"
)

// AbsentError says which artefacts could not be put into a bundle. The bundle is whole but for them and names them, and
// verifying it reports them.
type AbsentError struct {
	Names []string
	// Err is why the first could not be read.
	Err error
}

// Error implements error.
func (e *AbsentError) Error() string {
	return fmt.Sprintf("the bundle was written without %d artefacts that could not be read: %s: %v",
		len(e.Names), quell.Cut(strings.Join(e.Names, ", "), 200), e.Err)
}

// Unwrap gives the first cause.
func (e *AbsentError) Unwrap() error { return e.Err }

// Export writes an incident as a bundle: a zip archive that VerifyBundle proves without this store. open gives the content
// of an artefact by its SHA-256 and must fail where the content isn't that; each is read twice, so that one that cannot
// be read is left out and named, in an *AbsentError, instead of breaking the bundle. The same records give the same bytes.
// Export anchors the tree first: what was handed out is fixed from then on.
func (l *Log) Export(ctx context.Context, incident string, w io.Writer, open func(sha256 string) (io.ReadCloser, error)) error {
	if l.signer == nil {
		return errReadOnly
	}
	if err := l.anchorOnce(ctx, incident); err != nil {
		return err
	}
	head, err := l.store.Head(ctx, incident)
	if err != nil {
		return fmt.Errorf("export %s: %w", quell.Cut(incident, 40), err)
	}
	if head.Size == 0 {
		return unknownIncident(incident)
	}
	if head.Size > maxBundleRecords {
		return fmt.Errorf("export %s: it has %d records and a bundle holds %d", incident, head.Size, maxBundleRecords)
	}
	x := &export{log: l, ctx: ctx, head: head, zip: zip.NewWriter(w), open: open}
	if err := x.write(); err != nil {
		return fmt.Errorf("export %s: %w", incident, err)
	}
	if x.absent.Err != nil {
		return &x.absent
	}
	return nil
}

// anchorOnce anchors the tree unless that was done since its last append.
func (l *Log) anchorOnce(ctx context.Context, tree string) error {
	head, err := l.store.Head(ctx, tree)
	if err != nil {
		return fmt.Errorf("read the head of %s: %w", quell.Cut(tree, 40), err)
	}
	all, err := l.anchors(ctx, tree)
	if err != nil {
		return err
	}
	if kept := all[tree]; head.Size == 0 || len(kept) > 0 && kept[len(kept)-1].Size >= head.Size {
		return nil
	}
	return l.anchor(ctx, tree)
}

// export is one bundle in the making. It keeps the context because it lives for one call of Export.
type export struct {
	log      *Log
	ctx      context.Context
	head     Head
	zip      *zip.Writer
	open     func(sha256 string) (io.ReadCloser, error)
	files    []listed
	evidence map[string]string // name by SHA-256
	absent   AbsentError
}

func (x *export) write() error {
	for _, part := range []struct {
		name string
		fill func(io.Writer) error
	}{
		{fileReadme, text(readme)},
		{fileKey, text(x.log.key.String() + "\n")},
		{fileHead, text(string(x.head.Note))},
		{fileRecords, x.fillRecords},
		{fileHashes, x.fillHashes},
		{fileHistory, x.fillHistory},
	} {
		if err := x.add(part.name, part.fill); err != nil {
			return err
		}
	}
	for _, sum := range sortedKeys(x.evidence) {
		if err := x.addEvidence(sum); err != nil {
			return err
		}
	}
	if err := x.addManifest(); err != nil {
		return err
	}
	if err := x.zip.Close(); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	return nil
}

// add writes one file and lists it.
func (x *export) add(name string, fill func(io.Writer) error) error {
	file, err := addFile(x.zip, name)
	if err != nil {
		return err
	}
	sum := newSummer()
	if err := fill(io.MultiWriter(file, sum)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	x.files = append(x.files, listed{sum: sum.String(), size: sum.size, name: name})
	return nil
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func (x *export) fillRecords(w io.Writer) error {
	x.evidence = make(map[string]string)
	next := int64(0)
	for leaf, err := range x.log.store.Leaves(x.ctx, x.head.Tree, 0, x.head.Size) {
		if err != nil {
			return err
		}
		if leaf.Seq != next {
			break
		}
		if item, ok := evidenceOf(leaf.Data); ok {
			x.evidence[item.SHA256] = item.Name
		}
		if _, err := w.Write(leaf.Data); err != nil {
			return err
		}
		if _, err := w.Write(newline); err != nil {
			return err
		}
		next++
	}
	if next != x.head.Size {
		return damaged(x.head.Tree, next, "is missing", nil)
	}
	return nil
}

func (x *export) fillHashes(w io.Writer) error {
	hashes, err := x.log.readHashes(x.ctx, x.head.Tree, tlog.StoredHashCount(x.head.Size))
	if err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := w.Write(h[:]); err != nil {
			return err
		}
	}
	return nil
}

func (x *export) fillHistory(w io.Writer) error {
	all, err := x.log.anchors(x.ctx, x.head.Tree)
	if err != nil {
		return err
	}
	kept := all[x.head.Tree]
	slices.SortStableFunc(kept, func(a, b Anchor) int { return int(a.Size - b.Size) })
	before := int64(0)
	for _, a := range kept {
		// One tree may be anchored twice at one size (a handover, then an export); once is proof enough.
		if a.Size <= before || a.Size > x.head.Size {
			continue
		}
		before = a.Size
		proof, err := tlog.ProveTree(x.head.Size, a.Size, x.log.hashes(x.ctx, x.head.Tree))
		if err != nil {
			return fmt.Errorf("prove that record %d follows: %w", a.Size, err)
		}
		line := past{Checkpoint: a.Note, Proof: make([]string, len(proof))}
		for i, h := range proof {
			line.Proof[i] = h.String()
		}
		data, err := json.Marshal(line)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(data, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (x *export) addEvidence(sum string) error {
	copyTo := func(w io.Writer) error {
		if !isSum(sum) || x.open == nil {
			return errors.New("no such artefact")
		}
		r, err := x.open(sum)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		return errors.Join(err, r.Close(), x.ctx.Err())
	}
	name := evidencePlace + sum
	trial := newSummer()
	err := copyTo(trial)
	if err == nil && trial.String() != sum {
		err = errors.New("its content is another one")
	}
	if x.ctx.Err() != nil {
		return x.ctx.Err()
	}
	if err != nil {
		x.absent.Names = append(x.absent.Names, x.evidence[sum])
		if x.absent.Err == nil {
			x.absent.Err = err
		}
		if isSum(sum) {
			x.files = append(x.files, listed{sum: sum, size: -1, name: name})
		}
		return nil
	}
	return x.add(name, copyTo)
}

func (x *export) addManifest() error {
	from := origin(x.log.signer.Name(), x.head.Tree)
	var b strings.Builder
	b.WriteString(manifestTitle + "\n" + from + "\n")
	for _, f := range x.files {
		b.WriteString(f.line())
	}
	if err := x.add(fileManifest, text(b.String())); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(b.String()))
	signed, err := note.Sign(&note.Note{Text: sealText(from, hex.EncodeToString(sum[:]))}, x.log.signer)
	if err != nil {
		return fmt.Errorf("sign the manifest: %w", err)
	}
	return x.add(fileSignature, text(string(signed)))
}

// evidenceOf is the artefact that a leaf names, if it names one.
func evidenceOf(leaf []byte) (quell.Evidence, bool) {
	r, err := decodeLeaf(leaf)
	if err != nil || r.Kind != quell.RecordEvidence {
		return quell.Evidence{}, false
	}
	item, err := quell.Payload[quell.Evidence](r)
	return item, err == nil && item.SHA256 != ""
}
