package ledger

import (
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// checkManifest holds every file against the signed list.
func (b *bundle) checkManifest() {
	from, files, err := parseManifest(b.small[fileManifest])
	if err != nil {
		b.report.file(fileManifest, "%v", err)
		return
	}
	if err := checkSeal(b.small[fileSignature], b.key, from, b.found[fileManifest].sum); err != nil {
		b.report.file(fileSignature, "%v", err)
		return
	}
	if b.origin != "" && from != b.origin {
		b.report.file(fileManifest, "is another bundle's")
		return
	}

	b.absent = make(map[string]bool)
	known := map[string]bool{fileManifest: true, fileSignature: true}
	listedOrder := make([]string, 0, len(files)+2)
	for _, want := range files {
		known[want.name] = true
		if want.size >= 0 {
			listedOrder = append(listedOrder, want.name)
		}
		have, there := b.found[want.name]
		switch {
		case want.size < 0:
			b.absent[want.sum] = true
		case !there && !strings.HasPrefix(want.name, evidencePlace):
			b.report.file(want.name, "is missing")
		case !there:
			// The record that names it says more; see checkEvidence.
		case have.sum != want.sum || have.size != want.size:
			b.report.file(want.name, "was changed: its digest is not the one in the signed manifest")
		}
	}
	for _, name := range sortedKeys(b.found) {
		if !known[name] {
			b.report.file(name, "was added: the signed manifest does not have it")
		}
	}
	// The same files in another order are the same proof, but not the archive that we wrote.
	b.report.Repacked = !slices.Equal(b.order, append(listedOrder, fileManifest, fileSignature))
}

// checkEvidence holds the artefacts against the records that name them.
func (b *bundle) checkEvidence() {
	seen := make(map[string]bool)
	for _, ref := range b.refs {
		sum := ref.item.SHA256
		have, there := b.found[evidencePlace+sum]
		what := ""
		switch {
		case !isSum(sum):
			what = "the record names no digest that could be checked"
		case there && have.sum != sum:
			what = "the artefact was changed: its content has another digest"
		case there:
			if !seen[sum] {
				seen[sum] = true
				b.report.Evidence++
			}
		case b.absent[sum]:
			what = "the artefact is missing: it could not be read when the bundle was made"
		default:
			what = "the artefact was removed"
		}
		if what != "" {
			b.report.add(Problem{Tree: b.report.Incident, Seq: ref.seq, What: what, Name: quell.Cut(ref.item.Name, maxStrange)})
		}
	}
}

// checkPacking compares the archive with the one that its content gives. Where every file is proven there are two ways to
// differ: another program packed the same files again, which starts differently and has another length; or bytes between
// the files were touched, which nobody does by accident.
func (b *bundle) checkPacking(alike *likeness, size int64) {
	if len(b.report.Problems) > 0 || alike.differ < 0 && alike.at == size {
		return
	}
	const firstHeader = 30
	if alike.differ >= 0 && alike.differ < firstHeader && alike.at != size {
		b.report.Repacked = true
		return
	}
	at := alike.differ
	if at < 0 {
		at = alike.at
	}
	b.report.file("bundle", "the archive around the files was changed at byte %d", at)
}
