package ledger

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell"
)

// Bounds of single files of a bundle, in bytes.
const (
	maxSmall   = 32 << 20 // manifest and history
	maxHashes  = 2 * maxBundleRecords * tlog.HashSize
	maxStrange = 100 // how much of a strange name is shown
)

// readFile reads one file once: for its digest, for the comparison of the packing, and for what it says.
func (b *bundle) readFile(f *zip.File, copied *zip.Writer) {
	shown := quell.Cut(f.Name, maxStrange)
	if !isBundleFile(f.Name) {
		b.report.file(shown, "is no part of a bundle")
		return
	}
	if _, twice := b.found[f.Name]; twice {
		b.report.file(shown, "is there twice")
		return
	}
	content, err := openFile(f)
	if err != nil {
		b.report.file(shown, "cannot be read: %v", err)
		return
	}
	packed, err := addFile(copied, f.Name)
	if err != nil {
		b.report.file(shown, "%v", err)
		return
	}
	sum := newSummer()
	content = io.TeeReader(content, io.MultiWriter(sum, packed))
	err = b.readContent(f.Name, content)
	// Whatever was left unread still counts for the digest.
	if _, rest := io.Copy(io.Discard, content); err == nil {
		err = rest
	}
	if err != nil {
		b.report.file(shown, "cannot be read: %v", err)
	}
	b.order = append(b.order, f.Name)
	b.found[f.Name] = listed{sum: sum.String(), size: sum.size, name: f.Name}
}

func (b *bundle) readContent(name string, r io.Reader) error {
	switch {
	case name == fileRecords:
		return b.readRecords(r)
	case name == fileHashes:
		return b.readHashes(r)
	case strings.HasPrefix(name, evidencePlace):
		return nil
	}
	limit := int64(maxSmall)
	if name == fileKey || name == fileHead || name == fileSignature || name == fileReadme {
		limit = maxNote
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("it is too long")
	}
	b.small[name] = data
	return err
}

// readRecords hashes the lines and collects what they refer to.
func (b *bundle) readRecords(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for place := int64(0); ; place++ {
		line = line[:0]
		for {
			part, err := lines.ReadSlice('\n')
			line = append(line, part...)
			if err == nil {
				break
			}
			if errors.Is(err, io.EOF) {
				if len(line) > 0 {
					b.addRecord(place, line)
					return errors.New("its last line is cut off")
				}
				return nil
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return err
			}
			if len(line) > maxLeaf {
				return fmt.Errorf("line %d is longer than any record", place+1)
			}
		}
		if place >= maxBundleRecords {
			return fmt.Errorf("it has more than %d records", maxBundleRecords)
		}
		b.addRecord(place, line[:len(line)-1])
	}
}

func (b *bundle) addRecord(place int64, leaf []byte) {
	claims, of := claim(leaf)
	b.trial.entries = append(b.trial.entries, entry{hash: tlog.RecordHash(leaf), place: place, claims: claims})
	if len(b.of) < 2 && !slices.Contains(b.of, of) {
		b.of = append(b.of, of)
	}
	// Most records name no artefact; a look for the word spares decoding them.
	if bytes.Contains(leaf, []byte(`"kind":"`+string(quell.RecordEvidence)+`"`)) {
		if item, ok := evidenceOf(leaf); ok {
			b.refs = append(b.refs, reference{seq: place, item: item})
		}
	}
}

func (b *bundle) readHashes(r io.Reader) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	var h tlog.Hash
	for {
		_, err := io.ReadFull(buffered, h[:])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("its last hash is cut off")
		}
		if len(b.trial.stored)*tlog.HashSize >= maxHashes {
			return errors.New("it has more hashes than a bundle may have records for")
		}
		b.trial.stored = append(b.trial.stored, h)
	}
}

// splitLines gives the lines of a text, without an empty one at its end.
func splitLines(text []byte) [][]byte {
	if len(text) == 0 {
		return nil
	}
	return bytes.Split(bytes.TrimSuffix(text, newline), newline)
}
