package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

// Written piece by piece, a result is the same text as written whole.
func TestHuntJSONIsWhole(t *testing.T) {
	at := time.Date(2026, 3, 2, 3, 4, 5, 0, time.UTC)
	hostile := "\n  \"findings\": [] \u202e\x1b[2J \\ \" \U0001F600 <b>"
	for name, r := range map[string]hunt.Result{
		"empty": {Skipped: []source.Skipped{}, Findings: []quell.Finding{}, Incidents: []quell.Incident{}},
		"full": {Events: 3, Files: 1, Skipped: []source.Skipped{{Path: hostile, Why: hostile}},
			Findings:  []quell.Finding{{ID: "f-1", Title: hostile, Time: at, Severity: quell.High, Events: []string{"a", "b"}}, {ID: "f-2", Time: at, Severity: quell.Low}},
			Incidents: []quell.Incident{{ID: "i-1", Title: hostile, Since: at, LastSeen: at}},
			Blind:     []string{hostile}, LeftOut: []hunt.LeftOut{{Rule: "r", Findings: 2}}},
	} {
		var whole, pieces bytes.Buffer
		if err := (&Main{Stdout: &whole}).printJSON(r); err != nil {
			t.Fatal(err)
		}
		if err := (&Main{Stdout: &pieces}).printHuntJSON(r); err != nil {
			t.Fatal(err)
		}
		if whole.String() != pieces.String() {
			t.Errorf("%s: whole\n%s\nin pieces\n%s", name, &whole, &pieces)
		}
	}
}
