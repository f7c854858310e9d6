package unwrap

import "github.com/quell-ir/quell"

// maxNamed is how many bad rows are described; the rest is counted.
const maxNamed = 100

// Row is a row that gave no record, or not a whole one. Number counts from 1, a CSV's header not among them.
type Row struct {
	Number int
	Why    string
}

// Report is what became of an export's rows. Quiet counts rows that say by themselves that they hold no record: health
// checks of a subscription, previews of a search.
type Report struct {
	Rows, Records, Quiet int
	Findings             int // handed over as such
	BadTotal             int
	Bad                  []Row // the first hundred
}

func (r *Report) bad(why string) {
	r.BadTotal++
	if len(r.Bad) < maxNamed {
		r.Bad = append(r.Bad, Row{Number: r.Rows, Why: quell.Cut(why, 300)})
	}
}
