// Command bench measures Quell and prints each number beside its goal. Everything it runs on is generated from seeds,
// but for the published logs it reads where they are at hand.
//
// What comes in: flags. What goes out: a table on stdout; progress on stderr. What is promised: numbers are measured in
// this run, on this machine; nothing is asserted, for machines differ. Read docs/numbers.md for what each row means.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"text/tabwriter"
)

// row is one number beside its goal.
type row struct {
	What, Measured, Goal string
	Met                  string // yes, no, or why it cannot be said
}

// measure is one measurement; it may give several rows.
type measure struct {
	name string
	run  func(ctx context.Context, o options) ([]row, error)
}

// options are the flags.
type options struct {
	trials  int
	first   int64 // seed of the first trial
	events  int
	only    *regexp.Regexp
	scratch string // an empty folder on the disk that ledgers would be on
	data    string // published logs, where they are
}

var measures = []measure{
	{"respond", measureRespond},
	{"hunt", measureHunt},
	{"demo", measureDemo},
	{"ledger", measureLedger},
	{"detect", measureDetect},
	{"archive", measureArchive},
	{"noise", measureNoise},
	{"trials", measureTrials},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	only := flag.String("only", "", "measure only what this expression matches: respond, hunt, demo, ledger, detect, archive, noise, trials")
	flag.IntVar(&o.trials, "trials", 10_000, "seeded runs of the intruder against Quell")
	flag.Int64Var(&o.first, "first", 1, "seed of the first of them; the others follow")
	flag.IntVar(&o.events, "events", 700_000, "records of the generated trail; 700 000 are about 1 GB")
	flag.StringVar(&o.data, "data", filepath.Join("..", "shared", "data"), "folder of published logs")
	flag.Parse()
	o.only = regexp.MustCompile(*only)
	var err error
	if o.scratch, err = os.MkdirTemp(".", ".bench-"); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	// Memory is plentiful here and time is what is measured over many small accounts; peaks are measured on processes.
	debug.SetGCPercent(400)
	status := run(ctx, o)
	if err := os.RemoveAll(o.scratch); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	os.Exit(status)
}

func run(ctx context.Context, o options) int {
	status := 0
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tMEASURED\tGOAL\tMET")
	for _, m := range measures {
		if !o.only.MatchString(m.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", m.name)
		rows, err := m.run(ctx, o)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.What, r.Measured, r.Goal, r.Met)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", m.name, err)
			status = 1
		}
	}
	if err := w.Flush(); err != nil {
		return 1
	}
	return status
}

// met says in a word whether a goal was reached.
func met(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}
