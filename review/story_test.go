package review

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/quell-ir/quell"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const account = "111122223333"

// ledger collects records by hand, a minute apart, so that tests can say what happened and nothing else.
type ledger struct {
	t       testing.TB
	records []quell.Record
	next    time.Time
}

func (l *ledger) add(kind quell.RecordKind, by, step string, payload any) {
	l.t.Helper()
	r, err := quell.NewRecord("q-0123456789", kind, by, step, payload)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Seq, r.Time = int64(len(l.records)), l.next
	l.next = l.next.Add(time.Minute)
	l.records = append(l.records, r)
}

func (l *ledger) call(step, key, op string, undo bool, result quell.Result) {
	l.add(quell.RecordIntent, "quell", step, quell.Intent{Key: key, Op: op, Input: json.RawMessage(`{"UserName":"alice"}`), Try: 1, Undo: undo})
	result.Key = key
	l.add(quell.RecordResult, "quell", step, result)
}

// story is a leaked key: found, scoped, bound, planned, approved, contained after a leak, judged, undone in part, closed.
func story(t testing.TB) Case {
	alice := quell.Entity{Kind: quell.KindUser, ID: "AIDAALICE", Name: "alice", Account: account}
	actor := alice
	actor.Part = quell.PartActor
	key := quell.Entity{Kind: quell.KindAccessKey, ID: "AKIAIOSFODNN7EXAMPLE", Of: "AIDAALICE", Part: quell.PartActor}
	attach := quell.Event{ID: "ev-1", Time: noon, Source: "iam.amazonaws.com", Name: "AttachUserPolicy", Account: account, Region: "us-east-1",
		Actor: quell.Actor{Type: "IAMUser", Name: "alice"}, SourceIP: "203.0.113.9", UserAgent: "aws-cli/2.15"}
	stop := attach
	stop.ID, stop.Name, stop.Time = "ev-2", "StopLogging", noon.Add(5*time.Minute)
	admin := quell.Entity{Kind: quell.KindPolicy, ID: "arn:aws:iam::aws:policy/AdministratorAccess", Part: quell.PartTarget}
	first := quell.Finding{ID: "f-1", Rule: "iam-admin-attached", Title: "Administrator policy attached", Severity: quell.High, Techniques: []string{"T1098.003"},
		Time: noon, Account: account, Entities: []quell.Entity{actor, key, admin}, Events: []string{"ev-1"}, Seen: []quell.Event{attach}, Exposed: true}
	second := quell.Finding{ID: "f-2", Rule: "cloudtrail-stopped", Title: "Trail stopped", Severity: quell.High, Techniques: []string{"T1562.008", "T1098.003"},
		Time: noon.Add(5 * time.Minute), Account: account, Entities: []quell.Entity{actor, {Kind: quell.KindUser, ID: "AIDAEVIL", Name: "evil", Part: quell.PartMade}}, Events: []string{"ev-2"}, Seen: []quell.Event{stop}}
	in := quell.Incident{ID: "q-0123456789", Title: "Leaked access key AKIAIOSFODNN7EXAMPLE of user alice", Severity: quell.Critical, Playbook: "leaked-key", Phase: quell.Detect,
		Findings: []string{"f-1", "f-2"}, Standing: quell.Open, Subject: alice, Account: account, Exposed: true, Opened: noon.Add(2 * time.Hour), Since: noon, LastSeen: noon.Add(5 * time.Minute)}
	steps := []quell.PlanStep{
		{ID: "deny", Action: "iam.quarantine-user", Phase: quell.Contain, Mode: quell.Approve, Target: alice},
		{ID: "keep-trail", Action: "cloudtrail.collect", Phase: quell.Preserve, Mode: quell.Auto, Target: alice},
		{ID: "rotate", Action: "iam.rotate-key", Phase: quell.Eradicate, Mode: quell.Manual, Target: alice},
	}
	calls := []quell.Call{{Op: "iam:PutUserPolicy", Kind: quell.Reversible, Input: json.RawMessage(`{"UserName":"alice"}`)}}
	l := &ledger{t: t, next: noon.Add(2 * time.Hour)}
	l.add(quell.RecordOpened, "quell", "", in)
	l.add(quell.RecordFinding, "quell", "", first)
	l.add(quell.RecordFinding, "quell", "", second)
	l.add(quell.RecordScope, "quell", "", quell.Scope{Subject: alice, Account: account, Events: 41, LastSeen: noon.Add(5 * time.Minute), Read: []string{"us-east-1"},
		Entities: []quell.Entity{{Kind: quell.KindBucket, ID: "invoices", Part: quell.PartRead}}, Blind: []string{"s3-data", "eu-west-3: AccessDenied"}})
	l.add(quell.RecordBound, "quell", "", quell.Bound{Playbook: "leaked-key", Version: "1.2", Steps: steps})
	l.add(quell.RecordPlanned, "quell", "deny", quell.Planned{Calls: calls, Digest: "sha256:aa", Breaks: []string{"role ci-deploy used this key 3 h ago"}})
	l.add(quell.RecordChanged, "dana", "", quell.Change{What: "standing", From: "open", To: "confirmed"})
	l.add(quell.RecordAttempt, "alice", "deny", quell.Attempt{Digest: "sha256:aa", As: quell.IncidentManager, Why: "the subject cannot approve"})
	l.add(quell.RecordDecision, "dana", "deny", quell.Decision{Step: "deny", Digest: "sha256:aa", Yes: true, Person: "dana", As: quell.IncidentManager, Calls: calls})
	l.call("deny", "k1", "iam:PutUserPolicy", false, quell.Result{OK: true, RequestID: "req-1"})
	l.add(quell.RecordVerdict, "quell", "", quell.Verdict{Verdict: quell.Leaking, Proof: quell.Observed, Why: "the deny vanished"})
	l.call("deny", "k2", "iam:PutUserPolicy", false, quell.Result{OK: true, RequestID: "req-2"})
	l.add(quell.RecordStep, "quell", "deny", quell.StepChange{Status: quell.StepDone})
	l.call("keep-trail", "k3", "cloudtrail:LookupEvents", false, quell.Result{Code: "AccessDeniedException", Message: "no"})
	l.add(quell.RecordStep, "quell", "keep-trail", quell.StepChange{Status: quell.StepFailed, Why: "AccessDenied"})
	l.add(quell.RecordEvidence, "quell", "keep-trail", quell.Evidence{Name: "trail.json", SHA256: "ab12", Size: 3, From: "cloudtrail:LookupEvents", Missing: []string{"eu-west-3"}})
	l.add(quell.RecordProbe, "quell", "", quell.Probe{What: "trail", At: noon.Add(150 * time.Minute), Through: noon.Add(149 * time.Minute), Live: true, Denied: 2})
	l.add(quell.RecordVerdict, "quell", "", quell.Verdict{Verdict: quell.Held, Proof: quell.Observed, SeenThrough: noon.Add(149 * time.Minute), Blind: []string{"s3-data"}, Why: "refused twice"})
	l.add(quell.RecordNote, "dana", "", quell.Note{Text: "The key was in a public repository."})
	l.add(quell.RecordUndo, "dana", "", quell.UndoBound{Steps: []quell.PlanStep{{ID: "undo-deny", Phase: quell.Recover, Mode: quell.Approve, Target: alice, Undo: "deny"}}})
	l.call("undo-deny", "k4", "iam:DeleteUserPolicy", true, quell.Result{OK: true, RequestID: "req-3"})
	l.add(quell.RecordStep, "quell", "undo-deny", quell.StepChange{Status: quell.StepDone})
	l.add(quell.RecordIntent, "quell", "deny", quell.Intent{Key: "k5", Op: "iam:TagUser", Try: 1})
	l.add(quell.RecordClosed, "dana", "", quell.Closing{Reason: "done", Size: 28, Root: "rootroot"})
	in.Standing, in.Phase = quell.Ended, quell.Closed
	in.People = map[quell.Role]string{quell.IncidentManager: "dana@example.com"}
	return Case{Incident: in, Records: l.records, Now: noon.Add(72 * time.Hour),
		Timeline: []Moment{
			{Time: noon, Lane: "attacker", Text: "iam:AttachUserPolicy by alice", Judged: true, Event: "ev-1", Record: 1},
			{Time: noon.Add(time.Minute), Lane: "attacker", Text: "s3:ListBuckets by alice", Estimated: true, Record: 3},
			{Time: noon.Add(126 * time.Minute), Lane: "responder", Text: "standing changed by dana to confirmed", Record: 6},
		},
		Edges: []Edge{{From: "user/AIDAALICE", To: "user/AIDAEVIL", Verb: "made", Finding: "f-2"}, {From: "user/AIDAALICE", To: "bucket/invoices", Verb: "read"}},
	}
}

func report(t testing.TB, c Case) Report {
	t.Helper()
	r, err := From(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
