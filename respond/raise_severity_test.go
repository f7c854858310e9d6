package respond_test

import (
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/simulate"
)

// TestASecondStageRaisesTheIncident: a finding that is itself no worse raises the incident it joins, once, with its reason in the
// ledger; a person who lowers it again is not overruled by the same findings.
func TestASecondStageRaisesTheIncident(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	told := func(id, technique string) quell.Finding {
		f := simulate.Told(o.victim, o.world.Clock().Now())
		f.ID, f.Severity, f.Exposed, f.Techniques = id, quell.Medium, false, []string{technique}
		return f
	}
	join := func(findings ...quell.Finding) quell.Incident {
		t.Helper()
		_, err := o.desk().Open(t.Context(), findings)
		ok(t, err)
		all, err := o.desk().Incidents(t.Context())
		ok(t, err)
		if len(all) != 1 {
			t.Fatalf("%d incidents, want one", len(all))
		}
		return all[0]
	}
	look, take, hide := told("look", "T1087"), told("take", "T1530"), told("hide", "T1562")
	if in := join(look); in.Severity != quell.Medium {
		t.Fatalf("opened at %v", in.Severity)
	}
	o.sleep(time.Hour)
	in := join(take)
	if in.Severity != quell.High {
		t.Errorf("a second stage: %v, want high", in.Severity)
	}
	o.change(in.ID, incident.ChangeSeverity, "low")
	if in := join(look, take); in.Severity != quell.Low {
		t.Errorf("the same findings again: %v, want low as a person left it", in.Severity)
	}
	if in := join(hide); in.Severity != quell.Critical {
		t.Errorf("a third stage: %v, want critical", in.Severity)
	}
	records, err := o.desk().Log.Records(t.Context(), in.ID, 0)
	ok(t, err)
	raised := 0
	for _, r := range records {
		if c, err := quell.Payload[quell.Change](r); r.Kind == quell.RecordChanged && err == nil && c.What == incident.ChangeSeverity && c.To != "low" {
			raised++
			if c.Reason == "" {
				t.Error("raised without a reason")
			}
		}
	}
	if raised != 2 {
		t.Errorf("raised %d times, want 2", raised)
	}
}
