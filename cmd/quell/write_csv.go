package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

// writeHuntCSV writes a line per finding. What was not read has no place in it and is told on stderr.
func writeHuntCSV(w io.Writer, r hunt.Result) error {
	out := csv.NewWriter(w)
	head := []string{"time", "severity", "rule", "title", "account", "region", "actor", "source_ip", "techniques", "events", "id"}
	if err := out.Write(head); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for _, f := range r.Findings {
		row := []string{
			f.Time.UTC().Format(time.RFC3339), f.Severity.String(), f.Rule, f.Title, f.Account, f.Region, actorOf(f), addressOf(f),
			strings.Join(f.Techniques, " "), strings.Join(f.Events, " "), f.ID,
		}
		for i := range row {
			row[i] = quell.CleanCell(row[i])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}
