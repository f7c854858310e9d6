package review

import (
	"testing"

	"github.com/quell-ir/quell"
)

// TestFactsNeedProof gives each lesson one record that almost shows its fact. None may be drawn.
func TestFactsNeedProof(t *testing.T) {
	event := func(name, kind string, mfa bool, code string) quell.Event {
		return quell.Event{ID: "e", Name: name, Time: noon, ErrorCode: code, Actor: quell.Actor{Type: kind, MFA: mfa}}
	}
	policy := func(arn string) quell.Entity {
		return quell.Entity{Kind: quell.KindPolicy, ID: arn, Part: quell.PartTarget}
	}
	const admin = "arn:aws:iam::aws:policy/AdministratorAccess"
	for name, tc := range map[string]struct {
		finding quell.Finding
		lesson  string
		want    bool
	}{
		"refused without MFA":         {quell.Finding{Seen: []quell.Event{event("CreateUser", "IAMUser", false, "AccessDenied")}}, "no-mfa", false},
		"done with MFA":               {quell.Finding{Seen: []quell.Event{event("CreateUser", "IAMUser", true, "")}}, "no-mfa", false},
		"a role has no MFA":           {quell.Finding{Seen: []quell.Event{event("CreateUser", "AssumedRole", false, "")}}, "no-mfa", false},
		"root without MFA":            {quell.Finding{Seen: []quell.Event{event("CreateUser", "Root", false, "")}}, "no-mfa", true},
		"temporary key":               {quell.Finding{Entities: []quell.Entity{{Kind: quell.KindAccessKey, ID: "ASIA1", Part: quell.PartActor}}}, "long-lived-key", false},
		"long-lived key made":         {quell.Finding{Entities: []quell.Entity{{Kind: quell.KindAccessKey, ID: "AKIA1", Part: quell.PartMade}}}, "long-lived-key", false},
		"long-lived key used":         {quell.Finding{Entities: []quell.Entity{{Kind: quell.KindAccessKey, ID: "AKIA1", Part: quell.PartActor}}}, "long-lived-key", true},
		"administrator policy read":   {quell.Finding{Entities: []quell.Entity{policy(admin)}, Seen: []quell.Event{event("GetPolicy", "IAMUser", true, "")}}, "admin-policy", false},
		"administrator policy denied": {quell.Finding{Entities: []quell.Entity{policy(admin)}, Seen: []quell.Event{event("AttachUserPolicy", "IAMUser", true, "AccessDenied")}}, "admin-policy", false},
		"small policy attached":       {quell.Finding{Entities: []quell.Entity{policy("arn:aws:iam::aws:policy/ReadOnlyAccess")}, Seen: []quell.Event{event("AttachUserPolicy", "IAMUser", true, "")}}, "admin-policy", false},
		"administrator given":         {quell.Finding{Entities: []quell.Entity{policy(admin)}, Seen: []quell.Event{event("AttachRolePolicy", "IAMUser", true, "")}}, "admin-policy", true},
		"trail described":             {quell.Finding{Seen: []quell.Event{event("DescribeTrails", "IAMUser", true, "")}}, "trail-tampered", false},
		"trail deleted":               {quell.Finding{Seen: []quell.Event{event("DeleteTrail", "IAMUser", true, "AccessDenied")}}, "trail-tampered", true},
		"GuardDuty told":              {quell.Finding{Source: "guardduty"}, "no-guardduty", false},
		"exposed":                     {quell.Finding{Exposed: true}, "exposed-key", true},
	} {
		l := &ledger{t: t, next: noon}
		l.add(quell.RecordOpened, "quell", "", quell.Incident{ID: "q-0123456789"})
		tc.finding.Time = noon
		l.add(quell.RecordFinding, "quell", "", tc.finding)
		got := false
		for _, a := range report(t, Case{Incident: quell.Incident{ID: "q-0123456789"}, Records: l.records, Now: noon}).Actions {
			got = got || a.ID == tc.lesson
		}
		if got != tc.want {
			t.Errorf("%s: lesson %s drawn: %v", name, tc.lesson, got)
		}
	}
}

// TestCallsFindTheirResults covers calls tried again after a crash, whose first try stays in doubt.
func TestCallsFindTheirResults(t *testing.T) {
	l := &ledger{t: t, next: noon}
	l.add(quell.RecordOpened, "quell", "", quell.Incident{ID: "q-0123456789"})
	l.add(quell.RecordIntent, "quell", "a", quell.Intent{Key: "k", Op: "iam:TagUser", Try: 1})
	l.add(quell.RecordIntent, "quell", "a", quell.Intent{Key: "k", Op: "iam:TagUser", Try: 2})
	l.add(quell.RecordIntent, "quell", "b", quell.Intent{Key: "k", Op: "iam:TagRole", Try: 1})
	l.add(quell.RecordResult, "quell", "a", quell.Result{Key: "k", OK: true})
	l.add(quell.RecordResult, "quell", "c", quell.Result{Key: "k", OK: true}) // nobody's
	f, err := gather(Case{Records: l.records})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.calls) != 3 || f.calls[0].result != nil || f.calls[1].result == nil || f.calls[1].result.seq != 4 || f.calls[2].result != nil {
		t.Errorf("%+v", f.calls)
	}
}

// TestContainmentCountsOnlyContainment: collecting evidence and undoing are no containment.
func TestContainmentCountsOnlyContainment(t *testing.T) {
	l := &ledger{t: t, next: noon}
	l.add(quell.RecordOpened, "quell", "", quell.Incident{ID: "q-0123456789"})
	l.add(quell.RecordBound, "quell", "", quell.Bound{Steps: []quell.PlanStep{{ID: "keep", Phase: quell.Preserve}, {ID: "deny", Phase: quell.Contain}, {ID: "fix", Phase: quell.Eradicate}}})
	l.call("keep", "k1", "s3:PutObject", false, quell.Result{OK: true})
	l.call("deny", "k2", "iam:PutUserPolicy", false, quell.Result{Code: "Throttling"})
	l.call("deny", "k3", "iam:DeleteUserPolicy", true, quell.Result{OK: true})
	f, err := gather(Case{Records: l.records})
	if err != nil {
		t.Fatal(err)
	}
	if !f.times[4].at.IsZero() {
		t.Errorf("contained by record %v", f.times[4].records)
	}
	l.call("deny", "k4", "iam:PutUserPolicy", false, quell.Result{OK: true})
	l.add(quell.RecordStep, "quell", "fix", quell.StepChange{Status: quell.StepDone})
	if f, err = gather(Case{Records: l.records}); err != nil {
		t.Fatal(err)
	}
	if f.times[4].records[0] != 9 || f.times[6].records[0] != 10 {
		t.Errorf("contained by %v, eradicated by %v", f.times[4].records, f.times[6].records)
	}
}

// TestUndoAfterTheVerdictIsSaid: a verdict says nothing about what was taken back since.
func TestUndoAfterTheVerdictIsSaid(t *testing.T) {
	f, err := gather(story(t))
	if err != nil {
		t.Fatal(err)
	}
	if s := f.over(); len(s.Records) != 2 || s.Records[0] != 20 || s.Records[1] != 24 {
		t.Errorf("%+v", s)
	}
}
